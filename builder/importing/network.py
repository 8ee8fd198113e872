"""A network in Python to a page: which images it takes, and what is said where it takes none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import nn

from builder.diagnostics import ArchError, Diagnostic
from builder.importing.convert import BATCH, Imported, UntraceableError, convert
from builder.importing.source import NetworkOrigin, crashed, open_network
from builder.importing.steps import UnsayableError
from builder.importing.wrappers import unwrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL = ((3, 224, 224), (3, 32, 32), (1, 28, 28), (3, 299, 299), (3, 64, 64))
"""Images that are tried where nobody says which ones a network takes."""


def import_origin(origin: NetworkOrigin, size: Sequence[int] | None = None) -> Imported:
    """Return the page of a network, proven or with what it could not say.

    ``size`` is (channels, height, width). Raises ArchError where the network does not take such images, or answers
    with something else than one tensor.
    """
    fitting = _fitting(origin, _checked(size) if size is not None else None)
    try:
        return convert(origin.net, fitting, page_name(origin.name), origin.said)
    except UnsayableError as error:
        raise ArchError(Diagnostic("bad-import", f"{origin.said} cannot be said on a page: {error.reason}")) from None
    except UntraceableError as error:
        hint = "its Python may choose by values; a page has one network, whatever the image shows"
        message = f"{origin.said} cannot be traced: {error}"
        raise ArchError(Diagnostic("bad-import", message, None, hint)) from None


def import_network(text: str, size: Sequence[int] | None = None) -> tuple[NetworkOrigin, Imported]:
    """Return the network that ``text`` names, and its page; see ``open_network`` and ``import_origin``."""
    origin = open_network(text)
    return origin, import_origin(origin, size)


def import_module(net: nn.Module, input: Sequence[int] | None = None) -> Imported:  # noqa: A002 - the page's own word
    """Return the page of a network for images of ``input``, (channels, height, width), proven on the spot.

    The network is left in evaluation mode. Raises ArchError where it does not take such images.
    """
    if not isinstance(net, nn.Module):
        raise ArchError(Diagnostic("bad-import", f"a network is an `nn.Module`, not {net!r:.60}"))
    net = unwrapped(net, type(net).__name__)
    return import_origin(NetworkOrigin(net, type(net).__name__, type(net).__name__), input)


def page_name(text: str) -> str:
    """Return a name that a page can have."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-") or "network"
    return plain.lower() if plain[0].isalpha() else f"net_{plain}".lower()


def _checked(size: Sequence[int]) -> tuple[int, int, int]:
    numbers = tuple(size)
    if len(numbers) != 3 or not all(isinstance(each, int) and each > 0 for each in numbers):
        hint = "channels, height, width: `3,224,224`"
        raise ArchError(Diagnostic("bad-import", f"`{','.join(map(str, numbers))}` is no size of an image", None, hint))
    return numbers


def _fitting(origin: NetworkOrigin, wanted: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """Return the size of images that the network takes; what fits first of the usual ones where none is wanted."""
    own = getattr(origin.net, "default_cfg", None)
    known = tuple(own["input_size"]) if isinstance(own, dict) and "input_size" in own else None
    tried = [wanted] if wanted is not None else [known] if known is not None else _usual(origin.net)
    first: Exception | None = None
    for size in tried:
        assert size is not None
        try:
            output = _output(origin.net, size)
        except Exception as error:  # noqa: BLE001 - whatever a user's network raises is an answer for the user
            first = first or error
            continue
        if not isinstance(output, torch.Tensor):
            hint = "write a small `nn.Module` around it that returns the logits alone, and import that"
            message = f"{origin.said} returns a `{type(output).__name__}`, and a page's network returns one tensor"
            raise ArchError(Diagnostic("bad-import", message, None, hint))
        return size
    assert first is not None
    text = origin.file.read_text("utf-8") if origin.file is not None else ""
    shown = "×".join(map(str, tried[0] or ()))
    hint = "give the size of its images: `--input 3,32,32`" if wanted is None else "is this the size of its images?"
    if "positional argument" in str(first):
        hint = "a page's network takes one batch of images, and nothing else"
    failed = crashed(first, f"{origin.said} on images of {shown}", origin.file, text).diagnostics[0]
    raise ArchError(Diagnostic(failed.code, failed.message, failed.mark, hint))


def _usual(net: nn.Module) -> list[tuple[int, int, int]]:
    """Return sizes to try: those with as many channels as the first convolution takes."""
    first = next((each for each in net.modules() if isinstance(each, nn.Conv2d)), None)
    if first is None or first.in_channels in {size[0] for size in USUAL}:
        return [each for each in USUAL if first is None or each[0] == first.in_channels]
    return [(first.in_channels, *size[1:]) for size in USUAL if size[0] != 1]


def _output(net: nn.Module, size: tuple[int, int, int]) -> object:
    there = next(net.parameters(), torch.empty(0)).device
    with torch.no_grad(), torch.random.fork_rng(devices=()):
        return net.eval()(torch.rand(BATCH, *size, device=there))

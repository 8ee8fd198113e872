"""The weights that torchvision publishes: found in torch.hub's cache, or fetched into it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import torch

from builder.diagnostics import ArchError, Diagnostic, RunError, suggest
from builder.files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "torchvision:"
_PATIENCE = 30.0  # seconds without an answer
_PIECE = 1 << 20  # bytes read at once


@dataclass(frozen=True)
class PublishedFor:
    """What published weights were trained for: classes by name, and images resized, cut and normalized like this.

    https://docs.pytorch.org/vision/stable/models.html#using-the-pre-trained-models
    """

    classes: tuple[str, ...]
    resize: int
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str


def published(name: str, on_fetch: Callable[[str], None]) -> Path:
    """Return the file of published weights: of a network such as ``resnet50``, or ``resnet50:IMAGENET1K_V1``.

    It lies where torch.hub keeps what it has fetched, and is fetched if it is not there; ``on_fetch`` is told before.
    Its name holds the beginning of its SHA-256, which is compared each time. Raises ArchError for an unknown name,
    RunError if it can't be had or is damaged. https://docs.pytorch.org/vision/stable/models.html
    """
    url = _url(name)
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        on_fetch(f"fetching {path.name}")
        _fetch(url, path)
    _check_hash(path)
    return path


def published_for(name: str) -> PublishedFor:
    """Return the classes of published weights and how their images are prepared; ArchError for an unknown name."""
    weights = _published(name)
    preset = weights.transforms()
    return PublishedFor(
        classes=tuple(map(str, weights.meta["categories"])),
        resize=int(preset.resize_size[0]),
        size=int(preset.crop_size[0]),
        mean=tuple(map(float, preset.mean)),
        std=tuple(map(float, preset.std)),
        interpolation=str(preset.interpolation.value),
    )


def _url(name: str) -> str:
    """Return where torchvision has published the weights ``NETWORK`` or ``NETWORK:WEIGHTS``."""
    return str(_published(name).url)


def _published(name: str) -> Any:
    """Return torchvision's record of the weights ``NETWORK`` or ``NETWORK:WEIGHTS``."""
    from torchvision import models  # noqa: PLC0415 - takes seconds, and a file of one's own needs none of it

    network, _, version = name.partition(":")
    known = models.list_models(models)
    if network not in known:
        message = f"torchvision publishes no weights of `{network}`"
        raise ArchError(Diagnostic("unknown-weights", message, None, suggest(network, known, "it publishes")))
    versions: Any = models.get_model_weights(network)
    if version and version not in versions.__members__:
        message = f"torchvision publishes no weights `{version}` of `{network}`"
        raise ArchError(
            Diagnostic("unknown-weights", message, None, suggest(version, list(versions.__members__), "there are"))
        )
    return versions[version] if version else versions.DEFAULT


def _fetch(url: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(urlopen(url, timeout=_PATIENCE)) as answer, replacing(path) as written, written.open("wb") as file:  # noqa: S310 - torchvision's own https
            while piece := answer.read(_PIECE):
                file.write(piece)
    except OSError as error:  # URLError, a broken connection and a folder that can't be written are all of this type
        hint = f"download it on another machine and put it into {path.parent}, or name a file: `--weights FILE`"
        reason = getattr(error, "reason", None) or error.strerror or error
        raise RunError(f"cannot fetch {path.name} ({url}): {reason}", hint) from error


def _check_hash(path: Path) -> None:
    """Raise RunError unless the file's SHA-256 begins as its name says: ``resnet18-f37072fd.pth``."""
    wanted = path.stem.rpartition("-")[2]
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(_PIECE):
            digest.update(piece)
    if not digest.hexdigest().startswith(wanted):
        message = f"{path} is not the published file: its SHA-256 does not begin with {wanted}"
        raise RunError(message, "remove it, and it is downloaded again")

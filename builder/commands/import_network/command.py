"""``archcli import``: a network in Python as a page, proven equal on the spot."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.files import check_apart, check_output, is_file, write_text
from builder.json_output import SAID

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.importing.convert import Hole, Imported
    from builder.importing.source import NetworkOrigin


@dataclass(frozen=True)
class PageImported:
    """What was imported: the page's text and file, its cost, whether it is proven, and what it could not say.

    ``parts_at`` is where outputs differ first, ``differing`` the keys that keep the weights from loading, ``refused``
    what is wrong with a page that cannot be built, ``unproven`` why one that can may be another network. ``idle`` are
    weights that nothing uses, which the page leaves out, ``ending`` the softmax at its end, which the loss computes.
    """

    network: str
    source: str
    equal: bool
    compared_outputs: bool
    input: tuple[int, ...]
    parameters: int | None
    macs: int | None
    holes: tuple[Hole, ...]
    differing: tuple[str, ...]
    parts_at: str | None
    refused: str | None
    unproven: str | None
    idle: tuple[str, ...]
    ending: str | None
    file: Path | None
    weights: Path | None
    plugin: Path | None
    page: str = field(default="")
    text: str = field(default="", metadata=SAID)


def run(
    what: str,
    size: str | None = None,
    output: Path | None = None,
    weights_out: Path | None = None,
    plugin_stub: Path | None = None,
    on_run: Callable[[str], None] = lambda _: None,
) -> PageImported:
    """Import the network that ``what`` names, for images of ``size`` (``3,224,224``).

    The page goes to ``output``, the network's own weights to ``weights_out``, and skeletons of what the page could not
    say to ``plugin_stub``. ``on_run`` is told which file of the user's is run. Raises ArchError where there is no such
    network or it cannot be read, RunError where a file cannot be written or the plugin has been filled in.
    """
    from builder.importing.network import import_origin
    from builder.importing.source import open_network

    head = what.rpartition(":")[0]
    outputs = (output, weights_out, plugin_stub)
    check_apart(outputs, (Path(head), Path(what)))
    for path in outputs:
        if path is not None:
            check_output(path)
    numbers = _numbers(size) if size is not None else None
    if head.endswith(".py") and is_file(Path(head)):
        on_run(head)
    with redirect_stdout(sys.stderr):  # what the user's Python prints is no part of the answer
        origin = open_network(what)
        found = import_origin(origin, numbers)
    skeleton = _skeleton(found, output, plugin_stub) if plugin_stub is not None else None
    if output is not None:
        write_text(output, found.text)
    if weights_out is not None:
        _write_weights(origin, found.idle, weights_out)
    if plugin_stub is not None and skeleton is not None:
        write_text(plugin_stub, skeleton)
    return _result(found, what, output, weights_out, plugin_stub if skeleton is not None else None)


def _skeleton(found: Imported, output: Path | None, plugin: Path) -> str | None:
    """Return what ``plugin`` is to hold, None where nothing is to be filled in.

    Raises RunError where a file is there that differs: it may have been filled in.
    """
    from builder.importing.stubs import stubs

    if not found.holes:
        return None
    text = stubs(found.holes, str(output or f"{found.name}.yaml"), str(plugin))
    if is_file(plugin) and plugin.read_bytes() != text.encode():
        raise RunError(f"{plugin} is there already, and may have been filled in", "name another file, or remove it")
    return text


def _result(found: Imported, what: str, output: Path | None, weights: Path | None, plugin: Path | None) -> PageImported:
    from builder.costs import graph_cost

    proof, graph = found.proof, found.graph
    cost = graph_cost(graph) if graph is not None else None
    differing = (*proof.missing, *proof.unexpected, *proof.misfit) if proof is not None and not found.idle else ()
    return PageImported(
        network=found.name,
        source=what,
        equal=found.is_equal,
        compared_outputs=proof is not None and proof.with_outputs,
        input=found.input,
        parameters=cost.parameters if cost is not None else None,
        macs=cost.macs if cost is not None else None,
        holes=found.holes,
        differing=differing,
        parts_at=(proof.parts_at or None) if proof is not None else None,
        refused=found.refused or None,
        unproven=found.unproven or None,
        idle=found.idle,
        ending=found.ending or None,
        file=output,
        weights=weights,
        plugin=plugin,
        page=found.text,
    )


def _write_weights(origin: NetworkOrigin, idle: tuple[str, ...], path: Path) -> None:
    from builder.training.folder.checkpoints import Checkpoint, write_checkpoint

    weights = {name: each for name, each in origin.net.state_dict().items() if name not in idle}
    write_checkpoint(path, Checkpoint(weights, {"network": origin.name}))


def _numbers(size: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in size.replace("x", ",").split(","))
    except ValueError:
        hint = "channels, height, width: `--input 3,224,224`"
        raise ArchError(Diagnostic("bad-import", f"`{size}` is no size of an image", None, hint)) from None

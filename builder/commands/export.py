"""``archcli export``: a network, or a run's best, as something that other programs read without this project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.lowering import load

if TYPE_CHECKING:
    from builder.graph import Graph

Form: TypeAlias = Literal["python", "safetensors"]


@dataclass(frozen=True)
class Exported:
    """What was exported: ``text`` where it is source, and the file that it was written to, if any."""

    network: str
    form: Form
    text: str | None
    file: Path | None


def run(what: str, form: Form, output: Path | None, seed: int) -> Exported:
    """Export the page or the run's folder ``what``.

    ``python`` is the network's PyTorch source. ``safetensors`` are weights: a run's best ones; those of a page are
    fresh, drawn by ``seed``. Without ``output`` source is only returned, and weights go to ``NAME.safetensors``.
    Raises ArchError for a page that is wrong, RunError where there is no run or a file cannot be written.
    """
    folder = Path(what)
    graph = _graph_of_run(folder) if folder.is_dir() else load(what)
    if form == "python":
        return _source(graph, output)
    path = output or Path(f"{graph.name}.safetensors")
    _write_weights(graph, folder if folder.is_dir() else None, path, seed)
    return Exported(graph.name, form, None, path)


def _graph_of_run(folder: Path) -> Graph:
    from builder.training.run_folder import RunFolder

    return load(RunFolder.open(folder).page)


def _source(graph: Graph, output: Path | None) -> Exported:
    from builder.emit.python import source
    from builder.training.durable import write_text

    text = source(graph)
    if output is not None:
        write_text(output, text)
    return Exported(graph.name, "python", text, output)


def _write_weights(graph: Graph, folder: Path | None, path: Path, seed: int) -> None:
    """Write weights with the names and shapes of ``graph``'s ``state_dict``."""
    from builder.runtime.compile import build
    from builder.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
    from builder.training.randomness import seed_globally
    from builder.training.run_folder import RunFolder

    if folder is None:
        seed_globally(seed)
        found = Checkpoint(build(graph).state_dict(), {"seed": seed})
    else:
        found = read_checkpoint(RunFolder(folder).best)
    write_checkpoint(path, Checkpoint(found.tensors, {"network": graph.name, **found.record}))

"""``archcli export``: a network, or a run's best, as something that other programs read without this project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.diagnostics import ArchError, Diagnostic
from builder.lowering import load
from builder.ops.plugins import with_plugins
from builder.runs.plugins import operations_of_run
from builder.runs.weights import need_complete, put_weights, quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph
    from builder.runs.weights import Weights

ExportForm: TypeAlias = Literal["python", "safetensors", "torch"]
_SUFFIX = {"safetensors": "safetensors", "torch": "pth"}


@dataclass(frozen=True)
class Exported:
    """What was exported: ``text`` where it is source, and the file that it was written to, if any."""

    network: str
    form: ExportForm
    text: str | None
    file: Path | None
    weights: Weights | None = None


def run(
    what: str,
    form: ExportForm,
    output: Path | None,
    seed: int,
    weights: str | None = None,
    plugins: tuple[Path, ...] = (),
    on_fetch: Callable[[str], None] = quiet,
) -> Exported:
    """Export the page or the run's folder ``what``.

    ``python`` is the network's PyTorch source; the others are weights: a run's best ones, or those of a page, drawn by
    ``seed`` with what there is of ``weights`` put over them. ``torch`` is what ``torch.save`` writes, for loaders that
    ask for versions. Without ``output`` source is only returned; weights go to ``NAME.safetensors`` or ``NAME.pth``.
    ``on_fetch`` is told what is downloaded. Raises ArchError for a page that is wrong, RunError where there is no run,
    weights can't be had or a file cannot be written.
    """
    folder = Path(what) if Path(what).is_dir() else None
    if weights is not None and (folder is not None or form == "python"):
        message = "source holds no weights" if form == "python" else f"{folder} has weights of its own"
        raise ArchError(Diagnostic("usage", f"{message}: leave `--weights` away"))
    graph = _graph_of_run(folder, plugins) if folder else load(what, operations=with_plugins(plugins))
    if form == "python":
        return _source(graph, output)
    path = output or Path(f"{graph.name}.{_SUFFIX[form]}")
    if folder is not None and form == "safetensors":
        _copy_best(graph, folder, path)
        return Exported(graph.name, form, None, path)
    put = _write_weights(graph, path, form, seed, str(_best(folder)) if folder else weights, on_fetch)
    if folder is not None and put is not None:
        need_complete(put, graph)
    return Exported(graph.name, form, None, path, put if folder is None else None)


def _graph_of_run(path: Path, plugins: tuple[Path, ...]) -> Graph:
    from builder.training.folder.run_folder import RunFolder

    folder = RunFolder.open(path)
    return load(folder.page, operations=operations_of_run(folder, plugins))


def _source(graph: Graph, output: Path | None) -> Exported:
    from builder.emit.python import source
    from builder.files import write_text

    text = source(graph)
    if output is not None:
        write_text(output, text)
    return Exported(graph.name, "python", text, output)


def _best(folder: Path) -> Path:
    from builder.training.folder.run_folder import RunFolder

    return RunFolder(folder).best


def _copy_best(graph: Graph, folder: Path, path: Path) -> None:
    """Write the weights of a run's best epoch with what is known of them."""
    from builder.training.folder.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

    found = read_checkpoint(_best(folder))
    write_checkpoint(path, Checkpoint(found.tensors, {"network": graph.name, **found.record}))


def _write_weights(
    graph: Graph, path: Path, form: ExportForm, seed: int, source: str | None, on_fetch: Callable[[str], None]
) -> Weights | None:
    """Write fresh weights with the names and shapes of ``graph``'s ``state_dict``, those of ``source`` over them."""
    from builder.runtime.compile import build
    from builder.training.folder.checkpoints import Checkpoint, write_checkpoint
    from builder.training.randomness import seed_globally
    from builder.training.weights.files import save_weights

    seed_globally(seed)
    model = build(graph)
    put = put_weights(source, model, graph, on_fetch) if source is not None else None
    if form == "torch":
        save_weights(model, path)
    else:
        record = {"network": graph.name, "seed": seed} | ({"weights": source} if source is not None else {})
        write_checkpoint(path, Checkpoint(model.state_dict(), record))
    return put

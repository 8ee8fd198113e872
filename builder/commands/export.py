"""``archcli export``: a network, or a run's best, as something that other programs read without this project."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.commands.export_forms import EXPORT_FORMS, Subject
from builder.diagnostics import ArchError, Diagnostic
from builder.extras import need
from builder.files import check_apart, is_folder
from builder.json_output import SAID
from builder.lowering import load
from builder.ops.plugins import with_plugins
from builder.runs.weights import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.commands.export_forms import Check, ExportFormName
    from builder.runs.open import OpenRun
    from builder.runs.weights import Weights


@dataclass(frozen=True)
class Exported:
    """What was exported: ``text`` where it is source, and the file that it was written to, if any.

    ``check`` says of a program how it was compared with the network.
    ``unchecked`` are what can't be checked of a run.
    """

    network: str
    form: ExportFormName
    text: str | None
    file: Path | None
    weights: Weights | None = None
    check: Check | None = None
    unchecked: tuple[str, ...] = field(default=(), metadata=SAID)


def run(
    what: str,
    form: ExportFormName,
    output: Path | None,
    seed: int,
    weights: str | None = None,
    plugins: tuple[Path, ...] = (),
    on_fetch: Callable[[str], None] = quiet,
) -> Exported:
    """Export the page or the run's folder ``what``.

    ``python`` is the network's PyTorch source; the others are weights: a run's best ones, or those of a page, drawn by
    ``seed`` with what there is of ``weights`` put over them. ``torch`` is what ``torch.save`` writes, for loaders that
    ask for versions; ``onnx`` and ``pt2`` are programs with these weights. Without ``output`` source is only returned;
    the others go to a file of the network's name. ``on_fetch`` is told what is downloaded. Raises ArchError for a page
    that is wrong, RunError where there is no run, weights or packages can't be had, a network can't be exported or a
    file cannot be written.
    """
    folder, wanted = Path(what) if is_folder(Path(what)) else None, EXPORT_FORMS[form]
    if weights is not None and (folder is not None or not wanted.has_weights):
        message = f"{folder} has its own weights" if wanted.has_weights else "source code contains no weights"
        raise ArchError(Diagnostic("usage", f"{message}: leave out `--weights`"))
    if wanted.extra is not None:
        need(wanted.extra, f"`--to {form}`")
    opened = _opened(folder, plugins) if folder else None
    graph = opened.graph if opened else load(what, operations=with_plugins(plugins))
    path = output or (Path(f"{graph.name}.{wanted.suffix}") if wanted.suffix is not None else None)
    read = (Path(what), *(folder.iterdir() if folder else ()), *((Path(weights),) if weights else ()))
    check_apart([path], read)
    subject = Subject(graph, opened.folder.best if opened else None, seed, weights, on_fetch)
    written = wanted.write(subject, path)
    unchecked = opened.checked.unchecked if opened else ()
    return Exported(graph.name, form, written.text, path, written.weights, written.check, unchecked)


def _opened(folder: Path, plugins: tuple[Path, ...]) -> OpenRun:
    from builder.runs.open import open_run  # a page's source needs nothing that reads runs

    return open_run(folder, plugins)

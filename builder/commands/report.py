"""``archcli report``: what a study found, as a page that needs nothing else, Markdown, CSV and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.commands.study import folder_of
from builder.json_output import encode
from builder.ops.plugins import with_plugins
from builder.study.plan.looks import log_look
from builder.study.report.compose import compose
from builder.study.report.data import as_json, comparisons_csv, effects_csv, runs_csv
from builder.study.report.markdown import figures, markdown
from builder.study.report.page import page
from builder.study.report.sections.content import gather
from builder.study.report.sections.history import claims

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from builder.study.report.sections.blocks import Report
    from builder.study.report.sections.content import Content


@dataclass(frozen=True, eq=False)
class Reported:
    """What a study found, the report of it, and the files that were written, the page last."""

    content: Content
    report: Report
    files: tuple[Path, ...]


def run(what: str, studies: Path, output: Path | None, plugins: Sequence[Path] = ()) -> Reported:
    """Write the report of a study, given by its page, name or folder, into ``output`` or else into its own folder.

    The same results give the same bytes. Raises ArchError where there is no such study, RunError where it has no plan
    or no result yet, or something can't be read or written.
    """
    from builder.files import make_folder, write_text

    folder = folder_of(what, studies)
    content = gather(folder, with_plugins(plugins))
    if content.findings.compare is not None and content.is_final and not content.later:
        log_look(folder, content.findings.design.seeds, claims(content))
    report = compose(content)
    place = folder.path / "report" if output is None else output
    make_folder(place)
    written = []
    for name, text in _files(content, report):
        write_text(place / name, text)
        written.append(place / name)
    return Reported(content, report, tuple(written))


def _files(content: Content, report: Report) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file, the page last."""
    yield from figures(report)
    if content.findings.effects is not None:
        yield "effects.csv", effects_csv(content)
    yield "comparisons.csv", comparisons_csv(content)
    yield "runs.csv", runs_csv(content)
    yield "report.json", encode(as_json(content)) + "\n"
    yield "report.md", markdown(report)
    yield "report.html", page(report)


def json_text(value: Reported) -> str:
    """Return everything that was found, and the files that were written, as JSON."""
    return encode({**as_json(value.content), "files": value.files})


def csv_text(value: Reported) -> str:
    """Return a line for each effect; in a study without factors, for each comparison."""
    content = value.content
    return comparisons_csv(content) if content.findings.effects is None else effects_csv(content)


def markdown_text(value: Reported) -> str:
    """Return the report, its figures by their names."""
    return markdown(value.report)

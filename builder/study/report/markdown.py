"""A report as Markdown, its figures as files beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from builder.study.report.sections.blocks import CodeListing, Drawings, Facts, Heading, Paragraph, Picture, Table
from builder.tables import markdown_table, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.report.sections.blocks import Report, ReportBlock, ReportPart

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def markdown(report: Report) -> str:
    """Return the report as Markdown, in the dialect of GitHub."""
    lines = [f"# Study {_text(report.name)}", *(f"**{_text(each)}**" for each in report.answers)]
    lines += [_text(each) for each in report.more]
    lines += [_text(report.question)] if report.question else []
    lines += [f"> {_text(report.warning)}"] if report.warning else []
    for part in report.parts:
        lines += _part(part)
    return "\n\n".join([*lines, _text(report.remark)]) + "\n"


def figures(report: Report) -> Iterator[tuple[str, str]]:
    """Yield name and content of every figure that the Markdown shows."""
    for part in report.parts:
        for block in part.blocks:
            if isinstance(block, Drawings):
                yield from ((f"{each.name}.svg", each.standalone()) for each in block.figures)
            elif isinstance(block, Picture):
                yield f"{block.name}.svg", block.diagram.light
                yield f"{block.name}-dark.svg", block.diagram.dark


def _part(part: ReportPart) -> Iterator[str]:
    yield f"## {_text(part.title)}"
    for block in part.blocks:
        yield _block(block)


def _block(block: ReportBlock) -> str:
    match block:
        case Paragraph():
            return f"> {_text(block.text)}" if block.kind == "warning" else _text(block.text)
        case Heading():
            return f"### {_text(block.text)}"
        case Facts():
            return "\n".join(_fact(*each) for each in block.facts)
        case Table():
            shown = text_table(block.head, block.rows, block.numbers)
            return f"{_text(block.caption)}:\n\n{markdown_table(shown)}"
        case Drawings():
            drawn = [f"![{_text(each.title)}: {_text(each.description)}]({each.name}.svg)" for each in block.figures]
            return "\n\n".join([*drawn, f"*{_text(block.caption)}*"])
        case Picture():
            return f"![{_text(block.diagram.alternative)}]({block.name}.svg)\n\n*{_text(block.caption)}*"
        case CodeListing():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block.text)), default=0))
            return f"{_text(block.label)}:\n\n{fence}text\n{block.text.rstrip()}\n{fence}"


def _fact(term: str, said: str, more: str) -> str:
    return f"- {_text(term)}: **{_text(said)}**{f' ({_text(more)})' if more else ''}"


def _text(text: str) -> str:
    """Return ``text`` on one line, so that nothing in it is a sign of Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))

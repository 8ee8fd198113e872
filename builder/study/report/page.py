"""A report as one page of HTML: it needs nothing else, and can be read without a mouse and without seeing it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from builder.study.report.document import document
from builder.study.report.sections.blocks import CodeListing, Drawings, Facts, Heading, Paragraph, Picture, Table
from builder.study.report.svg.markup import Markup, element

if TYPE_CHECKING:
    from builder.study.report.sections.blocks import Fact, Report, ReportBlock, ReportPart
    from builder.study.report.svg.figure import Figure

_LONG = 120
"""Characters of an answer that is set in large type."""


def page(report: Report) -> str:
    """Return the report as HTML."""
    header = element(
        "div",
        element("h1", f"Study {report.name}"),
        *(element("p", each, class_="answer" if len(each) <= _LONG else "answer long") for each in report.answers),
        *(element("p", each, class_="more") for each in report.more),
        element("p", report.question, class_="note") if report.question else "",
        element("p", report.warning, class_="warning") if report.warning else "",
    )
    parts = [(part.name, part.called, _part(part)) for part in report.parts]
    return document(f"{report.name}: report", header, parts, element("p", report.remark))


def _part(part: ReportPart) -> Markup:
    """Return a part with its heading, which a link reaches by its name."""
    heading = element("h2", part.title, id=f"{part.name}-heading")
    content = (_block(block) for block in part.blocks)
    return element("section", heading, *content, id=part.name, aria_labelledby=f"{part.name}-heading")


def _block(block: ReportBlock) -> Markup:
    match block:
        case Paragraph():
            return element("p", block.text, class_=None if block.kind == "plain" else block.kind)
        case Heading():
            return element("h3", block.text)
        case Facts():
            return element("dl", *(_fact(each) for each in block.facts), class_="facts")
        case Table():
            return _table(block)
        case Drawings():
            return _drawings(block)
        case Picture():
            return _picture(block)
        case CodeListing():
            return _listing(block)


def _fact(fact: Fact) -> Markup:
    more = element("small", fact.more) if fact.more else ""
    return element("div", element("dt", fact.term), element("dd", fact.said, more))


def _table(content: Table) -> Markup:
    head = element("thead", element("tr", *(_head(content, column) for column in range(len(content.head)))))
    body = element("tbody", *(element("tr", *_cells(content, row)) for row in content.rows))
    return _scrolling(
        element("table", element("caption", element("span", content.caption)), head, body), content.caption
    )


def _scrolling(content: Markup, label: str) -> Markup:
    """Return something wide in a box that scrolls by itself, by keyboard too, so that the page does not."""
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=label)


def _head(content: Table, column: int) -> Markup:
    return element("th", content.head[column], scope="col", class_=_class(content, column))


def _cells(content: Table, row: tuple[str, ...]) -> list[Markup]:
    rest = [element("td", cell, class_=_class(content, column)) for column, cell in enumerate(row) if column]
    return [element("th", row[0], scope="row"), *rest]


def _class(content: Table, column: int) -> str | None:
    """Return how a column is set: numbers to the right, what may be long broken into lines."""
    if column in content.numbers:
        return "number"
    longest = max((len(row[column]) for row in content.rows), default=0)
    return "wrap" if column and longest > 40 else None


def _drawings(content: Drawings) -> Markup:
    caption = element("figcaption", content.caption)
    if not content.small:
        return element("figure", *(each.inline() for each in content.figures), caption)
    drawn = element("div", *(_small(each) for each in content.figures), class_="several")
    return element("figure", drawn, caption)


def _small(drawn: Figure) -> Markup:
    """Return a figure of several beside one another: its title stands above it."""
    return element("div", element("h3", drawn.title), drawn.inline())


def _picture(content: Picture) -> Markup:
    """Return a figure in the colors that fit; nothing is fetched, for the page holds both."""
    drawn = content.diagram
    source = element("source", srcset=_data(drawn.dark), media="(prefers-color-scheme: dark)")
    image = element("img", src=_data(drawn.light), alt=drawn.alternative, width=drawn.width)
    box = _scrolling(element("picture", source, image), drawn.alternative)
    return element("figure", box, element("figcaption", content.caption))


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"


def _listing(content: CodeListing) -> Markup:
    box = _scrolling(element("pre", element("code", content.text)), content.label)
    if content.folded:
        return element("details", element("summary", content.label), box)
    return element("div", element("h3", content.label), box)

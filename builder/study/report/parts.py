"""The parts of a page: sections, facts, tables, figures; each can be read without a mouse and without seeing it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

from builder.study.report.markup import Markup, element, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.report.figure import Figure


class Fact(NamedTuple):
    """Something said in a few words, what it is called, and what is to be added."""

    term: str
    said: str
    more: str = ""


class Table(NamedTuple):
    """Rows under a head: the first cell of each names it; columns in ``numbers`` are flushed right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()


def section(name: str, title: str, *parts: str) -> Markup:
    """Return a part of the page with its heading, which a link reaches by ``name``."""
    heading = element("h2", title, id=f"{name}-heading")
    return element("section", heading, *parts, id=name, aria_labelledby=f"{name}-heading")


def facts(found: Sequence[Fact]) -> Markup:
    """Return facts as a list of terms with what is said of them."""
    return element("dl", *(_fact(each) for each in found), class_="facts")


def _fact(fact: Fact) -> Markup:
    more = element("small", fact.more) if fact.more else Markup()
    return element("div", element("dt", fact.term), element("dd", fact.said, more))


def table(content: Table) -> Markup:
    """Return a table in a box of its own, which scrolls by keyboard too where the screen is narrow."""
    head = element("thead", element("tr", *(_head(content, column) for column in range(len(content.head)))))
    body = element("tbody", *(element("tr", *_cells(content, row)) for row in content.rows))
    return scrolling(element("table", element("caption", content.caption), head, body), content.caption)


def scrolling(content: Markup, label: str) -> Markup:
    """Return something wide in a box that scrolls by itself, so that the page does not."""
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=label)


def _head(content: Table, column: int) -> Markup:
    return element("th", content.head[column], scope="col", class_=_class(content, column))


def _cells(content: Table, row: Sequence[str]) -> list[Markup]:
    rest = [element("td", cell, class_=_class(content, column)) for column, cell in enumerate(row) if column]
    return [element("th", row[0], scope="row"), *rest]


def _class(content: Table, column: int) -> str | None:
    return "number" if column in content.numbers else None


def figure(drawn: Figure, caption: str = "") -> Markup:
    """Return a figure with its caption."""
    return element("figure", drawn.inline(), element("figcaption", caption) if caption else Markup())


def small_figure(drawn: Figure) -> Markup:
    """Return a figure of several beside one another: its title stands above it."""
    return element("figure", element("h3", drawn.title), drawn.inline())


def picture(light: str, dark: str, alternative: str, width: float) -> Markup:
    """Return an SVG file inside the page, in the colours that fit; nothing is fetched, for the page holds both."""
    source = element("source", srcset=_data(dark), media="(prefers-color-scheme: dark)")
    return element("picture", source, element("img", src=_data(light), alt=alternative, width=width))


def listing(text: str, label: str) -> Markup:
    """Return a file's text or commands as they are, in a box that scrolls by itself."""
    return scrolling(element("pre", element("code", text)), label)


def items(found: Sequence[str]) -> Markup:
    """Return a list."""
    return element("ul", *(element("li", each) for each in found))


def paragraphs(found: Sequence[str]) -> Markup:
    """Return each text as a paragraph."""
    return joined(element("p", each) for each in found)


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"

"""A figure of the report: inside a page, where it takes the page's colors, or as a file with colors of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from builder.emit.diagram.scene.metrics import text_width
from builder.study.report.svg.markup import Markup, element, joined, number

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT: Final = 12.0
"""Size of a figure's text in px."""

PAGE_WIDTH: Final = 720
"""Width in px of a stretching figure as a file of its own."""


@dataclass(frozen=True)
class Figure:
    """A drawing with its text alternative.

    ``width`` is None where the drawing stretches: its horizontal coordinates are percentages, and its text keeps its
    size on every screen. ``height`` is in px. Lines and fills are classes of ``figure.css``.
    """

    name: str
    title: str
    description: str
    width: float | None
    height: float
    body: Markup

    def inline(self) -> Markup:
        """Return the drawing as an element of a page."""
        if self.width is None:
            return element("svg", *self._content(), width="100%", height=self.height, **self._attributes())
        return element("svg", *self._content(), viewBox=self._box(self.width), **self._attributes())

    def standalone(self) -> str:
        """Return the drawing as an SVG file, legible in a light and in a dark page."""
        width = self.width or PAGE_WIDTH
        page = element("rect", width="100%", height="100%", class_="page")
        drawn = element(
            "svg",
            element("style", Markup(figure_style())),
            page,
            *self._content(),
            xmlns="http://www.w3.org/2000/svg",
            width=width,
            height=self.height,
            viewBox=self._box(width),
            **self._attributes(),
        )
        return drawn + "\n"

    def _box(self, width: float) -> str:
        return f"0 0 {number(width)} {number(self.height)}"

    def _attributes(self) -> dict[str, str]:
        kind = "drawing" if self.width is None else "drawing fixed"
        return {"class_": kind, "role": "img", "aria_labelledby": f"{self.name}-title {self.name}-text"}

    def _content(self) -> tuple[Markup, ...]:
        return (
            element("title", self.title, id=f"{self.name}-title"),
            element("desc", self.description, id=f"{self.name}-text"),
            self.body,
        )


@cache
def figure_style() -> str:
    """Return the style sheet of all figures."""
    return _read("figure.css")


@cache
def page_style() -> str:
    """Return the style sheet of the page around them."""
    return _read("page.css")


def _read(name: str) -> str:
    return (files("builder.study.report") / name).read_text("utf-8")


def percent(share: float) -> str:
    """Return a horizontal coordinate of a stretching figure.

    >>> percent(12.5)
    '12.5%'
    """
    return f"{number(share)}%"


def text(content: str, x: float | str, y: float, *, class_: str = "ink", anchor: str = "start") -> Markup:
    """Return a line of text whose baseline is at ``y``."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x: tuple[float | str, float | str], y: tuple[float, float], class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x[0], y1=y[0], x2=x[1], y2=y[1], class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, *, closed: bool = False) -> Markup:
    """Return a line through ``points``, or the area inside it."""
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("polygon" if closed else "polyline", points=corners, class_=class_)


def group(*parts: Markup, class_: str | None = None) -> Markup:
    """Return several parts as one."""
    return element("g", joined(parts), class_=class_)


def width_of(content: str, *, bold: bool = False) -> float:
    """Return the width of a text of a figure in px, in Arial and whatever is made to its measure."""
    return text_width(content, TEXT, bold=bold)

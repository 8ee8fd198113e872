"""Writes a scene as DOT in which every position is pinned, so that Graphviz draws it and lays out nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.scene.scene import DOT, Rectangle, before, rounded
from builder.emit.diagram.scene.signs import strokes
from builder.emit.diagram.scene.theme import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.emit.diagram.scene.scene import Box, Dot, Line, Point, Scene, Text
    from builder.emit.diagram.scene.theme import BoxStyle, Theme

MARGIN: Final = 6.0
"""White around the figure, in pt."""

HEAD: Final = 0.45
"""Size of arrow heads; Graphviz's own is 10 pt long."""

FONT: Final = "Helvetica,Arial,Liberation Sans"
BOLD: Final = f"{FONT} Bold"
"""Fonts of one width, the first that a system has; named as Pango reads them, with which Graphviz writes PDF."""


def dot(scene: Scene, theme: Theme, scale: float = 1.0) -> str:
    """Return the scene as a DOT text for ``neato -n2``, everything in it ``scale`` times as large."""
    return "\n".join(["digraph figure {", *(f"  {line}" for line in _Writer(scene, theme, scale).lines()), "}", ""])


class _Writer:
    """Knows the theme, and turns the scene upside down, because DOT's y grows upwards."""

    def __init__(self, scene: Scene, theme: Theme, scale: float) -> None:
        self.scene = scene
        self.theme = theme
        self.scale = scale
        self.bounds = scene.bounds()

    def lines(self) -> Iterable[str]:
        """Yield the statements of the graph: boxes, texts and dots first, lines over them."""
        theme = self.theme
        yield f'graph [layout=neato, outputorder=nodesfirst, pad=0, margin=0, splines=true, bgcolor="{theme.page}"]'
        yield 'node [shape=box, fixedsize=true, margin=0, label=""]'
        yield f'node [fontname="{FONT}", fontsize={self._length(TEXT)}, fontcolor="{theme.ink}"]'
        yield f'edge [arrowsize={self._length(HEAD)}, color="{theme.ink}"]'
        yield self._page()
        yield from (self._box(box) for box in self.scene.boxes)
        yield from (self._text(number, text) for number, text in enumerate(self.scene.texts, 1))
        yield from (self._dot(number, each) for number, each in enumerate(self.scene.dots, 1))
        yield from (self._line(line) for line in self.scene.lines)
        yield from (sign for box in self.scene.boxes if box.kind == "sum" for sign in self._sign(box))

    def _page(self) -> str:
        """Return the invisible box that gives the figure its size."""
        page = Rectangle(
            self.bounds.left - MARGIN, self.bounds.top - MARGIN, self.bounds.right + MARGIN, self.bounds.bottom + MARGIN
        )
        width, height = page.right - page.left, page.bottom - page.top
        place = self._place((page.left + page.right) / 2, (page.top + page.bottom) / 2)
        return _statement("page", {**place, **self._size(width, height), "color": "none"})

    def _box(self, box: Box) -> str:
        """Return a box with its label, its look and the id of the nodes that it stands for."""
        look = self.theme.looks[box.kind]
        attributes = self._place(box.x, box.y) | self._size(box.width, box.height) | self._paint(look)
        if box.text and look.form != "circle":
            attributes["label"] = box.text
        if look.bold or box.bold:
            attributes["fontname"] = BOLD
        if look.ink != self.theme.ink:
            attributes["fontcolor"] = look.ink
        if box.nodes:
            attributes["id"] = identifier(box.model, box.nodes)
        return _statement(self._name(box), attributes)

    def _name(self, box: Box) -> str:
        """Return the name of a box, numbered by its network where there are several."""
        return f"{box.model}: {box.name}" if box.model else box.name

    def _text(self, number: int, text: Text) -> str:
        """Return a text as a node without an outline."""
        area = text.area
        attributes = {
            "shape": "none",
            **self._place(text.x, text.y),
            **self._size(area.right - area.left, text.size * 1.2),
        }
        attributes |= {"label": text.text, "fontsize": self._length(text.size), "fontcolor": self._color(text.tone)}
        if text.bold:
            attributes["fontname"] = BOLD
        return _statement(f"text {number}", attributes)

    def _dot(self, number: int, dot: Dot) -> str:
        """Return a dot as a point without an outline."""
        color = self._color(dot.tone)
        attributes = {"shape": "point", **self._place(dot.x, dot.y), **self._size(DOT, DOT), "penwidth": "0"}
        return _statement(f"dot {number}", attributes | {"fillcolor": color, "color": color})

    def _line(self, line: Line) -> str:
        """Write a line as an edge of the page with itself, whose spline says everything."""
        end = line.points[-1]
        points = list(line.points)
        attributes = {"color": self._color(line.tone), "penwidth": self._length(line.pen)}
        start = ""
        if line.arrow:
            points[-1] = before(points[-2], end, 10 * HEAD)
            start = f"e,{self._at(end)} "
        else:
            attributes["arrowhead"] = "none"
        way = [points[0], *(point for piece in rounded(points) for point in piece)]
        attributes["pos"] = start + " ".join(self._at(point) for point in way)
        return _statement("page", attributes, edge=True)

    def _sign(self, box: Box) -> Iterable[str]:
        """Draw the sign inside a circle."""
        for points in strokes(box.text, box.x, box.y):
            way = [points[0], *(point for piece in rounded(points) for point in piece)]
            pos = " ".join(self._at(point) for point in way)
            yield _statement(
                self._name(box), {"pos": pos, "arrowhead": "none", "penwidth": self._length(1.2)}, edge=True
            )

    def _paint(self, look: BoxStyle) -> dict[str, str]:
        """Return the attributes of a look."""
        styles = [name for name, on in (("rounded", look.form == "pill"), ("dashed", look.dashed)) if on]
        attributes = {"penwidth": self._length(look.pen)}
        if look.fill != "none":
            styles.append("filled")
            attributes["fillcolor"] = look.fill
        if styles:
            attributes["style"] = ",".join(styles)
        attributes["color"] = look.line if look.pen else "none"
        if look.form == "circle":
            attributes["shape"] = "circle"
        return attributes

    def _place(self, x: float, y: float) -> dict[str, str]:
        """Return the pinned position of a node."""
        return {"pos": self._at((x, y))}

    def _at(self, point: Point) -> str:
        """Return a point as DOT writes it."""
        x, y = point[0] - self.bounds.left + MARGIN, self.bounds.bottom - point[1] + MARGIN
        return f"{self._length(x)},{self._length(y)}"

    def _size(self, width: float, height: float) -> dict[str, str]:
        """Return width and height as DOT has them, in inches."""
        return {"width": _number(width * self.scale / 72, 5), "height": _number(height * self.scale / 72, 5)}

    def _length(self, value: float) -> str:
        """Return a length in pt."""
        return _number(value * self.scale, 3)

    def _color(self, tone: str) -> str:
        """Return the color of a tone in this theme."""
        return self.theme.tones[tone]


def identifier(model: int, nodes: Sequence[int]) -> str:
    """Return the id of a box: ``n12`` for node 12, ``n3-5_9`` for 3 to 5 and 9, ``m2-n12`` in the second network.

    >>> identifier(0, (12,)), identifier(2, (3, 4, 5, 9))
    ('n12', 'm2-n3-5_9')
    """
    runs: list[list[int]] = []
    for index in sorted(nodes):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    text = "_".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"m{model}-n{text}" if model else f"n{text}"


def _number(value: float, digits: int) -> str:
    """Return a number without zeros at its end."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _statement(name: str, attributes: dict[str, str], *, edge: bool = False) -> str:
    """Return one statement about a node, or about an edge from it to itself."""
    subject = f"{_quote(name)} -> {_quote(name)}" if edge else _quote(name)
    return f"{subject} [{', '.join(f'{key}={_quote(value)}' for key, value in attributes.items())}]"


def _quote(text: str) -> str:
    """Return a text as a quoted string of DOT."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

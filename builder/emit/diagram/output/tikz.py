"""Writes a figure as a LaTeX document of its own: TikZ with every position given, in Helvetica's measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.output.painting import DASHES, Label
from builder.tables.latex import latex_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.emit.diagram.output.painting import Outline, Painting
    from builder.emit.diagram.scene.scene import Point

_LETTERS: Final = {r"$\times$": r"\texttimes{}", r"$\cdot$": r"\textperiodcentered{}"}
"""Signs that Helvetica has, which are narrower than those of mathematics."""

_HEAD: Final = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage[scaled=1]{helvet}  % Debian: texlive-fonts-recommended
\usepackage{tikz}  % Debian: texlive-pictures
\usepackage[paperwidth=%WIDTHbp,paperheight=%HEIGHTbp,margin=0bp,bottom=-20bp]{geometry}
\renewcommand{\familydefault}{\sfdefault}
\pagestyle{empty}
\setlength{\parindent}{0bp}
\setlength{\topskip}{0bp}
"""


def tikz(painting: Painting) -> str:
    """Return a figure as a LaTeX document whose page is the figure."""
    names = _names(painting)
    size = {"%WIDTH": _number(painting.width), "%HEIGHT": _number(painting.height)}
    head = _HEAD
    for word, value in size.items():
        head = head.replace(word, value)
    page = f"\\fill[{names[painting.page]}] (0,0) rectangle ({size['%WIDTH']},{size['%HEIGHT']});"
    items = (
        _label(each, names, painting.height) if isinstance(each, Label) else _outline(each, names, painting.height)
        for each in painting.items()
    )
    colors = (f"\\definecolor{{{name}}}{{HTML}}{{{color.lstrip('#').upper()}}}" for color, name in names.items())
    lines = [
        f"{head.rstrip()}",
        *colors,
        r"\begin{document}",
        r"\begin{tikzpicture}[x=1bp,y=1bp,line join=miter,inner sep=0bp,outer sep=0bp]",
        f"\\useasboundingbox (0,0) rectangle ({size['%WIDTH']},{size['%HEIGHT']});",
        page,
        *items,
        r"\end{tikzpicture}",
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def _names(painting: Painting) -> dict[str, str]:
    """Return a name for each color, in the order in which they are needed."""
    used: Iterable[str | None] = [
        painting.page,
        *(color for each in (*painting.outlines, *painting.lines) for color in (each.fill, each.line)),
        *(each.color for each in painting.labels),
    ]
    return {color: f"figure{number}" for number, color in enumerate(dict.fromkeys(filter(None, used)))}


def _outline(outline: Outline, names: dict[str, str], height: float) -> str:
    """Return one outline."""
    look = []
    if outline.fill:
        look.append(f"fill={names[outline.fill]}")
    if outline.line:
        look += [f"draw={names[outline.line]}", f"line width={_number(outline.pen)}bp"]
    if outline.dashed:
        look.append("dash pattern=on {}bp off {}bp".format(*map(_number, DASHES)))
    way = [_at(outline.start, height)]
    way += [f"controls {_at(a, height)} and {_at(b, height)} .. {_at(end, height)}" for a, b, end in outline.pieces]
    closing = " -- cycle" if outline.closed else ""
    return f"\\path[{','.join(look)}] {' .. '.join(way)}{closing};"


def _label(label: Label, names: dict[str, str], height: float) -> str:
    """Return one text."""
    size = _number(label.size)
    bold = r"\bfseries " if label.bold else ""
    text = latex_text(label.text)
    for sign, letter in _LETTERS.items():
        text = text.replace(sign, letter)
    said = f"\\fontsize{{{size}bp}}{{{size}bp}}\\selectfont {bold}{text}"
    return f"\\node[anchor=base,text={names[label.color]}] at {_at((label.x, label.y), height)} {{{said}}};"


def _at(point: Point, height: float) -> str:
    """Return a point; TikZ's y grows upwards."""
    return f"({_number(point[0])},{_number(height - point[1])})"


def _number(value: float) -> str:
    """Return a number without zeros at its end."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

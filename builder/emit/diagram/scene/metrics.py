"""How wide a text is: the advance widths of Arimo, which are those of Arial, Helvetica and Liberation Sans.

The numbers are thousandths of the font size, read from the font inside the ``graphviz-pure`` wheel.
https://fonts.google.com/specimen/Arimo
"""

from __future__ import annotations

from typing import Final

_CHARACTERS: Final = "".join(map(chr, range(32, 127))) + "×→·–—…′µ²’"

# fmt: off
_REGULAR: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584, 584, 1000, 333, 556, 1000, 1000, 188, 576, 333, 222,
)
_BOLD: Final = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584, 584, 1000, 333, 556, 1000, 1000, 240, 600, 333, 278,
)
# fmt: on

_WIDTHS: Final = {
    False: dict(zip(_CHARACTERS, _REGULAR, strict=True)),
    True: dict(zip(_CHARACTERS, _BOLD, strict=True)),
}
_WIDEST: Final = 1000  # a character outside the table is taken for a full em, so that it never runs out of its box

LINE: Final = 1.15
"""Height of a line of text in font sizes."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of ``text`` in pt at font size ``size`` in pt."""
    widths = _WIDTHS[bold]
    return sum(widths.get(character, _WIDEST) for character in text) * size / 1000


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return ``text``, or its beginning and an ellipsis where it is wider than ``room`` in pt."""
    if text_width(text, size, bold=bold) <= room:
        return text
    while text and text_width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def fit_end(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return ``text``, or an ellipsis and its end, which tells names of one family apart: ``…7x7_2``."""
    if text_width(text, size, bold=bold) <= room:
        return text
    while text and text_width("…" + text, size, bold=bold) > room:
        text = text[1:]
    return "…" + text.lstrip()


def wrap(text: str, room: float, size: float, *, most: int = 2) -> list[str]:
    """Break ``text`` at spaces into at most ``most`` lines that fit into ``room`` in pt; the last is cut if it must."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most - 1:
        count = len(words)
        while count > 1 and text_width(" ".join(words[:count]), size) > room:
            count -= 1
        lines.append(fit(" ".join(words[:count]), room, size))
        words = words[count:]
    return [*lines, fit(" ".join(words), room, size)] if words else lines

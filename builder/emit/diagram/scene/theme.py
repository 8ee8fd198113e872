"""Colors, line widths and sizes of everything that a figure may show.

Fills keep their order in grayscale (white, pool, linear, conv, gate) and stay apart under the common color
blindnesses; line style, form and text say the same once more without color. All lengths are in pt.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

BoxForm: TypeAlias = Literal["box", "pill", "circle", "chip", "text"]
BoxKind: TypeAlias = Literal[
    "input", "conv", "projection", "activation", "norm", "pool", "linear", "gate", "shape", "dropout", "scale", "sum",
    "joint", "frame", "band", "inset", "page", "badge",
]  # fmt: skip

TEXT: Final = 8.0
SMALL: Final = 6.4
SHAPE: Final = 6.8
TITLE: Final = 10.0
SUBTITLE: Final = 7.0
FRAME_TITLE: Final = 7.5
LONG_TITLE: Final = 6.4  # of a frame whose title would reach the spine


@dataclass(frozen=True, slots=True)
class BoxStyle:
    """How one kind of box is drawn: colors, line, form, and its height where it stands on a spine."""

    fill: str
    line: str
    ink: str
    pen: float
    height: float = 17.0
    form: BoxForm = "box"
    dashed: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Theme:
    """The colors of the page and the look of every kind of box."""

    page: str
    ink: str
    muted: str
    lane: str
    looks: Mapping[BoxKind, BoxStyle]

    @property
    def tones(self) -> dict[str, str]:
        """The colors of texts, dots and lines."""
        return {"ink": self.ink, "muted": self.muted, "lane": self.lane, "gate": self.looks["gate"].ink}


def _looks(page: str, ink: str, muted: str, band: str, paint: Mapping[str, tuple[str, str]]) -> dict[BoxKind, BoxStyle]:
    """Return the look of every kind in the given colors."""

    def look(name: str, pen: float, height: float = 17.0, form: BoxForm = "box", *, dashed: bool = False) -> BoxStyle:
        fill, line = paint[name]
        return BoxStyle(fill, line, ink, pen, height, form, dashed)

    small = look("plain", 0.8, 12, "pill")
    return {
        "input": BoxStyle(page, page, ink, 0, 9, "text", bold=True),
        "conv": look("conv", 1.1),
        "projection": look("conv", 1.1, dashed=True),
        "activation": look("plain", 0.8, 14, "pill"),
        "norm": look("plain", 0.8, 14, "pill"),
        "pool": look("pool", 0.9),
        "linear": look("linear", 1.1),
        "gate": BoxStyle(*paint["gate"], "#1A1200", 2.2, 20, bold=True),
        "badge": BoxStyle(*paint["gate"], "#1A1200", 0.7, 7, bold=True),
        "shape": small,
        "dropout": small,
        "scale": small,
        "sum": BoxStyle(page, ink, ink, 1.1, 13, "circle"),
        "joint": BoxStyle(page, ink, ink, 1.1, 13),
        "frame": BoxStyle("none", muted, ink, 0.8, dashed=True),
        "band": BoxStyle(band, band, ink, 0),
        "inset": BoxStyle(page, paint["gate"][1], ink, 1.1),
        "page": BoxStyle(page, page, ink, 0),
    }


LIGHT: Final = Theme(
    page="#FFFFFF",
    ink="#1A1A1A",
    muted="#555555",
    lane="#B34700",
    looks=MappingProxyType(
        _looks(
            "#FFFFFF",
            "#1A1A1A",
            "#555555",
            "#FFF4DC",
            {
                "conv": ("#A6CBE8", "#1F4E79"),
                "plain": ("#FFFFFF", "#555555"),
                "pool": ("#EFEFEF", "#444444"),
                "linear": ("#E9D8B0", "#7A5A12"),
                "gate": ("#E69F00", "#4A2E00"),
            },
        )
    ),
)
"""Black on white, for print."""

DARK: Final = Theme(
    page="#16181D",
    ink="#F0F0F0",
    muted="#B0B4BA",
    lane="#FF9E4A",
    looks=MappingProxyType(
        _looks(
            "#16181D",
            "#F0F0F0",
            "#B0B4BA",
            "#2B2412",
            {
                "conv": ("#1F4E79", "#8EC1EA"),
                "plain": ("#16181D", "#B0B4BA"),
                "pool": ("#33373E", "#9AA0A8"),
                "linear": ("#4A3A12", "#D9BE7A"),
                "gate": ("#E69F00", "#FFE0A3"),
            },
        )
    ),
)
"""The same figure for a dark page."""

THEMES: Final[Mapping[str, Theme]] = MappingProxyType({"light": LIGHT, "dark": DARK})

"""Colors that can be read, told apart in grayscale and by readers with a color blindness."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from builder.emit.diagram.scene.theme import THEMES, Theme

# Machado, Oliveira, Fernandes 2009, severity 1.0: linear RGB as it is seen. https://doi.org/10.1109/TVCG.2009.113
BLINDNESSES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
FILLED = ("activation", "pool", "linear", "conv", "gate")


def linear(color: str) -> tuple[float, ...]:
    """Return the linear RGB of a color such as #A6CBE8."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)


def luminance(rgb: tuple[float, ...]) -> float:
    """Return the relative luminance (WCAG 2.1)."""
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))


def lightness(rgb: tuple[float, ...]) -> float:
    """Return CIE L*, 0 to 100."""
    return 116 * max(luminance(rgb), 0.0) ** (1 / 3) - 16


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colors (WCAG 2.1)."""
    high, low = sorted((luminance(linear(first)), luminance(linear(second))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen(color: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Return how a color is seen through ``matrix``."""
    rgb = linear(color)
    return tuple(
        min(1.0, max(0.0, sum(weight * each for weight, each in zip(row, rgb, strict=True)))) for row in matrix
    )


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
class TestTheme:
    """What holds of every theme."""

    def test_texts_can_be_read(self, theme: Theme) -> None:
        """Every text has at least the contrast that WCAG 2.1 AA asks of small letters."""
        for kind, look in theme.looks.items():
            ground = theme.page if look.fill == "none" else look.fill
            assert contrast(look.ink, ground) >= 4.5, kind
        assert contrast(theme.muted, theme.page) >= 4.5
        assert contrast(theme.muted, theme.looks["band"].fill) >= 4.5

    def test_lines_can_be_seen(self, theme: Theme) -> None:
        """Lanes, and the outline of every box that has one, stand out from the page as graphics must."""
        assert contrast(theme.lane, theme.page) >= 3
        outlines = [look.line for look in theme.looks.values() if look.pen]
        assert all(contrast(line, theme.page) >= 3 for line in outlines)

    def test_gates_stand_out(self, theme: Theme) -> None:
        """The gate has the thickest line, bold letters and the tallest box: cues besides its color."""
        gate = theme.looks["gate"]
        others = [look for kind, look in theme.looks.items() if kind not in ("gate", "frame", "inset")]
        assert gate.bold
        assert gate.pen > max(look.pen for look in others)
        assert gate.height > max(look.height for look in others)

    def test_projections_differ_from_convolutions_without_color(self, theme: Theme) -> None:
        """A projection is a convolution with a dashed line."""
        assert theme.looks["projection"].dashed
        assert not theme.looks["conv"].dashed
        assert theme.looks["projection"].fill == theme.looks["conv"].fill


class TestLight:
    """The theme for print."""

    def test_fills_keep_their_order_in_grayscale(self) -> None:
        """White, pool, linear, conv, gate: each at least 5 L* darker than the one before."""
        shades = [lightness(linear(THEMES["light"].looks[kind].fill)) for kind in FILLED]
        assert all(lighter - darker >= 5 for lighter, darker in pairwise(shades))

    @pytest.mark.parametrize("matrix", BLINDNESSES.values(), ids=list(BLINDNESSES))
    def test_fills_stay_apart_under_color_blindness(self, matrix: tuple[tuple[float, ...], ...]) -> None:
        """No two fills come to look the same: they differ in lightness by at least 4 L*."""
        shades = {kind: lightness(seen(THEMES["light"].looks[kind].fill, matrix)) for kind in FILLED}
        for first, second in combinations(FILLED, 2):
            assert abs(shades[first] - shades[second]) >= 4, (first, second)

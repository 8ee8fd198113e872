"""The figures of a report, read back as facts."""

from __future__ import annotations

import doctest
import re
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar
from xml.etree import ElementTree as ET

import pytest

from builder.study.report.sections import names, words
from builder.study.report.sections.names import inks, short
from builder.study.report.svg import confusion, curves, figure, markup, rows, scales, scatter
from builder.study.report.svg.figure import Figure, figure_style
from builder.study.report.svg.labels import LabelBox

if TYPE_CHECKING:
    from types import ModuleType

SVG = "{http://www.w3.org/2000/svg}"


def parsed(figure: Figure) -> ET.Element:
    """Return the figure's file as a tree."""
    return ET.fromstring(figure.standalone())


def of_class(figure: Figure, name: str) -> list[ET.Element]:
    """Return all elements that bear a class."""
    return [each for each in parsed(figure).iter() if name in each.get("class", "").split()]


def texts(figure: Figure) -> list[str]:
    """Return all that is written in a figure, its title and description aside."""
    return [each.text or "" for each in parsed(figure).iter(f"{SVG}text")]


def share(element: ET.Element, name: str) -> float:
    """Return a coordinate in percent."""
    return float(element.get(name, "").removesuffix("%"))


DOTS = [
    rows.Dots("net", "82.0 %", "base", [81.9, 82.0, 82.1], 82.0, (81.8, 82.2)),
    rows.Dots("net_se", "83.0 %", "one", [83.0], 83.0, None),
]
GAPS = [
    rows.GapRow("net_se", "+0.8", "one", 0.8, (0.5, 1.1), (0.4, 1.2), is_clear=True),
    rows.GapRow("net_res", "0.0", "two", 0.0, (-0.3, 0.3), None, is_clear=False),
]


class TestDots:
    """Every seed of every variant."""

    figure = rows.dots("seeds", "Every seed", "three and one", "test accuracy (%)", DOTS)

    def test_every_seed_is_one_dot(self) -> None:
        """And every mean a stroke, every interval a bar; one seed has none."""
        assert [len(of_class(self.figure, name)) for name in ("dot", "middle", "interval")] == [4, 2, 1]

    def test_a_higher_value_stands_further_right(self) -> None:
        """On one axis for all rows."""
        places = [share(dot, "cx") for dot in of_class(self.figure, "dot")]
        assert places == sorted(places)
        assert all(0 < place < 100 for place in places)

    def test_equal_seeds_do_not_cover_one_another(self) -> None:
        """Three networks that all found the same images are three dots."""
        row = rows.Dots("net", "", "base", [82.0] * 5, 82.0, (82.0, 82.0))
        dots = of_class(rows.dots("a", "a", "a", "a", [row]), "dot")
        assert len({dot.get("cy") for dot in dots}) == 5

    def test_each_row_says_its_numbers(self) -> None:
        """Nothing has to be read off the axis."""
        assert {"net", "82.0 %", "net_se", "83.0 %", "test accuracy (%)"} <= set(texts(self.figure))


class TestGaps:
    """How far each variant is from the base."""

    figure = rows.gaps("gaps", "Gaps", "two", "points more than net", GAPS, 0.3)

    def test_what_is_not_clear_is_hollow(self) -> None:
        """It shows without color."""
        assert [len(of_class(self.figure, name)) for name in ("mean", "open")] == [1, 1]

    def test_the_band_is_what_is_too_small_to_matter(self) -> None:
        """As far to either side of the line at 0."""
        (band,), (zero,) = of_class(self.figure, "band"), of_class(self.figure, "zero")
        left, width = share(band, "x"), share(band, "width")
        assert share(zero, "x1") == pytest.approx(left + width / 2, abs=0.02)


class TestScatter:
    """Accuracy against a price."""

    points: ClassVar = [
        scatter.ScatterPoint(f"variant {index}", "one", 1000 + 40 * (index % 3), 82 + 0.1 * index, (81.5, 83.5))
        for index in range(7)
    ]
    figure = scatter.scatter("cost", "Parameters", "seven", ("parameters", "%"), points, words.counts)

    def test_every_variant_is_one_point(self) -> None:
        """Whether there is room for its name or not."""
        assert len(of_class(self.figure, "mean")) == 7

    def test_no_name_touches_another_or_a_point(self) -> None:
        """Measured in the font of the figure."""
        dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in of_class(self.figure, "mean")]
        points = [LabelBox(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
        names = [
            LabelBox(float(each.get("x", "")), float(each.get("y", "")) - 9,
                float(each.get("x", "")) + figure.width_of(each.text or "", bold=True), float(each.get("y", "")) + 2)
            for each in of_class(self.figure, "name")
        ]  # fmt: skip
        assert len(names) > 3
        assert not any(one.touches(other) for one, other in combinations(names, 2))
        assert not any(name.touches(point) for name in names for point in points)


class TestCurves:
    """Means and bands over the epochs."""

    found: ClassVar = [
        curves.SeedCurves("net", "base", [[50, 60, 70], [52, 62, 74]]),
        curves.SeedCurves("net_se", "one", [[50, 61, 71, 72], [52, 63, 75, 76]]),
        curves.SeedCurves("other", "rest", [[40, 50, 60]]),
    ]
    figure = curves.curves("curves", "Accuracy", "three", "epoch", found)

    def test_every_mean_goes_through_every_epoch(self) -> None:
        """As many points as epochs."""
        lengths = sorted(len(each.get("points", "").split()) for each in of_class(self.figure, "curve"))
        assert lengths == [3, 3, 4]

    def test_the_band_reaches_from_the_lowest_to_the_highest_seed(self) -> None:
        """Up and back; one seed has no spread."""
        assert [len(each.get("points", "").split()) for each in of_class(self.figure, "spread")] == [6, 8]

    def test_those_of_the_rest_have_no_name(self) -> None:
        """Names at the ends would touch; they are listed in the table."""
        assert {each.text for each in of_class(self.figure, "name")} == {"net", "net_se"}

    def test_one_epoch_is_enough(self) -> None:
        """A short stroke, for a line needs two points."""
        assert curves.curves("a", "a", "a", "epoch", [curves.SeedCurves("net", "base", [[50.0]])])

    def test_curves_differ_without_color(self) -> None:
        """By their dashes, for grayscale print."""
        dashes = re.findall(r"polyline\.(\w+) \{ stroke-dasharray: ([\d .]+)", figure_style())
        assert len({dash for _, dash in dashes}) == 4


class TestConfusion:
    """What is taken for what more often."""

    def test_better_is_more_on_the_diagonal_and_fewer_elsewhere(self) -> None:
        """Color says better or worse, the sign says more or fewer."""
        figure = confusion.matrix("m", "m", "m", ["cat", "dog"], [[2.0, -2.0], [0.0, -1.5]])
        assert [len(of_class(figure, name)) for name in ("better", "worse", "cell")] == [2, 1, 4]
        assert texts(figure)[-3:] == ["+2.0", "−2.0", "−1.5"]

    def test_pairs_that_differ_most_come_first(self) -> None:
        """Whichever way."""
        found = confusion.swaps(["cat", "dog"], [[90, 10], [5, 95]], [[97, 3], [6, 94]])
        assert [(swap.true, swap.answer, swap.difference) for swap in found] == [("cat", "dog", -7), ("dog", "cat", 1)]


class TestFile:
    """A figure as a file of its own."""

    figure = rows.dots("a", "<Every> seed", 'a "text" & more', "%", DOTS)

    def test_it_brings_its_colors_for_light_and_dark(self) -> None:
        """One style sheet for pages and files."""
        assert figure_style() in self.figure.standalone()

    def test_it_is_described(self) -> None:
        """Title and description are what a screen reader says."""
        root = parsed(self.figure)
        assert root.get("role") == "img"
        labeled = root.get("aria-labelledby", "").split()
        found = {each.get("id"): each.text for each in root.iter() if each.get("id")}
        assert [found[name] for name in labeled] == ["<Every> seed", 'a "text" & more']

    def test_the_same_values_are_the_same_bytes(self) -> None:
        """No date, no random id."""
        again = rows.dots("a", "<Every> seed", 'a "text" & more', "%", DOTS)
        assert again.standalone() == self.figure.standalone()
        assert again.inline() == self.figure.inline()


class TestColors:
    """Legible in both themes: https://www.w3.org/TR/WCAG22/#contrast-minimum."""

    @staticmethod
    def themes() -> list[dict[str, str]]:
        """Return the colors of the light and of the dark theme."""
        return [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in figure_style().split("@media", 1)]

    @staticmethod
    def luminance(color: str) -> float:
        """Return the relative luminance of a color."""
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def test_every_color_stands_out_from_the_page(self) -> None:
        """By 4.5 to 1, which small text needs; on cards and on the band too."""
        for theme in self.themes():
            written = {name: color for name, color in theme.items() if name not in {"page", "card", "rule", "band"}}
            assert len(written) == 12
            for ground in ("page", "card", "band"):
                for name, color in written.items():
                    light, dark = sorted((self.luminance(color), self.luminance(theme[ground])), reverse=True)
                    assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


class TestExamples:
    """What the docstrings show is true."""

    @pytest.mark.parametrize("module", [confusion, curves, figure, markup, names, rows, scales, words])
    def test_every_example_holds(self, module: ModuleType) -> None:
        """Each module has examples, and none fails."""
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0


class TestNames:
    """What a variant is called in a figure."""

    def test_the_base_in_front_is_left_out(self) -> None:
        """It stands in front of nearly all."""
        assert short(["net", "net_se", "x"], "net") == {"net": "net", "net_se": "se", "x": "x"}

    def test_two_variants_never_share_a_name(self) -> None:
        """Then all keep theirs."""
        assert short(["net", "net_se", "se"], "net")["net_se"] == "net_se"

    def test_four_have_a_color_of_their_own(self) -> None:
        """More could not be told apart."""
        found = inks(["a", "net", "b", "c", "d", "e", "f"], "net")
        assert list(found.values()) == ["one", "base", "two", "three", "four", "rest", "rest"]

"""The figure that the controls ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from builder.live import figures
from builder.live.figures import FigureOptions, Figures, small_figure
from builder.live.pages import first_look, look_again
from builder.lowering import load
from builder.ops import OPERATIONS
from tests.command_line import PAGE

if TYPE_CHECKING:
    from pathlib import Path

    from builder.live.figures import SeenFigure
    from builder.live.pages import Snapshot


def figure(snapshot: Snapshot, options: FigureOptions) -> SeenFigure:
    """Return the figure of a snapshot."""
    return Figures(OPERATIONS).of(lambda: snapshot, options)


class TestFigures:
    """Drawn once for each choice."""

    def test_a_second_tab_costs_nothing(self, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same question has the same answer, which is kept."""
        drawn = Figures(OPERATIONS)
        now = first_look([page.name])
        first = drawn.of(lambda: now, FigureOptions())
        monkeypatch.setattr(figures, "draw", None)
        assert drawn.of(lambda: now, FigureOptions()) == first

    def test_a_mistake_costs_no_drawing(self, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The network that is shown is the same."""
        drawn = Figures(OPERATIONS)
        before = first_look([page.name])
        drawn.of(lambda: before, FigureOptions())
        monkeypatch.setattr(figures, "draw", None)
        page.write_text(PAGE.replace("relu", "rely"), "utf-8")
        after = look_again(before)
        assert drawn.of(lambda: after, FigureOptions()).svg is not None

    def test_the_last_good_one_is_marked(self, page: Path) -> None:
        """It is of the network as it was."""
        drawn = Figures(OPERATIONS)
        before = first_look([page.name])
        page.write_text(PAGE.replace("relu", "rely"), "utf-8")
        after = look_again(before)
        found = drawn.of(lambda: after, FigureOptions())
        assert (found.is_current, found.svg) == (False, drawn.of(lambda: before, FigureOptions()).svg)

    def test_a_page_that_was_never_right_has_none(self, page: Path) -> None:
        """There is nothing to draw yet."""
        page.write_text("name: small\n", "utf-8")
        assert figure(first_look([page.name]), FigureOptions()).svg is None

    def test_what_does_not_fit_is_said(self) -> None:
        """With what to do about it; nothing is raised."""
        found = figure(first_look(["resnet50"]), FigureOptions(level="layer", width="89mm"))
        assert found.svg is None
        assert "choose a wider column" in (found.problem or "")

    def test_blocks_that_are_not_there(self, page: Path) -> None:
        """As `--expand` says it."""
        found = figure(first_look([page.name]), FigureOptions(blocks=("nothing",)))
        assert "nothing" in (found.problem or "")

    @pytest.mark.parametrize(("level", "boxes"), [("block", "layer1.0"), ("layer", "layer1.0.conv1")])
    def test_blocks_are_opened_or_folded(self, level: str, boxes: str) -> None:
        """One field says both: at the level of blocks it opens, at that of layers it folds."""
        options = FigureOptions(level=level, blocks=("layer1",))  # type: ignore[arg-type]  # parametrized
        svg = figure(first_look(["resnet18"]), options).svg or ""
        assert (f"<title>{boxes}</title>" in svg) == (level == "block")

    def test_several_pages_stand_in_one_figure(self) -> None:
        """The base with as many classes as its variant, as `archcli draw` does it."""
        found = figure(first_look(["alexnet", "alexse_both"]), FigureOptions())
        assert found.several
        assert "with 10 classes" in (found.svg or "")


class TestSmallFigure:
    """A variant on its card."""

    @pytest.mark.parametrize(("name", "most"), [("resnet50", 3), ("mobilenet_v2", 1.5)])
    def test_is_cut_into_lines(self, name: str, most: float) -> None:
        """As a card is, so that its text is larger than on one line."""
        width, height = size(small_figure(load(name), "light"))
        assert width <= 110 / 25.4 * 72 + 1
        assert width < most * height

    def test_what_is_too_long_for_lines_is_drawn_on_one(self, tmp_path: Path) -> None:
        """Nothing is refused."""
        blocks = "\n".join(
            f"  b{each}: {{layers: [{{conv: {{out: {8 + each}, kernel: 1}}}}, relu]}}" for each in range(90)
        )
        page = tmp_path / "long.yaml"
        tail = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"
        page.write_text(f"name: long\ninput: [3, 32, 32]\nclasses: 10\nlayers:\n{blocks}\n{tail}", "utf-8")
        width, height = size(small_figure(load(page), "dark"))
        assert width > 50 * height


def size(svg: str) -> tuple[float, float]:
    """Return width and height of an SVG in pt."""
    found = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert found
    return float(found[1]), float(found[2])

"""What a user may choose: theme, shapes, marks, legend, width."""

from __future__ import annotations

import re
from math import inf

import pytest

from builder.diagnostics import RunError
from builder.emit.diagram import DrawOptions, draw
from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.layout.layers import layers
from builder.emit.diagram.layout.legend import legend
from builder.emit.diagram.output.paper import PaperRoom, scale, size
from builder.emit.diagram.scene.scene import Scene, Text
from builder.emit.diagram.scene.theme import DARK, LIGHT
from builder.lowering import load
from tests.emit.diagram.geometry import faults

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")


def report():
    """Return the networks of figure 6."""
    return [load(name) for name in REPORT]


class TestTheme:
    """Two sets of colors, one figure."""

    def test_dark_has_the_same_positions(self) -> None:
        """Only colors differ."""
        light, dark = (
            re.sub(r"#[0-9A-F]{6}", "", draw([load("alexse_both")], options=DrawOptions(theme=theme)).dot)
            for theme in ("light", "dark")
        )
        assert light == dark

    def test_dark_has_a_dark_page(self) -> None:
        """And no white left."""
        text = draw([load("alexse_both")], options=DrawOptions(theme="dark")).dot
        assert DARK.page in text
        assert LIGHT.page not in text


class TestShapes:
    """Where sizes are written."""

    def test_none(self) -> None:
        """Only the input's size is left."""
        text = draw([load("alexnet")], options=DrawOptions(shapes="none")).svg()
        assert len(re.findall(r">\S*\d+×\d+×\d+<", text)) == 0

    def test_all_has_one_after_every_box_on_the_spine(self) -> None:
        """Each line says what flows on it, without faults."""
        options = DrawOptions(shapes="all")
        scene = layers([load("alexnet")], options)
        sizes = [text for text in scene.texts if text.tone == "muted" and "params" not in text.text]
        assert len(sizes) == len([box for box in scene.boxes if box.nodes]) - 1
        assert faults(scene) == []


class TestHighlight:
    """Marks on what differs."""

    @pytest.mark.parametrize("level", ["layer", "block"])
    def test_none_leaves_out_bands(self, level) -> None:
        """The rows stay aligned."""
        assert LIGHT.looks["band"].fill in draw(report(), level=level).dot
        assert LIGHT.looks["band"].fill not in draw(report(), level=level, options=DrawOptions(highlight="none")).dot


class TestLegend:
    """What the boxes mean."""

    def test_explains_what_is_shown_and_nothing_else(self) -> None:
        """AlexNet has neither gate nor shortcut."""
        text = draw([load("alexnet")], options=DrawOptions(legend=True)).svg()
        assert ">convolution</text>" in text
        assert ">shortcut</text>" not in text
        assert ">squeeze and excitation</text>" not in text

    @pytest.mark.parametrize("lay_out", [layers, blocks])
    def test_stands_clear_of_the_figure(self, lay_out) -> None:
        """Below everything, and within its width."""
        scene = lay_out(report())
        before = scene.bounds()
        legend(scene)
        assert faults(scene) == []
        assert scene.bounds().right <= before.right + 1


class TestWidth:
    """The column of a journal."""

    def test_figure_fits(self) -> None:
        """183 mm are 519 pt."""
        text = draw(report(), options=DrawOptions(width="183mm")).svg()
        assert float(re.search(r'width="([\d.]+)pt"', text)[1]) <= 519

    def test_small_figures_are_not_enlarged(self) -> None:
        """What fits stays as it is."""
        free, fitted = (draw([load("alexnet")], options=DrawOptions(width=width)).dot for width in (None, "183mm"))
        assert free == fitted

    def test_too_small_text_is_an_error_that_names_it(self) -> None:
        """Three columns cannot be read at 89 mm; the hint gives the figure's own size and ways out."""
        with pytest.raises(RunError, match=r"at 89mm the text `Dropout 0.5` would be 2\.\d pt high") as caught:
            draw(report(), options=DrawOptions(width="89mm"))
        assert "mm; choose a wider column, --level block, or fold blocks" in str(caught.value.hint)

    def test_the_size_has_the_digits_that_show_it_is_too_small(self) -> None:
        """Rounded to one, 4.998 pt would be 5.0 pt, and said to be less than 5."""
        scene = Scene(texts=[Text(0, 0, "Conv", 10)])
        across, _ = size(scene)
        with pytest.raises(RunError, match=r"`Conv` would be 4\.998 pt high; less than 5 pt is not printed"):
            scale(scene, PaperRoom(across * 0.4998, inf, "89mm"), "")


class TestNotebook:
    """A figure in Jupyter."""

    def test_shows_itself(self) -> None:
        """The SVG is its representation."""
        figure = draw([load("alexnet")])
        assert figure._repr_svg_() == figure.svg()

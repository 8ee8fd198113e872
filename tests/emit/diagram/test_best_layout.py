"""Figures that fit the columns of a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError, RunError
from builder.emit.diagram import DrawOptions, draw
from builder.emit.diagram.best_layout import fitted
from builder.emit.diagram.output.paper import LEAST, POINTS, size, smallest_text
from builder.lowering import load
from builder.shipped import shipped_names
from tests.emit.diagram.geometry import close_lines, faults
from tests.emit.diagram.test_layout import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.choices import Level
    from builder.graph import Graph

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")
PLACEMENTS = ("se_resnet50", "se_resnet50_pre", "se_resnet50_post", "se_resnet50_identity")
HEIGHT = 170.0
FEW = ("alexnet", "alexse_cross", "googlenet", "legacy_xception", "mobilenet_v3_large", "resnet50")
CONV = "{conv: {out: 8, kernel: 3, padding: 1}}"


def check(graphs: list[Graph], level: Level, options: DrawOptions) -> None:
    """Check that a figure fits, can be read, and has no fault."""
    scene, scale = fitted(graphs, level, options, ())
    across, down = (each * scale / POINTS for each in size(scene))
    assert across <= float(str(options.width).removesuffix("mm")) + 0.01
    assert down <= HEIGHT + 0.01
    assert smallest_text(scene)[0] * scale >= LEAST
    assert faults(scene) == []
    assert close_lines(scene) == []


class TestReport:
    """Figure 6 of the report."""

    def test_with_all_layers_it_fits_two_columns(self) -> None:
        """183 by 170 mm, because gaps are as short as arrows allow."""
        check([load(name) for name in REPORT], "layer", DrawOptions(width="183mm", height="170mm"))

    @pytest.mark.parametrize("direction", ["vertical", None])
    def test_its_blocks_fit(self, direction) -> None:
        """Side by side in one column, and below one another in two."""
        width = "89mm" if direction else "183mm"
        options = DrawOptions(width=width, height="170mm", direction=direction)
        check([load(name) for name in REPORT], "block", options)


class TestShippedNetworks:
    """At the level of blocks each fits one column of a journal and leaves room for its legend."""

    @pytest.mark.parametrize("width", ["89mm", "183mm"])
    @pytest.mark.parametrize("name", FEW)
    def test_a_few(self, name: str, width: str) -> None:
        """From left to right, in lines that wrap."""
        check([load(name)], "block", DrawOptions(width=width, height="170mm"))

    @pytest.mark.parametrize("name", FEW)
    def test_a_few_from_top_to_bottom(self, name: str) -> None:
        """In columns that wrap."""
        check([load(name)], "block", DrawOptions(width="89mm", height="170mm", direction="vertical"))

    @pytest.mark.slow
    @pytest.mark.parametrize("width", ["89mm", "183mm"])
    @pytest.mark.parametrize("name", sorted(shipped_names()))
    def test_every_one(self, name: str, width: str) -> None:
        """All members of all families."""
        try:
            graph = load(name)
        except ArchError as error:
            if {each.code for each in error.diagnostics} <= {"library", "choose-member"}:
                pytest.skip("no network: templates, or a family whose members are tried by their names")
            raise
        check([graph], "block", DrawOptions(width=width, height="170mm"))

    @pytest.mark.slow
    @pytest.mark.parametrize("name", SHIPPED)
    def test_from_top_to_bottom(self, name: str) -> None:
        """On two columns, one of every family."""
        check([load(name)], "block", DrawOptions(width="183mm", height="170mm", direction="vertical"))


class TestLines:
    """Where a line of boxes is cut."""

    def test_what_fits_is_not_cut(self) -> None:
        """One line, as without a width."""
        free, narrow = (draw([load("alexnet")], level="block", options=DrawOptions(width=w)) for w in (None, "300mm"))
        assert free.dot == narrow.dot

    def test_without_a_width_nothing_is_cut(self) -> None:
        """However long it is."""
        scene, scale = fitted([load("googlenet")], "block", DrawOptions(), ())
        assert scale == 1
        assert size(scene)[0] / POINTS > 500

    def test_gates_and_shortcuts_are_never_cut(self) -> None:
        """A gate and the activation stay with their block, a joint with its fork."""
        scene, _ = fitted([load("alexresnet")], "block", DrawOptions(width="89mm"), ())
        for block, joint in zip(("block1", "block2"), (box for box in scene.boxes if box.kind == "sum"), strict=True):
            assert next(box.y for box in scene.boxes if box.name == block) == joint.y

    def test_networks_that_are_compared_go_on_together(self) -> None:
        """As the staves of a score: each line says whose it is and what shape comes in."""
        graphs = [load("resnet50"), load("se_resnet50")]
        scene, _ = fitted(graphs, "block", DrawOptions(width="89mm"), ())
        said = [text.text for text in scene.texts if "(continued)" in text.text]
        assert "resnet50 (continued), 256×56×56" in said
        assert len(said) % 2 == 0
        assert faults(scene) == []

    def test_a_value_is_tapped_across_lines(self, network: Callable[..., Graph]) -> None:
        """Around the lines between, outside of all boxes."""
        more = "\n".join(f"b{at}: {{layers: [{CONV}, relu, {CONV}]}}" for at in range(9))
        graph = network(f"{more}\ngate: {{se: {{squeeze: b0.out, hidden: 2}}}}")
        for direction in ("horizontal", "vertical"):
            options = DrawOptions(width="60mm", direction=direction)  # type: ignore[arg-type]  # both are
            scene, _ = fitted([graph], "block", options, ())
            assert faults(scene) == []
            assert draw([graph], level="block", options=options).svg()

    @pytest.mark.parametrize("name", ["se_resnet50", "googlenet", "ghostnet_100"])
    def test_a_legend_counts(self, name: str) -> None:
        """It stands below the figure and takes room; lines stand nearer where there would not be enough."""
        options = DrawOptions(width="89mm", height="170mm", legend=True)
        check([load(name)], "block", options)

    @pytest.mark.parametrize("names", [REPORT, ("alexnet", "alexresnet", "alexse_cross"), PLACEMENTS], ids="+".join)
    def test_lines_of_networks_that_are_compared_stand_nearer_where_they_must(self, names: tuple[str, ...]) -> None:
        """The report's three, and the four placements of the paper, in one column of a page."""
        scene, scale = fitted([load(name) for name in names], "block", DrawOptions(width="89mm"), ())
        assert smallest_text(scene)[0] * scale >= LEAST
        assert (faults(scene), close_lines(scene)) == ([], [])


class TestDirection:
    """How a figure is read."""

    def test_blocks_from_top_to_bottom(self) -> None:
        """Boxes of one width on one spine."""
        scene, _ = fitted([load("resnet50")], "block", DrawOptions(direction="vertical"), ())
        boxes = [box for box in scene.boxes if box.nodes]
        assert len({box.x for box in boxes}) == 1
        assert len({box.width for box in boxes}) == 1
        assert faults(scene) == []

    @pytest.mark.parametrize("name", ["alexresnet", "legacy_xception"])
    def test_a_projection_is_narrower_than_the_boxes_that_it_passes(self, name: str) -> None:
        """As at the level of layers."""
        scene, _ = fitted([load(name)], "block", DrawOptions(direction="vertical"), ())
        widest = max(box.width for box in scene.boxes if box.kind == "projection")
        assert widest < max(box.width for box in scene.boxes if box.kind == "conv")

    @pytest.mark.parametrize("name", [*SHIPPED, "ese_vovnet39b", "res2net50_26w_4s"])
    def test_of_every_family(self, name: str) -> None:
        """Without a fault."""
        assert faults(fitted([load(name)], "block", DrawOptions(direction="vertical"), ())[0]) == []

    def test_layers_have_one(self) -> None:
        """The answer says where the other one is had."""
        with pytest.raises(ArchError, match="layers are drawn from top to bottom") as caught:
            draw([load("alexnet")], options=DrawOptions(direction="horizontal"))
        assert caught.value.diagnostics[0].hint == "add --level block"


class TestHeight:
    """Room for the legend below a figure."""

    def test_alone_it_scales_or_cuts_into_columns(self) -> None:
        """AlexNet's layers at 100 mm."""
        scene, scale = fitted([load("alexnet")], "layer", DrawOptions(height="100mm"), ())
        assert size(scene)[1] * scale / POINTS <= 100.01
        assert faults(scene) == []

    def test_what_cannot_be_read_is_refused_with_both(self) -> None:
        """Width and height as they were asked for."""
        with pytest.raises(RunError, match="at 40mm × 2cm the text") as caught:
            draw([load("googlenet")], level="block", options=DrawOptions(width="40mm", height="2cm"))
        assert "or --direction vertical" in str(caught.value.hint)

    @pytest.mark.parametrize("wrong", ["89", "wide", "-3mm", "0mm", "1e9mm", "page"])
    def test_another_length_is_refused(self, wrong: str) -> None:
        """With an example and the units."""
        with pytest.raises(ArchError, match="`height` is a length such as `89mm`, not") as caught:
            draw([load("alexnet")], options=DrawOptions(height=wrong))
        assert caught.value.diagnostics[0].hint == "units are mm, cm, in and pt"

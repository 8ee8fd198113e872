"""What separates two networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lowering import load
from builder.variants.distance import distance

if TYPE_CHECKING:
    from pathlib import Path

    from builder.variants.distance import Distance


def changes(found: Distance) -> list[tuple[str, str]]:
    """Return kind and path of every layer that differs."""
    return [(each.kind, each.path) for each in found.layers]


class TestDistance:
    """Layers, blocks, sizes and costs, told once each."""

    def test_inserted_layers(self) -> None:
        """What stands behind an inserted layer reads it, which is no difference of its own."""
        found = distance(load("alexnet", classes=10), load("alexse_both"))
        assert changes(found) == [("added", "block1.se"), ("added", "block2.se")]
        assert [each.place for each in found.layers] == ["block1.conv2", "block2.conv2"]
        assert found.sizes == found.blocks == ()

    def test_another_number_of_classes(self) -> None:
        """Is one fact and one layer."""
        found = distance(load("alexnet"), load("alexnet", classes=10))
        assert found.sizes == (("classes", "1000", "10"),)
        assert changes(found) == [("changed", "classifier.linear3")]

    def test_a_shortcut_is_a_fact_of_its_block(self) -> None:
        """With what runs on it, and how it comes back."""
        found = distance(load("alexnet", classes=10), load("alexresnet"))
        assert [(each.path, each.what, each.before, each.after) for each in found.blocks] == [
            ("block1", "shortcut", "none", "Crop 1, 1 → Conv 1×1, 384, /2"),
            ("block1", "merge", "none", "add"),
            ("block2", "shortcut", "none", "Conv 1×1, 256"),
            ("block2", "merge", "none", "add"),
        ]

    def test_a_tap_from_elsewhere(self) -> None:
        """The same gate reads something else."""
        found = distance(load("alexse_both"), load("alexse_cross"))
        (reads,) = [each for each in found.layers if each.kind == "reads"]
        assert (reads.path, reads.before, reads.after) == (
            "block2.se",
            "block2.conv2",
            "block2.conv2, block1.activation",
        )

    def test_costs_of_the_whole_and_of_the_blocks_that_differ(self) -> None:
        """Sums of what their layers cost."""
        found = distance(load("alexnet", classes=10), load("alexse_block1"))
        assert [each.path for each in found.costs] == ["", "block1"]
        assert {each.after - each.before for each in found.costs} == {(18_840, 18_432, 262_752)}

    def test_another_name_is_no_difference(self, tmp_path: Path) -> None:
        """The same network with other words."""
        text = "name: one\ninput: [3, 8, 8]\nclasses: 2\nlayers:\n  {}: {{conv: {{out: 4, kernel: 3}}}}\n"
        tail = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"
        pages = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
        for page, name in zip(pages, ("a", "b"), strict=True):
            page.write_text(text.format(name) + tail)
        found = distance(*map(load, pages))
        assert found.is_same
        assert changes(found) == []

    def test_one_way_is_the_other_way_backwards(self) -> None:
        """What is added there is removed here."""
        one, other = load("resnet18"), load("resnet34")
        there, back = distance(one, other), distance(other, one)
        assert {each.path for each in there.layers} == {each.path for each in back.layers}
        assert {each.kind for each in there.layers} == {"added"}
        assert {each.kind for each in back.layers} == {"removed"}

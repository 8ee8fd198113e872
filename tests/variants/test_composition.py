"""Prices without lowering: equal to those of the pages, whatever is chosen wherever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.costs import graph_cost
from builder.identity import graph_id
from builder.lowering import load
from builder.variants import Sample, variants
from builder.variants.places import Places

if TYPE_CHECKING:
    from pathlib import Path

    from builder.variants import Variants
    from tests.variants.conftest import Written

LAYERS = {
    "a gate": "se: {reduction: 2}",
    "a gate that reads elsewhere": "se: {reduction: 2, squeeze: stem.out}",
    "what overwrites its input": "relu",
    "what keeps a copy of it": "silu",
    "what keeps a mask": "dropout",
    "what may be its input": "dropout: {p: 0}",
    "a view": "crop",
    "a convolution that keeps the shape": "conv: {out: $in, kernel: 3, padding: 1}",
    "a template with lanes": "Gate",
}


def composes(found: Variants) -> bool:
    """Return whether the variants are priced without lowering each of them."""
    return found._contexts[0]._composition is not None


def places_of_images(path: Path) -> list[str]:
    """Return every point and every layer at which an image of several channels passes."""
    inside = ("stem", "one", "stage", "wide", "gate")
    return [place.text for place in Places(load(path)) if place.text.startswith(inside)]


class TestEveryPlace:
    """Ids and prices of random choices among all places at once are those of the pages."""

    @pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
    def test_of_a_page_with_everything(self, layer: str, page: Written) -> None:
        """Shortcuts, nested blocks, branches and a tap; all points, and behind every layer."""
        path = page()
        places = places_of_images(path)
        if "squeeze" in layer:
            places = [each for each in places if not each.startswith("stem")]
        word, _, fields = layer.partition(": ")
        insert = {word: _fields(fields)} if fields else word
        found = variants(path, {"which": {"insert": insert, "among": places}}, sample=Sample(6, seed=1))
        assert composes(found)
        assert_as_lowered(found)

    def test_of_several_dimensions_with_choices(self, page: Written) -> None:
        """Two entries meet at one place in the order in which they are written."""
        space = {
            "gates": {"insert": ["Gate", {"se": {"reduction": [2, 4]}}], "among": ["one.*", "Unit.out", "wide.out"]},
            "noise": {"insert": {"dropout": {"p": [0.1, 0.5]}}, "among": ["Unit.out", "wide.out", "one.branch_in"]},
        }
        found = variants(page(), space, sample=Sample(12, seed=2))
        assert composes(found)
        assert_as_lowered(found)

    @pytest.mark.parametrize(
        ("name", "selector"),
        [
            ("resnet18", "BasicBlock.branch"),
            ("densenet121", "features.denseblock1.*"),
            ("mobilenet_v3_small", "features.*.*"),
            ("googlenet", "inception4a.out"),
            ("shufflenet_v2_x0_5", "stage2.*.out"),
        ],
    )
    def test_of_families(self, name: str, selector: str) -> None:
        """Dense concatenation, heads for training, channel shuffles."""
        found = variants(name, {"which": {"insert": "relu", "among": selector}}, sample=Sample(2, seed=3))
        assert composes(found)
        assert_as_lowered(found)


class TestWhatCannotBeComposed:
    """Where a layer changes more than its own place, every page is lowered; the answer is as right and comes later."""

    def test_a_layer_that_changes_the_shape(self, page: Written) -> None:
        """A pooling in front changes every shape behind it."""
        space = {"which": {"insert": {"maxpool": {"kernel": 2}}, "among": ["in", "stem.out"]}}
        found = variants(page(), space)
        assert not composes(found)
        assert [each.places for each in found] == [(), ("in",), ("stem.out",), ("in", "stem.out")]
        assert_as_lowered(found)

    def test_a_template_that_counts_its_instances(self, page: Written) -> None:
        """What one of them drops depends on how many there are."""
        path = page()
        text = path.read_text()
        path.write_text(text + "  Drop:\n    layers: [{stochasticdepth: {p: 0.2 * ($nth + 1) / $total}}]\n")
        found = variants(path, {"which": {"insert": "Drop", "among": "Unit.branch"}})
        assert not composes(found)
        assert len({each.id for each in found}) == 8
        assert_as_lowered(found)


def _fields(text: str) -> dict[str, object]:
    pairs = (each.split(": ") for each in text.strip("{}").split(", "))
    return {name: int(value) if value.isdigit() else value for name, value in pairs}


def assert_as_lowered(found: Variants) -> None:
    """Compare id and price of every variant with those of the network that its page gives."""
    count = 0
    for variant in found:
        count += 1
        assert variant.id == graph_id(variant.graph), variant.places
        assert variant.cost == graph_cost(variant.graph), variant.places
    assert count

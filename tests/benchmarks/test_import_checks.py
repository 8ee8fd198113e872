"""What is asked of an imported page beyond its outputs is found without the importer."""

from __future__ import annotations

import torch
import torchvision
from torch import nn

from benchmarks.import_checks import repeated_blocks, residual_sums, shortcut_sums
from benchmarks.import_names import evenly
from builder.lowering import lower, page_from_text

HEAD = "name: net\ninput: [3, 8, 8]\nclasses: 2\n"
TAIL = "  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


class Sums(nn.Module):
    """Additions of several kinds, around convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a sum with the input, one of two ways, one of three, and one whose way is read elsewhere too."""
        x = x + self.a(x)
        x = self.a(x) + self.b(x)
        x = self.a(x) + self.b(x) + self.c(x)
        inner = self.a(x)
        x = x + self.b(inner)
        return torch.cat([x, inner], 1) + 1


def _sums(page: str) -> int:
    return shortcut_sums(lower(page_from_text(HEAD + page + TAIL, "net.yaml"))).total()


class TestSums:
    """Which additions a ``shortcut`` can say."""

    def test_two_ways_from_one_value_are_one(self) -> None:
        """Three ways are branches, and a way that is read elsewhere has no block of its own."""
        assert residual_sums(Sums(), torch.zeros(2, 3, 8, 8)).total() == 2

    def test_a_residual_network_has_one_in_each_block(self) -> None:
        """Whether it changes its values in place or not, and on the meta device."""
        with torch.device("meta"):
            net = torchvision.models.resnet18()
            found = residual_sums(net, torch.zeros(2, 3, 64, 64))
        assert found == {(64, 16, 16): 2, (128, 8, 8): 2, (256, 4, 4): 2, (512, 2, 2): 2}

    def test_those_of_a_page_are_its_shortcuts(self) -> None:
        """Sums of branches and those that read an earlier value are none."""
        conv = "conv: {out: 3, kernel: 3, padding: 1}"
        assert _sums(f"layers:\n  a:\n    layers: [{conv}]\n    shortcut: identity\n") == 1
        assert _sums(f"layers:\n  a:\n    branches: [[{conv}], [{conv}]]\n    merge: add\n") == 0
        assert _sums(f"layers:\n  a: {{{conv}}}\n  b: {{join: {{from: in, by: add}}}}\n") == 0


class TestRepeats:
    """Which blocks stand on a page more than once."""

    def test_blocks_that_differ_in_numbers_are_equal(self) -> None:
        """Wherever they stand, also in a template."""
        page = "templates:\n  Unit:\n    params: {out: int}\n    layers: [prelu: $out, relu]\nlayers:\n"
        one, two = (f"  {name}:\n    layers: [prelu: {number}, relu]\n" for name, number in (("a", 3), ("b", 4)))
        assert repeated_blocks(page + "  c: {Unit: 3}\n") == []
        assert repeated_blocks(page + one) == ["Unit = a"]
        assert repeated_blocks("layers:\n" + one + two) == ["a = b"]
        inner = "".join(f"  {name}:\n    layers:\n      {name}: [tanh, relu]\n      {name}2: relu\n" for name in "cd")
        assert repeated_blocks("layers:\n" + inner) == ["c.layers.c = d.layers.d"]

    def test_lists_of_places_are_no_blocks(self) -> None:
        """Two layers may read the same ones."""
        joins = "".join(f"  {name}: {{join: {{from: [in, one]}}}}\n" for name in "ab")
        assert repeated_blocks("layers:\n" + joins) == []

    def test_equal_neighbors_are_a_repeat(self) -> None:
        """Two calls of a template with the same values."""
        page = "templates:\n  Unit: {layers: [tanh, relu]}\nlayers:\n  a:\n"
        assert repeated_blocks(page + "    - Unit: {}\n    - Unit: {}\n") == ["a"]
        assert repeated_blocks(page + "    - Unit: {}\n      repeat: 2\n") == []


class TestOrder:
    """Every beginning of the order is an even sample."""

    def test_the_first_of_many_are_far_apart(self) -> None:
        """Of a hundred, the first four lie in four different quarters, and so on."""
        names = [f"{each:03}" for each in range(100)]
        assert sorted(evenly(names)) == names
        assert evenly(names)[:8] == ["000", "064", "032", "096", "016", "080", "048", "008"]

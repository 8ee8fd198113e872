"""Names and keys of a page: every weight lies where the network has it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.importing.networks import imported
from tests.importing.norms import Around, SearchCell, page


class TwoSums(nn.Module):
    """Two sums of lanes that are activated, beside each other or one in the other."""

    def __init__(self, *, nested: bool) -> None:
        super().__init__()
        self.nested = nested
        self.a, self.b, self.c = (nn.Conv2d(8, 8, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels, or twice as many."""
        one = functional.relu(self.a(x) + self.b(x))
        if self.nested:
            return functional.relu(self.c(one) + x)
        return torch.cat([one, functional.relu(self.c(x) + x)], 1)


class Hidden(nn.Module):
    """Its modules begin with an underscore, and where it is ``spaced`` one has a name that no page can have."""

    def __init__(self, *, spaced: bool = False) -> None:
        super().__init__()
        self._conv = nn.Conv2d(8, 8, 1)
        self._more = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU())
        if spaced:
            self.add_module("a name", nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        one, two = self._conv(x), self._more(x)
        if hasattr(self, "a name"):
            one = self.get_submodule("a name")(one)
        return functional.relu(one * two) + one


class SharedGate(nn.Module):
    """Gates that one perceptron makes of the means and of the greatest values of the channels: CBAM."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        gates = self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3), keepdim=True).flatten(1))
        return x * torch.sigmoid(gates)[:, :, None, None]


class Inner(nn.Module):
    """A list of layers, and one behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8))
        self.act = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.act(self.layers(x))


class Lanes(nn.Module):
    """A residual sum with a projection, then the larger of two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(8, 8, 3, padding=1)
        self.d = nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8))
        self.a, self.b = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        x = functional.relu(self.c(x) + self.d(x))
        return torch.maximum(self.a(x), self.b(x))


class Threefold(nn.Module):
    """One module that runs three times."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.inner(self.inner(self.inner(x)))


class TestRepeats:
    """Modules that run more than once, with the same weights."""

    def test_every_layer_of_it_runs_again(self) -> None:
        """By its path from the block around both; what has no weights stands there once more."""
        text = page(Threefold(Inner()))
        assert text.count("conv_again: {reuse: {layer: inner.layers.conv1}}") == 1
        assert text.count("{reuse: {layer: inner.layers.batchnorm1}}") == 2

    def test_blocks_with_one_are_a_template(self) -> None:
        """A path inside a block is the same in each of them."""
        text = page(nn.Sequential(SharedGate(), SharedGate()))
        assert "    - SharedGate: {}\n      repeat: 2\n" in text
        assert text.count("reuse") == 2

    def test_lanes_that_meet_run_again_too(self) -> None:
        """As lanes of layers that run again, whatever they meet in."""
        text = page(Threefold(TwoSums(nested=True)))
        assert text.count("shortcut: identity") == 3
        assert text.count("{reuse: {layer: ") == 6
        joined = page(Threefold(Lanes()))
        assert joined.count("merge: max") == 3
        assert "{reuse: {layer: inner.residual.d.conv1}}" in joined
        assert "{reuse: {layer: inner.maximum.a}}" in joined


class Looped(nn.Module):
    """A residual sum for each layer of a list, the branch times a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.convs = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        for conv in self.convs:
            x = functional.relu(x + conv(x) * self.factor)
        return x


class Fused(nn.Module):
    """Each layer of a list added to the sum of those before, and all sums joined: hierarchical feature fusion."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = nn.ModuleList(nn.Conv2d(8, 2, 3, padding=hole, dilation=hole) for hole in (1, 2, 4, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        sums = [self.lanes[0](x)]
        for lane in self.lanes[1:]:
            y = lane(x)
            sums.append(y + sums[-1])
        return torch.cat(sums, 1)


class Named(nn.Module):
    """One convolution by two names, and pools that no module has."""

    def __init__(self, *, is_tied: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)
        self.features = nn.Sequential(nn.Conv2d(8, 8, 1) if is_tied else self.conv, nn.ReLU())
        if is_tied:
            self.features[0].weight = self.conv.weight
        self.pools = [nn.MaxPool2d(size, 1, size // 2) for size in (3, 5)]
        self.is_tied = is_tied

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return three times as many channels."""
        x = self.features(self.conv(x) if self.is_tied else x)
        return torch.cat([x, *(pool(x) for pool in self.pools)], 1)


class TestLists:
    """Modules in lists of PyTorch, and of Python."""

    def test_lanes_come_in_the_order_of_their_numbers(self) -> None:
        """Of two that are as long, the first is what ran first, whatever the sum says first."""
        text = page(Fused())
        assert text.index("padding: 1}") < text.index("dilation: 2}") < text.index("dilation: 4}")
        assert "join: {join: {from: [lanes.residual.residual2.conv1, lanes.residual.residual2.out, " in text

    @pytest.mark.parametrize("factor", [1.0, 0.5])
    def test_each_sum_of_a_list_keeps_the_numbers(self, factor: float) -> None:
        """An activation behind it takes none of them, nor does a factor."""
        assert page(Looped(factor)).count("shortcut: identity") == (1 if factor == 1 else 3)

    def test_a_module_of_two_names_is_called_as_where_it_runs(self) -> None:
        """The other name is left out; what is in a list of Python is the function that it is."""
        found = imported(Around(Named(is_tied=False), leaving=24))
        assert (found.is_equal, found.idle) == (True, ("inner.conv.weight", "inner.conv.bias"))
        assert "- maxpool: {kernel: 5" in found.text or "maxpool: {kernel: 5" in found.text

    def test_one_tensor_in_two_modules_is_not_said(self) -> None:
        """On a page the two would learn apart."""
        found = imported(Around(Named(is_tied=True), leaving=24))
        pair = "`inner.conv.weight` and `inner.features.0.weight`"
        assert found.unproven == f"{pair} are one tensor, and a page has one for each"


class TestCells:
    """Cells of architecture search, in which every node reads all earlier ones."""

    def test_equal_cells_are_a_template(self) -> None:
        """However their edges cross."""
        text = page(nn.Sequential(SearchCell(), SearchCell(), SearchCell()))
        assert "    - SearchCell: {}\n      repeat: 3\n" in text
        assert "rescale: {scale: 0.0}" in text


class TestNames:
    """What modules are called."""

    def test_underscores_stay(self) -> None:
        """Where Python has them in front, as the weights need them."""
        assert "_conv: {conv: {out: 8, kernel: 1}}" in page(Hidden())

    def test_what_reads_the_value_of_a_hole_reads_it_nowhere(self) -> None:
        """The hole is told, and not that something follows from it."""
        found = imported(Around(Hidden(spaced=True)))
        assert [hole.reason for hole in found.holes] == ["`a name` cannot be the name of a block"]


class TestActivations:
    """What stands behind a sum."""

    def test_only_one_block_of_a_module_has_an_activation(self) -> None:
        """It would have the key of the other's; behind the second sum it is a layer."""
        text = page(TwoSums(nested=False), leaving=16)
        assert text.count("activation: relu") == 1
        assert "relu: relu" in text

    def test_the_outer_one_has_it(self) -> None:
        """As the place before it is that of the whole block."""
        text = page(TwoSums(nested=True))
        assert "shortcut: identity\n    activation: relu" in text
        assert "relu: relu" in text

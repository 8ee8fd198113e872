"""What several operations are together: gates, and positions that are moved, left out and added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.importing.networks import imported
from tests.importing.norms import (
    AlongChannels,
    Around,
    Computing,
    Context,
    CoordinateGate,
    Dealt,
    Experts,
    GeneralizedMean,
    Halves,
    Margins,
    OneChannelEach,
    SplitWeights,
    ToDepth,
    page,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.importing.norms import Compute, Deal


class TestGates:
    """What is weighed by what."""

    def test_a_context_is_added_to_all_positions(self) -> None:
        """Its one position is repeated where the sum needs it, which is a shortcut."""
        text = page(Context())
        assert "scores: contextpool\n" in text
        assert "expandas: {expandas: {from: in}}" in text
        assert "shortcut: identity" in text

    def test_groups_in_parts_are_weighed_against_each_other(self) -> None:
        """Along the groups; along the parts there is no word for it."""
        assert "softmax: {groups: 4, cardinality: 2}" in page(SplitWeights())
        assert imported(Around(SplitWeights(dim=2))).holes

    def test_a_view_that_changes_nothing_is_none(self) -> None:
        """Channels of one position are not seen as a stack."""
        assert "merge: mul" in page(OneChannelEach())

    def test_a_convolution_along_the_channels_is_eca(self) -> None:
        """As its authors write it, with the means in a row between two transpositions."""
        assert "inner: {eca: {kernel: 3}}" in page(AlongChannels())

    @pytest.mark.parametrize(
        ("compute", "words"),
        [
            (
                lambda _, x: x.max(1)[0].unsqueeze(1) * torch.mean(x, 1).unsqueeze(1),
                {"channelmax", "channelmean"},
            ),
            (lambda _, x: x.max(dim=1, keepdim=True).values + x.mean(1, keepdim=True), {"channelmax", "channelmean"}),
            (lambda _, x: torch.max(x, dim=-3, keepdim=True)[0] * x.amax((1,)).unsqueeze(-3), {"channelmax"}),
        ],
    )
    def test_statistics_of_the_channels_are_images(self, compute: Compute, words: set[str]) -> None:
        """With the axis kept, or put back."""
        text = page(nn.Sequential(Computing(compute), nn.Conv2d(1, 8, 1)))
        assert {each for each in ("channelmax", "channelmean") if f"{each}: {each}" in text} == words

    @pytest.mark.parametrize(
        ("compute", "words"),
        [
            (lambda own, x: own.pool(x).squeeze(-1).squeeze(-1), ["adaptiveavgpool", "flatten"]),
            (lambda own, x: own.pool(x).squeeze(3).squeeze(2), ["adaptiveavgpool", "flatten"]),
            (lambda _, x: x.view(x.size(0), x.size(1), -1).mean(2), ["mean: {dims: [2, 3]}"]),
            (lambda _, x: x.flatten(2).mean(-1), ["mean: {dims: [2, 3]}"]),
            (lambda _, x: x.flatten(2).max(-1)[0], ["adaptivemaxpool", "flatten"]),
            (lambda _, x: x.amax((2, 3)), ["adaptivemaxpool", "flatten"]),
            (lambda own, x: own.pool(x)[:, :, 0, 0], ["adaptiveavgpool", "flatten"]),
            (lambda own, x: own.pool(x)[..., 0, 0], ["adaptiveavgpool", "flatten"]),
        ],
    )
    def test_one_number_of_each_channel_however_the_axes_go(self, compute: Compute, words: list[str]) -> None:
        """One after another, in one row, or both at once; and how they come back."""
        text = page(Computing(lambda own, x: x * torch.sigmoid(compute(own, x)).unsqueeze(-1).unsqueeze(-1)))
        assert all(word in text for word in [*words, "unflatten"])

    @pytest.mark.parametrize(
        "compute",
        [
            lambda _, x: torch.max(x, 1)[1].unsqueeze(1) * x,
            lambda _, x: torch.max(x, 2)[0].unsqueeze(2) * x,
            lambda _, x: x.mean(3).unsqueeze(3) * x,
        ],
    )
    def test_others_are_not_taken_for_them(self, compute: Compute) -> None:
        """Positions, other axes, and an axis put elsewhere."""
        assert not imported(Around(Computing(compute))).is_equal

    def test_gates_of_channels_and_of_positions_are_added(self) -> None:
        """Both are made as large as what they weigh (BAM)."""
        text = page(
            Computing(lambda own, x: x * torch.sigmoid(own.pool(x).expand_as(x) + x.mean(1, keepdim=True).expand_as(x)))
        )
        assert "expandas: {expandas: {from: in}}" in text
        assert "expandas2: {expandas: {from: in, channels: true}}" in text

    def test_what_is_enlarged_without_another_value_is_no_layer(self) -> None:
        """A sum of two such values has no place from which their size could be read."""
        found = imported(Around(Computing(lambda own, x: own.pool(x).expand(-1, -1, 16, 16).sigmoid())))
        assert not found.is_equal

    @pytest.mark.parametrize(("exponent", "word"), [(2, "square"), (0.5, "sqrt"), (-0.5, "rsqrt")])
    def test_some_powers_have_words(self, exponent: float, word: str) -> None:
        """With the same bits."""
        assert f"{word}: {word}\n" in page(Computing(lambda _, x: torch.sigmoid(x).pow(exponent)))

    @pytest.mark.parametrize(("hidden", "said"), [(8, ""), (4, "least: 4"), (5, "")])
    def test_gates_of_rows_and_columns_are_coordinate_attention(self, hidden: int, said: str) -> None:
        """As their authors write them, with any number of hidden channels."""
        text = page(CoordinateGate(hidden))
        assert "inner: coordinateattention\n" in text if hidden == 8 else "inner: {coordinateattention: {" in text
        assert said in text

    def test_a_generalized_mean_is_a_pool(self) -> None:
        """Where the exponent has a module of its own; elsewhere no key would fit."""
        assert "inner: gempool\n" in page(GeneralizedMean())
        assert "`pow` is no operation" in imported(Around(GeneralizedMean(apart=False))).holes[-1].reason


class TestModules:
    """Modules of PyTorch with the fields that pages have for them."""

    @pytest.mark.parametrize(
        ("module", "said", "leaving"),
        [
            (nn.InstanceNorm2d(8), "instancenorm\n", 8),
            (nn.InstanceNorm2d(8, affine=True, eps=0.001), "{instancenorm: {eps: 0.001, affine: true}}", 8),
            (nn.BatchNorm2d(8, affine=False), "{batchnorm: {affine: false}}", 8),
            (nn.GLU(dim=1), "glu\n", 4),
            (nn.Upsample(scale_factor=2, mode="bilinear"), "{upsample: {mode: bilinear}}", 8),
            (nn.Upsample(size=(32, 32)), "upsample\n", 8),
            (
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
                "{upsample: {mode: bilinear, align_corners: true}}",
                8,
            ),
        ],
    )
    def test_each_is_said_with_what_differs_from_its_defaults(self, module: nn.Module, said: str, leaving: int) -> None:
        """In the words of the page."""
        assert f"inner: {said}" in page(module, leaving)

    @pytest.mark.parametrize("module", [nn.InstanceNorm2d(8, track_running_stats=True), nn.GLU(dim=2)])
    def test_with_others_it_is_a_hole(self, module: nn.Module) -> None:
        """Which says that a page has it otherwise."""
        (hole,) = imported(Around(module)).holes
        assert hole.reason.endswith(": a page has it with other arguments only")

    @pytest.mark.parametrize("compute", [torch.maximum, torch.max, lambda a, b: a.max(b)])
    def test_the_larger_of_two_values_is_a_merge(self, compute: Callable[..., torch.Tensor]) -> None:
        """However it is called: maxout, as in LightCNN."""
        assert "merge: max" in page(Computing(lambda _, x: compute(x.sigmoid(), x.tanh())))


class TestActivations:
    """Functions that are written as arithmetic."""

    @pytest.mark.parametrize(
        ("compute", "word"),
        [
            (lambda own, x: own.relu6(x + 3) / 6, "hardsigmoid"),
            (lambda _, x: functional.relu6(3 + x) / 6.0, "hardsigmoid"),
            (lambda _, x: x.add(3).clamp_(0.0, 6.0).div_(6), "hardsigmoid"),
            (lambda _, x: functional.hardtanh(x + 3, 0, 6).div(6), "hardsigmoid"),
            (lambda own, x: x * own.relu6(x + 3) / 6, "hardswish"),
            (lambda _, x: functional.relu6(x + 3.0) * x / 6, "hardswish"),
        ],
    )
    def test_a_sixth_of_what_is_kept_under_six_is_hard(self, compute: Compute, word: str) -> None:
        """A sigmoid, or a swish, with the same bits."""
        assert f"inner: {word}\n" in page(Computing(compute))

    @pytest.mark.parametrize(
        "compute",
        [
            lambda own, x: own.relu6(x + 3) / 5,
            lambda own, x: own.relu6(x + 2) / 6,
            lambda _, x: x.add(3).clamp(1, 6) / 6,
            lambda own, x: own.relu6(x + 3) * own.pool(x) / 6,
        ],
    )
    def test_others_are_not(self, compute: Compute) -> None:
        """With other numbers, and times another value."""
        assert not any(word in imported(Around(Computing(compute))).text for word in ("hardsigmoid", "hardswish"))

    @pytest.mark.parametrize(
        ("compute", "said"),
        [
            (lambda _, x: x.clamp(0, 1), "inner: {hardtanh: {min: 0.0}}"),
            (lambda _, x: torch.clamp(x, max=1.5, min=-1.0), "inner: {hardtanh: {max: 1.5}}"),
            (lambda _, x: nn.Hardtanh(-2, 2)(x), "inner: {hardtanh: {min: -2.0, max: 2.0}}"),
            (lambda _, x: functional.hardtanh(x), "inner: hardtanh\n"),
            (lambda _, x: x.clamp(min=0), "inner: relu\n"),
        ],
    )
    def test_values_are_kept_between_numbers(self, compute: Compute, said: str) -> None:
        """By any of PyTorch's functions for it."""
        assert said in page(Computing(compute))


class TestConstants:
    """Tensors of which nothing is learned, and values that meet themselves."""

    @pytest.mark.parametrize(
        ("compute", "said"),
        [
            (lambda _, x: x + x, "{rescale: {scale: 2.0}}"),
            (lambda _, x: x * torch.tensor(0.5), "{rescale: {scale: 0.5}}"),
            (lambda _, x: x - torch.ones(1), "{rescale: {shift: -1.0}}"),
            (lambda _, x: x / 3, "{rescale: {divisor: 3.0}}"),
            (lambda _, x: x / torch.tensor(4.0), "{rescale: {scale: 0.25}}"),
            (lambda _, x: 1 - x, "{rescale: {scale: -1.0, shift: 1.0}}"),
        ],
    )
    def test_a_tensor_of_one_number_is_that_number(self, compute: Compute, said: str) -> None:
        """And twice a value has the same bits as its sum with itself."""
        assert said in page(Computing(compute))

    @pytest.mark.parametrize(("before", "after"), [(0, 8), (3, 5), (8, 0)])
    def test_zeros_that_are_joined_are_padding(self, before: int, after: int) -> None:
        """Before the channels, behind them, or both: option A of ResNet for CIFAR."""

        def joined(_: object, x: torch.Tensor) -> torch.Tensor:
            sizes = [size for size in (before, after) if size]
            zeros = [torch.zeros(x.size(0), size, *x.shape[2:], device=x.device) for size in sizes]
            return torch.cat([*zeros[: before > 0], x, *zeros[before > 0 :]], 1)

        text = page(Computing(joined), leaving=16)
        assert f"padchannels: {{out: 16, before: {before}}}" in text

    @pytest.mark.parametrize(
        "compute",
        [
            lambda own, x: torch.sigmoid(own.weight).view(1, 8, 1, 1) * x,
            lambda own, x: x - own.weight[:1].view(1, 1, 1, 1).expand(1, 8, 1, 1),
            lambda _, x: x / torch.arange(1.0, 9.0).view(1, 8, 1, 1),
        ],
    )
    def test_other_tensors_are_holes_by_themselves(self, compute: Compute) -> None:
        """What stands around them is said all the same."""
        inner = Computing(compute)
        inner.weight = nn.Parameter(torch.ones(8))
        found = imported(Around(nn.Sequential(nn.ReLU(), inner, nn.Sigmoid())))
        (hole,) = found.holes
        assert hole.reason.startswith("a tensor in it is no weight that a layer of a page has")
        assert ("relu" in found.text, "sigmoid" in found.text) == (True, True)

    def test_other_numbers_are_not(self) -> None:
        """Only zeros are padding."""
        found = imported(Around(Computing(lambda _, x: torch.cat([x, torch.ones_like(x)], 1)), leaving=16))
        assert not found.is_equal


class TestExperts:
    """What is mixed for each image."""

    @pytest.mark.parametrize("bias", [False, True])
    @pytest.mark.parametrize("margin", [(0, 0, 0, 0), (1, 1, 1, 1)])
    def test_kernels_of_experts_are_mixed_by_numbers_of_a_place(self, bias: bool, margin: tuple[int, ...]) -> None:
        """Each convolution goes on from what it convolves."""
        text = page(Experts(bias=bias, margin=margin))
        said = "{condconv: {from: sigmoid, out: 8, kernel: 3"
        assert text.count(said) == 2
        assert "read: {read: {from: in}}" in text
        assert "identity:" not in text
        assert ("pad: {pad: {top: 1, bottom: 1, left: 1, right: 1}}" in text) == bool(margin[0])


class TestPositions:
    """What is moved, left out and added."""

    @pytest.mark.parametrize(
        ("order", "said"),
        [((0, 3, 5, 1, 2, 4), "channelshuffle: {groups: 8}"), ((0, 1, 3, 5, 2, 4), "pixelunshuffle: {factor: 4}")],
    )
    def test_squares_of_positions_become_channels(self, order: tuple[int, ...], said: str) -> None:
        """In either order."""
        text = page(ToDepth(order), leaving=128)
        assert "pixelunshuffle: {factor: 4}" in text
        assert said in text

    @pytest.mark.parametrize(
        "deal",
        [
            lambda groups, shape: groups.transpose(1, 2).contiguous().view(shape),
            lambda groups, shape: groups.transpose(-3, 1).reshape(shape),
            lambda groups, shape: groups.transpose(dim0=2, dim1=1).reshape(shape[0], -1, *shape[2:]),
            lambda groups, shape: groups.permute(0, 2, 1, 3, 4).reshape(shape),
            lambda groups, _: groups.permute([0, 2, 1, -2, -1]).flatten(1, 2),
            lambda groups, _: torch.permute(groups.contiguous(), dims=(0, 2, 1, 3, 4)).flatten(1, 2),
        ],
    )
    def test_channels_are_dealt_among_groups(self, deal: Deal) -> None:
        """However Python exchanges the two axes."""
        assert "channelshuffle: {groups: 2}" in page(Dealt(deal))

    def test_axes_that_are_not_exchanged_are_a_hole(self) -> None:
        """The groups of a row in another order are no shuffle of channels."""
        found = imported(Around(Dealt(lambda groups, shape: groups.permute(0, 3, 2, 1, 4).reshape(shape))))
        assert not found.is_equal

    def test_a_block_that_ends_in_one_is_a_block(self) -> None:
        """With its lanes inside, so that equal blocks are repeated."""
        text = page(nn.Sequential(Halves(), Halves()))
        assert "    - Halves: {}\n      repeat: 2\n" in text

    def test_another_order_is_a_hole(self) -> None:
        """It is not taken for one that there is."""
        assert {hole.said for hole in imported(Around(ToDepth((0, 5, 3, 1, 2, 4)), leaving=128)).holes} == {"view"}

    @pytest.mark.parametrize(("margin", "said"), [((1, 1, 1, 1), "padding: 1"), ((0, 1, 0, 1), "ceil: true")])
    def test_what_is_lower_than_all_is_a_margin_of_the_pool(self, margin: tuple[int, ...], said: str) -> None:
        """Rows left out are a crop, and the blur of an image among zeros has its mode."""
        text = page(Margins(margin))
        assert f"maxpool: {{kernel: 3, stride: 2, {said}}}" in text
        assert "crop: {top: 1, left: 1}" in text
        assert "mode: constant" in text

"""The same bits every time, where a device does not give them by itself."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from builder.diagnostics import RunError
from builder.training.device.determinism import MatrixPooling, deterministic, set_workspace, with_matrix_pooling
from builder.training.device.execution import Execution
from builder.training.device.kinds import CPU, KINDS
from builder.training.device.precision import Precision
from builder.training.folder.run_folder import RunFolder
from builder.training.trainer import train

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe
    from tests.training.tiny_task import TinyNetwork


class TestDeterministic:
    """Torch's switches, for as long as it lasts."""

    def test_they_are_set_and_put_back(self) -> None:
        """Also where what is inside fails."""
        with deterministic():
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.backends.cudnn.deterministic
            assert not torch.backends.cudnn.benchmark
            assert not torch.utils.deterministic.fill_uninitialized_memory
        assert not torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.deterministic
        assert torch.utils.deterministic.fill_uninitialized_memory

    def test_what_has_no_such_way_is_named(self) -> None:
        """As torch names it."""
        with pytest.raises(RunError) as raised, deterministic():
            torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2), accumulate=False)
        assert raised.value.message == "`put_` has no deterministic version on this device"
        assert "leave out --deterministic" in str(raised.value.hint)

    def test_another_error_stays_what_it_is(self) -> None:
        """Shapes do not fit for other reasons."""
        with pytest.raises(RuntimeError, match="shapes"), deterministic():
            _ = torch.zeros(2, 3) @ torch.zeros(2, 3)

    def test_what_the_user_has_set_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The other size that cuBLAS repeats its bits with."""
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
        set_workspace()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


SIZES = st.integers(1, 17)


class TestMatrixPooling:
    """Adaptive average pooling whose gradients are deterministic on a GPU too, for every size."""

    @given(SIZES, SIZES, SIZES, SIZES)
    def test_it_is_torchs(self, height: int, width: int, rows: int, columns: int) -> None:
        """Windows that fit, that overlap, and that repeat what there is too little of; gradients too."""
        torch.manual_seed(0)
        images = torch.rand(2, 3, height, width, requires_grad=True)
        pooled, right = MatrixPooling((rows, columns))(images), adaptive_avg_pool2d(images, (rows, columns))
        assert torch.allclose(pooled, right, atol=1e-5)
        weights = torch.rand_like(right)
        ours, theirs = (torch.autograd.grad((each * weights).sum(), images)[0] for each in (pooled, right))
        assert torch.allclose(ours, theirs, atol=1e-5)

    @pytest.mark.parametrize("size", [2, (2, 3), (None, 2), (6, None)])
    def test_sizes_are_said_as_torch_takes_them(self, size: int | tuple[int | None, int | None]) -> None:
        """One for both, or None for what comes."""
        images = torch.rand(2, 3, 6, 6)
        pooling = with_matrix_pooling(nn.Sequential(nn.AdaptiveAvgPool2d(size)))
        assert torch.allclose(pooling(images), adaptive_avg_pool2d(images, size), atol=1e-6)

    def test_what_stays_as_large_keeps_its_bits(self) -> None:
        """AlexNet's at 224 px."""
        images = torch.rand(2, 3, 6, 6)
        assert torch.equal(with_matrix_pooling(nn.Sequential(nn.AdaptiveAvgPool2d((6, 6))))(images), images)

    @pytest.mark.parametrize("size", [1, (1, 1)])
    def test_to_one_number_it_stays_torchs(self, size: int | tuple[int, int]) -> None:
        """Which takes the mean, the same bits every time, and in many threads."""
        network = with_matrix_pooling(nn.Sequential(nn.AdaptiveAvgPool2d(size)))
        assert type(network[0]) is nn.AdaptiveAvgPool2d

    def test_sums_are_in_float32_whatever_the_format(self) -> None:
        """Under autocast too, where a product of matrices would round what it adds up."""
        images = torch.rand(2, 3, 7, 7).bfloat16()
        with torch.autocast("cpu", torch.bfloat16):
            pooled = MatrixPooling(3)(images)
        assert pooled.dtype == torch.bfloat16
        assert torch.equal(pooled, MatrixPooling(3)(images.float()).bfloat16())

    def test_names_of_weights_stay(self) -> None:
        """However deep it lies."""
        network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()))
        before = list(network.state_dict())
        assert list(with_matrix_pooling(network).state_dict()) == before
        assert not any(isinstance(each, nn.AdaptiveAvgPool2d) for each in network.modules())

    @pytest.mark.parametrize("kept", [True, False])
    def test_a_cpu_keeps_its_own(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kept: bool
    ) -> None:
        """Whose gradients are the same bits every time; so a deterministic run has the bits of any other."""
        monkeypatch.setitem(KINDS, "cpu", replace(CPU, has_deterministic_pooling=kept))
        network = nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9, 4))
        folder, execution = RunFolder.create(tmp_path, "tiny"), Execution(Precision(deterministic=True))
        train(network, data, recipe, folder, torch.device("cpu"), execution=execution)
        assert isinstance(network[0], nn.AdaptiveAvgPool2d) is kept


class TestTraining:
    """A run that is to be deterministic."""

    def test_it_is_trained_so_and_says_so(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, tmp_path: Path
    ) -> None:
        """What goes on with it reads it back."""
        folder, seen = RunFolder.create(tmp_path, "tiny"), []
        train(
            network,
            data,
            recipe,
            folder,
            torch.device("cpu"),
            lambda _event: seen.append(torch.are_deterministic_algorithms_enabled()),
            execution=Execution(Precision(deterministic=True)),
        )
        assert seen[-1]
        assert Precision.of_run(folder) == Precision(deterministic=True)
        assert not torch.are_deterministic_algorithms_enabled()

"""The same bits every time, where a device does not give them by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from builder.diagnostics import RunError
from builder.training.device.determinism import deterministic, set_workspace, with_even_pooling
from builder.training.device.execution import Execution
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


class TestEvenPooling:
    """Adaptive average pooling whose gradients are deterministic on a GPU too."""

    @pytest.mark.parametrize("size", [1, 2, 3, 6, (2, 3), (None, 2), (6, None)])
    def test_it_is_torchs(self, size: int | tuple[int | None, int | None]) -> None:
        """Wherever windows of one size fit."""
        images = torch.rand(2, 3, 6, 6)
        pooling = with_even_pooling(nn.Sequential(nn.AdaptiveAvgPool2d(size)))
        assert torch.allclose(pooling(images), adaptive_avg_pool2d(images, size), atol=1e-6)

    def test_what_stays_as_large_keeps_its_bits(self) -> None:
        """AlexNet's at 224 px."""
        images = torch.rand(2, 3, 6, 6)
        assert torch.equal(with_even_pooling(nn.Sequential(nn.AdaptiveAvgPool2d((6, 6))))(images), images)

    def test_windows_that_do_not_fit_stay_torchs(self) -> None:
        """Which then says on a GPU that it can't."""
        images = torch.rand(2, 3, 7, 7)
        pooling = with_even_pooling(nn.Sequential(nn.AdaptiveAvgPool2d(2)))
        assert torch.equal(pooling(images), adaptive_avg_pool2d(images, 2))

    def test_names_of_weights_stay(self) -> None:
        """However deep it lies."""
        network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()))
        before = list(network.state_dict())
        assert list(with_even_pooling(network).state_dict()) == before
        assert not any(isinstance(each, nn.AdaptiveAvgPool2d) for each in network.modules())


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

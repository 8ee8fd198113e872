"""How fast a step could be, against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from builder.training.device.kinds import DeviceKind
from builder.training.device.precision import PLAIN, Precision
from builder.training.recipe.optimizer import Adam, Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.roofline import Ceilings, Floor, Load, _sizes, floor, measure_ceilings

ALEXNET = Load(57_044_810, 710_133_440, 2_345_960)
H200 = Ceilings(4.3e12, 67e12)


def recipe(batch_size: int, momentum: float = 0.9) -> Recipe:
    """Return a recipe of SGD."""
    return Recipe(name="lab", epochs=1, batch_size=batch_size, optimizer=Sgd(name="sgd", lr=0.001, momentum=momentum))


class TestFloor:
    """The larger of what memory and products take."""

    @pytest.mark.parametrize(
        ("batch", "precision", "micro_seconds", "binds"),
        [
            (4, PLAIN, 451, "memory"),
            (32, PLAIN, 2035, "products"),
            (4, Precision("bf16"), 517, "memory"),
        ],
    )
    def test_alexnet_on_a_datasheet(self, batch: int, precision: Precision, micro_seconds: int, binds: str) -> None:
        """32 bytes a weight with momentum, 38 with bf16; 4.26 GFLOP and 28 or 14 MB an image."""
        least = floor(ALEXNET, recipe(batch), precision, H200)
        assert least.seconds == pytest.approx(micro_seconds * 1e-6, rel=0.01)
        assert least.binds == binds

    @pytest.mark.parametrize(
        ("optimizer", "bytes_a_weight"),
        [
            (Sgd(name="sgd", lr=0.1), 24),
            (Sgd(name="sgd", lr=0.1, momentum=0.9), 32),
            (Adam(name="adam", lr=0.1), 40),
        ],
    )
    def test_an_optimizer_moves_what_it_remembers(self, optimizer: Sgd | Adam, bytes_a_weight: int) -> None:
        """Nothing, one number or two for each weight, read and written."""
        given = recipe(1).model_copy(update={"optimizer": optimizer})
        assert floor(Load(1000, 0, 0), given, PLAIN, Ceilings(1.0, 1.0)) == Floor(1000.0 * bytes_a_weight, 0.0)


class TestMeasureCeilings:
    """By trying."""

    def test_it_is_what_a_machine_can_do(self, cpu: torch.device) -> None:
        """More than a megabyte and less than a petabyte a second, and so on."""
        found = measure_ceilings(cpu, PLAIN)
        assert 1e6 < found.bytes_per_second < 1e15
        assert 1e6 < found.flops < 1e18


class TestSizes:
    """What is copied and multiplied to measure a GPU."""

    @pytest.mark.parametrize("gigabytes", [0, 1, 2, 4, 8, 16, 80, 141])
    def test_it_takes_a_quarter_of_what_is_free_at_most(self, monkeypatch: pytest.MonkeyPatch, gigabytes: int) -> None:
        """Beside the networks that were measured; and stays larger than caches as long as there is room."""
        monkeypatch.setattr(DeviceKind, "free_memory", lambda _kind, _device: gigabytes * 10**9)
        count, side = _sizes(torch.device("cuda"))
        taken = 4 * (2 * count + 3 * side**2)
        assert taken <= gigabytes * 10**9 // 4 or taken < 20 * 10**6
        assert (count == 2**28) is (gigabytes >= 16)

    def test_where_it_is_not_told_it_is_believed_to_be_enough(self) -> None:
        """As on Apple's."""
        assert _sizes(torch.device("mps")) == (2**28, 8192)

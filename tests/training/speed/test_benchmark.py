"""How fast a network trains: who is measured, and how times become ratios."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING
from weakref import WeakSet

import pytest
import torch
from torch.utils.data import DataLoader

from builder.training.data.batches import Batches
from builder.training.device.devices import Hardware
from builder.training.device.execution import Execution
from builder.training.device.kinds import CPU, DeviceKind
from builder.training.device.precision import PLAIN, Precision
from builder.training.recipe.recipe import Normalize
from builder.training.speed import benchmark
from builder.training.speed.benchmark import NAMES, Other, Task, Times, alternatives, measure, random_images
from builder.training.speed.tutorial import PilImages, Tutorial
from tests.training.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe
    from tests.training.tiny_task import TinyNetwork


class TestTimes:
    """Seconds an image, one value a round."""

    def test_speed_is_the_median(self) -> None:
        """What disturbs a single round does not show."""
        assert Times((0.5, 0.25, 8.0)).images_per_second == 2.0

    def test_a_ratio_is_of_pairs(self) -> None:
        """A round in which everything took ten times as long says the same as the others."""
        ratio = Times((1.0, 10.0, 1.0, 1.0)).ratio_to(Times((2.0, 20.0, 2.0, 4.0)))
        assert ratio.median == 2.0
        assert 1.9 < ratio.low <= ratio.median <= ratio.high <= 4.0


class TestTutorial:
    """The loop that we are measured against does the same work."""

    @pytest.mark.parametrize("crop_pct", [1.0, 0.75])
    def test_its_images_are_ours(self, data: DataSet, recipe: Recipe, cpu: torch.device, crop_pct: float) -> None:
        """Through PIL, resized and cut: the same bits."""
        sized = recipe.model_copy(
            update={"size": 12, "crop_pct": crop_pct, "normalize": Normalize(mean=(0.4,), std=(0.2,))}
        )
        theirs = torch.cat([images for images, _ in DataLoader(PilImages(data.train, sized), 16)])
        assert torch.equal(theirs, torch.cat([each.images for each in Batches(data.train, sized, cpu).in_order()]))

    def test_it_learns(self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device) -> None:
        """A loop that trained nothing would be fast."""
        before = deepcopy(network.state_dict())
        Tutorial(network, data.train, recipe, cpu).train(2)
        assert not torch.equal(before["head.weight"], network.state_dict()["head.weight"])
        assert int(network.norm.num_batches_tracked) == 2


class TestMeasure:
    """All in turns, on the same images."""

    def test_everyone_has_a_time_in_every_round(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ours, the tutorial's and the other steps; the network itself is not trained."""
        monkeypatch.setattr(benchmark, "TURN", 0.001)
        before, heard = deepcopy(network.state_dict()), []
        task = Task(network, data.train[:64], recipe, cpu)
        execution = Execution(Precision("bf16"))
        measured = measure(task, execution, [PLAIN, Precision("bf16")], 0.001, on_round=heard.append)
        found = measured.times
        assert set(found) == set(NAMES)
        assert {len(each.rounds) for each in found.values()} == {3}
        assert all(seconds > 0 for each in found.values() for seconds in each.rounds)
        (name, other), *_ = measured.others.items()
        assert (name, len(measured.others), other.failure) == ("fp32, contiguous", 1, None)
        assert len(other.times.rounds) == 3
        assert heard == sorted(heard)
        assert heard[-1] == 1.0
        assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())

    def test_where_steps_are_a_graph_those_without_are_measured_too(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that what it gains is a number of the same run."""
        monkeypatch.setattr(benchmark, "TURN", 0.001)
        monkeypatch.setattr(benchmark, "recorder_for", lambda _device: StandIn())
        task = Task(network, data.train[:64], recipe, cpu)
        measured = measure(task, Execution(), [Precision("bf16")], 0.001)
        assert measured.step.kind == "CUDA graph"
        assert set(measured.others) == {"bf16, contiguous", "fp32, contiguous, eager"}
        assert measure(task, Execution(step="eager"), [], 0.001).others == {}

    def test_the_others_are_measured_one_after_the_other(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each with its weights, gradients and momentum: all at once would fill the memory of a small GPU."""
        monkeypatch.setattr(benchmark, "TURN", 0.001)
        alive, most = WeakSet[torch.nn.Module](), []
        made = benchmark.EagerStep

        def counted(model: torch.nn.Module, *more: object) -> object:
            alive.add(model)
            most.append(len(alive))
            return made(model, *more)

        monkeypatch.setattr(benchmark, "EagerStep", counted)
        others = [Precision("bf16"), Precision("bf16", "channels_last"), Precision("fp32", "channels_last")]
        measure(Task(network, data.train[:64], recipe, cpu), Execution(), others, 0.001)
        assert most == [1, 2, 2, 2], "the chosen one, and one beside it"

    def test_too_little_memory_for_one_of_them_is_its_row(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And the rest is measured."""
        monkeypatch.setattr(benchmark, "TURN", 0.001)
        made = benchmark.make_optimizer
        steps = iter([None, torch.OutOfMemoryError("CUDA out of memory."), None])

        def failing(*arguments: object) -> object:
            error = next(steps)
            if error is not None:
                raise error
            return made(*arguments)

        monkeypatch.setattr(benchmark, "make_optimizer", failing)
        others = [Precision("bf16"), Precision("fp32", "channels_last")]
        found = measure(Task(network, data.train[:64], recipe, cpu), Execution(), others, 0.001).others
        assert found["bf16, contiguous"] == Other(failure="too little memory")
        assert found["fp32, channels_last"].failure is None

    def test_what_a_gpu_can_not_compute_is_its_row(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In its driver's words; on a CPU, where all of them are computed, it is a mistake of ours."""
        monkeypatch.setattr(benchmark, "TURN", 0.001)
        made, refused = benchmark.make_optimizer, TypeError("MPS does not support bfloat16\nmore")
        for kind, failure in ((DeviceKind("cpu"), "MPS does not support bfloat16"), (CPU, None)):
            steps = iter([None, refused])

            def failing(*arguments: object, steps: Iterator[Exception | None] = steps) -> object:
                error = next(steps)
                if error is not None:
                    raise error
                return made(*arguments)

            monkeypatch.setattr(benchmark, "make_optimizer", failing)
            monkeypatch.setattr(benchmark, "kind_of", lambda _, kind=kind: kind)
            monkeypatch.setattr(DeviceKind, "empty_cache", lambda _: None)
            task = Task(network, data.train[:64], recipe, cpu)
            with nullcontext() if failure else pytest.raises(TypeError):
                found = measure(task, Execution(), [Precision("bf16")], 0.001).others
                assert found["bf16, contiguous"].failure == failure

    def test_noise_looks_like_cifar(self) -> None:
        """So that nothing has to be downloaded."""
        noise = random_images(20, 3)
        assert noise.train.images.shape == (20, 3, 32, 32)
        assert noise.train.images.dtype == torch.uint8
        assert noise.train.labels.bincount().tolist() == [2] * 10

    def test_tf32_is_tried_where_there_is_any(self) -> None:
        """Each format in each layout."""
        assert [str(each) for each in alternatives(Hardware("cpu"))] == [
            "fp32, contiguous",
            "fp32, channels_last",
            "bf16, contiguous",
            "bf16, channels_last",
        ]
        assert Precision("tf32") in alternatives(Hardware("cuda", has_tf32=True, has_bf16=True))

    def test_what_a_gpu_only_emulates_is_not_tried(self) -> None:
        """Turing's libraries have no convolutions in bf16: the first step would end in an error."""
        assert {each.format for each in alternatives(Hardware("cuda"))} == {"fp32"}

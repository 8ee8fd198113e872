"""A short measurement before a study: which images there are, and how long one image of training takes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

from builder.ops.plugins import with_plugins
from builder.runs.images import groups_of_tests, load_shared
from builder.runs.prepare import Shared, TrainOptions, prepare, train_prepared
from builder.study.results.result import TrueLabels
from builder.study.workers.resources import check_memory, workers_for
from builder.training.device.devices import choose_device, describe_device, left_out
from builder.training.device.kinds import kind_of
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    import torch

    from builder.ops import Operations
    from builder.study.page.page import Study
    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe

ENOUGH = 1.5
"""Seconds of training that are measured for each network."""

_FIRST = 2
"""Batches of the first, unmeasured try, in which everything is made ready."""

_LEAST_SHARE = 0.02
"""Of the clock's time, what a measurement has computed at least; less says nothing."""


@dataclass(frozen=True, eq=False)
class Pilot:
    """The images of a study on a device, ready to measure networks with; ``groups`` are those of its test images."""

    data: DataSet
    device: torch.device
    recipe: Recipe
    operations: Operations
    groups: tuple[int, ...] | None = None

    @property
    def device_name(self) -> str:
        """The device as a person names it, without the number of threads."""
        name = describe_device(self.device)
        return name.partition(" (")[0] if kind_of(self.device).is_host else name

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to say of the device: why a better one, which nobody asked to be left out, was not taken."""
        why = left_out()
        return () if why is None else (f"{why}; computing on the CPU",)

    @property
    def true_labels(self) -> TrueLabels:
        """The labels of the test split, and its groups."""
        assert self.data.test is not None, "load_shared sees to it"
        groups = None if self.groups is None else np.array(self.groups, np.intp)
        return TrueLabels(self.data.classes, self.data.test.labels.numpy().astype(np.uint16), groups)

    @property
    def observations(self) -> int | None:
        """How many groups of test images there are; None where each image is one observation."""
        return None if self.groups is None else len(set(self.groups))

    def check_memory(self, network: str, memory: int) -> None:
        """Raise RunError where a cell of ``network``, which keeps ``memory`` bytes for an image, does not fit."""
        if kind_of(self.device).is_host:
            check_memory(network, memory * self.recipe.batch_size)

    def workers(self, memory: int) -> int:
        """Return how many cells fit side by side whose network keeps ``memory`` bytes for an image.

        On a CPU that is one for each core, with one thread each; on GPUs one for each.
        """
        kind = kind_of(self.device)
        if not kind.is_host:
            return max(1, kind.count())
        return workers_for(memory * self.recipe.batch_size)

    def seconds(self, page: str) -> float:
        """Return the seconds that training on one image takes for the network of ``page``, on one thread of a CPU.

        There they are the processor's, which other programs on the machine do not lengthen.
        Where images grow, that is the mean over all epochs, those between the first size and the last by their pixels.
        Raises RunError where the network can't be trained with these images.
        """
        last = self.recipe.side
        largest = self._seconds_at(page, last)
        if last is None or not self.recipe.sides:
            return largest
        first = self.recipe.sides[0]
        smallest = self._seconds_at(page, first)
        parts = [(side**2 - first**2) / (last**2 - first**2) for side in self.recipe.sides]
        return smallest + (largest - smallest) * sum(parts) / len(parts)

    def _seconds_at(self, page: str, side: int | None) -> float:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "page.yaml").write_text(page, "utf-8")
            rate = self._images_per_second(place, "first", _FIRST * self.recipe.batch_size, side)
            return 1 / self._images_per_second(place, "second", round(rate * ENOUGH), side)

    def _images_per_second(self, place: Path, name: str, images: int, side: int | None) -> float:
        train = self.data.train
        count = min(len(train), max(images, _FIRST * self.recipe.batch_size))
        few = replace(self.data, train=train[:count], validation=train[: self.recipe.batch_size], test=None)
        recipe = self.recipe.model_copy(update={"epochs": 1, "size": side})
        asked = TrainOptions(page=str(place / "page.yaml"), recipe=recipe, threads=1)
        ready = prepare(asked, shared=Shared(few, self.device, self.operations))
        clock, computed = perf_counter(), process_time()
        summary = train_prepared(ready, RunFolder.create(place, name))
        assert summary.images_per_second is not None, "it has trained"
        share = (process_time() - computed) / (perf_counter() - clock) if kind_of(self.device).is_host else 1.0
        return summary.images_per_second / min(1.0, max(share, _LEAST_SHARE))


def begin_pilot(study: Study, data_dir: Path, device: str) -> Pilot:
    """Return the pilot of ``study``; raise RunError for data, their groups or a device that can't be had."""
    chosen = choose_device(None if device == "auto" else device)
    images = load_shared(study.data, data_dir, study.recipe.resize, study.test)
    groups = None if study.groups is None else tuple(groups_of_tests(data_dir, study.groups, study.test))
    return Pilot(images, chosen, study.recipe, with_plugins(study.plugins), groups)

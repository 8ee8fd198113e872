"""What a network answers to image files, a batch at a time: each is prepared as the validation images are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError
from builder.training.data.image_file import read_square
from builder.training.data.transforms import Normalizer, resized
from builder.training.device.determinism import with_deterministic_pooling
from builder.training.device.devices import describe_device
from builder.training.device.failures import is_out_of_memory
from builder.training.device.precision import PLAIN, Precision
from builder.training.evaluation.evaluate import judged_logits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from torch import nn

    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Answer:
    """The class (from 0) that a network gives an image file, and the probability of every class: the softmax's."""

    file: Path
    answer: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Unreadable:
    """A file that can't be read as an image, and why, in a sentence that names it."""

    file: Path
    reason: str


class Predictor:
    """Answers image files with a network in evaluation mode; at any time it holds a single batch of them."""

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        channels: int,
        device: torch.device,
        precision: Precision = PLAIN,
        *,
        gray: bool = False,
    ) -> None:
        """Prepare images as ``recipe`` says, with its ``size``; ``gray`` ones are repeated to ``channels``.

        Raises RunError where image files, which have one channel or three, can't be given ``channels``, or the recipe
        normalizes another number of them.
        """
        if channels not in {1, 3} and not gray:
            message = f"the network takes images of {channels} channels, and image files have 1 (gray) or 3 (RGB)"
            raise RunError(message)
        assert recipe.resize is not None, "the recipe has been given the page's size"
        self._model = model.to(device).to(memory_format=precision.memory_format).eval()
        if precision.deterministic:
            with_deterministic_pooling(model, device)
        self._recipe, self._side, self._channels = recipe, recipe.resize, channels
        self._gray = gray or channels == 1
        self._device, self._precision = device, precision
        self._normalizer = Normalizer(recipe.normalize, channels, device)

    def answers(self, files: Sequence[Path], batch_size: int) -> Iterator[list[Answer | Unreadable]]:
        """Yield for every ``batch_size`` files what is answered to each; a file that can't be read stops nothing.

        Raises RunError where a batch does not fit into the memory.
        """
        for start in range(0, len(files), batch_size):
            yield self._batch(files[start : start + batch_size])

    def _batch(self, files: Sequence[Path]) -> list[Answer | Unreadable]:
        found: dict[int, Answer | Unreadable] = {}
        images: dict[int, torch.Tensor] = {}
        for place, file in enumerate(files):
            try:
                images[place] = self._image(file)
            except RunError as error:
                found[place] = Unreadable(file, error.message)
        if images:
            answers = self._answers_to(torch.stack(list(images.values())))
            found |= {place: Answer(files[place], *each) for place, each in zip(images, answers, strict=True)}
        return [found[place] for place in range(len(files))]

    def _image(self, file: Path) -> torch.Tensor:
        """Return the image as uint8 (C, size, size)."""
        square = read_square(file, self._side, gray=self._gray).unsqueeze(0)
        return resized(square, self._recipe)[0].expand(self._channels, -1, -1)

    @torch.inference_mode()
    def _answers_to(self, images: torch.Tensor) -> list[tuple[int, tuple[float, ...]]]:
        """Return the class and the probabilities of each of the uint8 ``images`` (N, C, size, size)."""
        try:
            with self._precision.on(self._device):
                normalized = self._normalizer(images.to(self._device))
                laid_out = normalized.to(memory_format=self._precision.memory_format)
                logits = judged_logits(self._model, laid_out, self._recipe)
                shares, answers = logits.float().softmax(1).tolist(), logits.argmax(1).tolist()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            where = f"{describe_device(self._device)} has too little memory"
            raise RunError(f"{where} for {len(images):,} images at a time", "try a smaller `--batch-size`") from error
        return [(answer, tuple(each)) for answer, each in zip(answers, shares, strict=True)]

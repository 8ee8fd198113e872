"""How good a network is on one split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy, pad

from builder.diagnostics import RunError
from builder.training.data.batches import Batches
from builder.training.device.failures import is_device_failure, is_out_of_memory
from builder.training.device.precision import PLAIN
from builder.training.steps.step import outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from builder.training.data.dataset import Split
    from builder.training.evaluation.mistakes import Mistakes
    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Evaluation:
    """Mean cross entropy, and how often each class was taken for each.

    ``confusion[true][answer]`` counts images; it is square, with a row for each output of the network.
    """

    loss: float
    confusion: tuple[tuple[int, ...], ...]

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of images whose class was found, from 0 to 1."""
        return sum(row[label] for label, row in enumerate(self.confusion)) / self.images

    @property
    def class_accuracy(self) -> tuple[float | None, ...]:
        """The same for each class, None where there is no image of it."""
        return tuple(row[label] / sum(row) if any(row) else None for label, row in enumerate(self.confusion))


def evaluate(model: nn.Module, split: Split, recipe: Recipe, device: torch.device) -> Evaluation:
    """Return how good ``model`` (on ``device``) is on ``split``, its images prepared as ``recipe`` says.

    Raises RunError if the network can't take these images, or has fewer outputs than they have classes.
    """
    batches = Batches(split, recipe, device)
    check_fit(model, batches)
    return evaluate_batches(model, batches)


@torch.inference_mode()
def evaluate_batches(
    model: nn.Module,
    batches: Batches,
    after_batch: Callable[[int], None] | None = None,
    mistakes: Mistakes | None = None,
) -> Evaluation:
    """Return how good ``model`` is on ``batches`` in true float32, and note its mistakes where that is asked for.

    ``after_batch`` is called with how many are done, and may raise.
    """
    with PLAIN.on(batches.device):
        return _evaluated(model, batches, after_batch, mistakes)


def _evaluated(
    model: nn.Module, batches: Batches, after_batch: Callable[[int], None] | None, mistakes: Mistakes | None
) -> Evaluation:
    model.eval()
    losses, counts = [], []
    for step, images, labels, _ in batches.in_order():
        logits = judged_logits(model, images, batches.recipe)
        losses.append(cross_entropy(logits, labels, reduction="sum"))
        counts.append(_confusion(labels, logits))
        if mistakes is not None:
            mistakes.add(labels, logits)
        if after_batch is not None:
            after_batch(step + 1)
    loss = batches.group.all_reduce(torch.stack(losses).cpu().double().sum())
    confusion = batches.group.all_reduce(torch.stack(counts).cpu().sum(0))
    return Evaluation(float(loss) / len(batches.split), tuple(map(tuple, confusion.tolist())))


def _confusion(labels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return, for each class, how often it was taken for each; an image without a label counts nowhere."""
    classes = logits.shape[1]
    places = (labels * classes + logits.argmax(1)).clamp(min=-1) + 1
    return torch.bincount(places, minlength=classes**2 + 1)[1:].view(classes, classes)


@torch.inference_mode()
def check_fit(model: nn.Module, batches: Batches) -> None:
    """Raise RunError if ``model`` can't take one image of ``batches`` or has too few outputs for their labels."""
    image = batches.first_images(1)
    shape = "×".join(str(size) for size in image.shape[1:])
    model.eval()
    try:
        with batches.precision.autocast(image.device):
            logits = outputs(model(image))[0]
    except (RuntimeError, ValueError) as error:
        if is_out_of_memory(error) or is_device_failure(error):
            raise  # nothing that the page or the recipe could mend
        message = f"the network does not take images of {shape}: {str(error).splitlines()[0]}"
        raise RunError(message, "compare with the page's `input`, and the recipe's `size`") from error
    classes = int(batches.split.labels.max()) + 1
    if logits.dim() != 2 or logits.shape[1] < classes:
        given = "×".join(str(size) for size in logits.shape[1:])
        raise RunError(f"the network gives {given} numbers for an image, and the data have {classes} classes")


@torch.inference_mode()
def predict(model: nn.Module, batches: Batches) -> torch.Tensor:
    """Return what ``model`` answers to each image of ``batches``: logits (images, classes) in main memory.

    They are computed in true float32, as ``evaluate_batches`` does.
    """
    model.eval()
    with PLAIN.on(batches.device):
        answers = (judged_logits(model, images, batches.recipe) for _, images, *_ in batches.in_order())
        return torch.cat([each.cpu() for each in answers])


def judged_logits(model: nn.Module, images: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return the logits (N, classes) by which ``model`` is judged: with test-time flips the mean over both sides.

    With shifts it is that over the image, which counts half, and over two that are shifted to opposite corners.
    https://arxiv.org/abs/2404.00498, section 3.5
    """
    logits, shift = _over_sides(model, images, recipe), recipe.test_time_shift
    if not shift:
        return logits
    height, width = images.shape[2:]
    padded = pad(images, (shift, shift, shift, shift), mode="reflect")
    first = _over_sides(model, padded[..., :height, :width], recipe)
    second = _over_sides(model, padded[..., 2 * shift :, 2 * shift :], recipe)
    return logits / 2 + (first + second) / 4


def _over_sides(model: nn.Module, images: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    logits = outputs(model(images))[0]
    if not recipe.test_time_flip:
        return logits
    return (logits + outputs(model(images.flip(-1)))[0]) / 2

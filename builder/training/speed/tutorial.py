"""The loop that everybody begins with, as PyTorch's tutorials have it: what ours is measured against.

https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html: PIL images through torchvision's
transforms in a ``DataLoader``, float32, the optimizer as it comes, and the loss read at every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

from builder.training.steps.optimizers import torch_class
from builder.training.steps.step import outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.training.data.dataset import Split
    from builder.training.recipe.recipe import Recipe


class PilImages(Dataset[tuple[torch.Tensor, int]]):
    """A split as torchvision's data sets give it out: each image made a PIL image, then transformed."""

    def __init__(self, split: Split, recipe: Recipe) -> None:
        """Take the images as the arrays that torchvision's data sets hold."""
        self._arrays = split.images.permute(0, 2, 3, 1).contiguous().numpy()
        self._labels = split.labels.tolist()
        self._transform = _transforms(recipe, split.images.shape[-1])

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Return one transformed image and its label."""
        from PIL import Image  # noqa: PLC0415 - only a benchmark needs it

        array = self._arrays[index]
        image = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
        return self._transform(image), self._labels[index]


class Tutorial:
    """The plain loop over a split, without an end: each call goes on where the last one stopped."""

    def __init__(self, model: nn.Module, split: Split, recipe: Recipe, device: torch.device, workers: int = 0) -> None:
        """Train ``model``, which must be on ``device``."""
        self._model, self._device = model, device
        self._loader = DataLoader(
            PilImages(split, recipe),
            recipe.batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        self._batches = self._endless()
        self._criterion = nn.CrossEntropyLoss()
        self._optimizer = _optimizer(recipe, model)
        self._running_loss, self._running_corrects = 0.0, torch.zeros((), device=device)
        self._one = next(self._batches)

    def data(self, steps: int) -> None:
        """Take the batches of ``steps``, and do nothing with them."""
        for _ in range(steps):
            next(self._batches)

    def step(self, steps: int) -> None:
        """Train ``steps`` times on one batch."""
        for _ in range(steps):
            self._train_on(*self._one)

    def train(self, steps: int) -> None:
        """Train on the batches of ``steps``."""
        for _ in range(steps):
            self._train_on(*next(self._batches))

    def _train_on(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        self._model.train()
        inputs, labels = inputs.to(self._device), labels.to(self._device)
        self._optimizer.zero_grad()
        answers = outputs(self._model(inputs))[0]
        loss = self._criterion(answers, labels)
        loss.backward()
        self._optimizer.step()
        self._running_loss += loss.item() * len(inputs)
        self._running_corrects += torch.sum(answers.argmax(1) == labels)

    def _endless(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            yield from self._loader


def _transforms(recipe: Recipe, side: int) -> Any:
    """Return what the recipe says of images as torchvision composes it."""
    from torchvision import transforms  # noqa: PLC0415 - takes seconds, and only a benchmark needs it

    size = recipe.side or side
    steps: list[Any] = []
    if (recipe.resize or side) != side:
        steps.append(transforms.Resize(recipe.resize))
    if size != (recipe.resize or side):
        steps.append(transforms.CenterCrop(size))
    if recipe.augment.crop_padding:
        augment = recipe.augment
        steps.append(transforms.RandomCrop(size, padding=augment.crop_padding, padding_mode=augment.padding_mode))
    if recipe.augment.flip:
        steps.append(transforms.RandomHorizontalFlip())
    normalize = transforms.Normalize(recipe.normalize.mean, recipe.normalize.std)
    return transforms.Compose([*steps, transforms.ToTensor(), normalize])


def _optimizer(recipe: Recipe, model: nn.Module) -> optim.Optimizer:
    settings = recipe.optimizer
    make = torch_class(settings)
    return make(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, **settings.arguments())

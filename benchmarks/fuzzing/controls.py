"""A planted mistake for each kind of file, as one of ours might be: what proves that the search finds something.

Each stands behind a condition or two that no seed meets; the search is guided through them as through our own code,
because this module is instrumented too.
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def plant(kind: str) -> None:
    """Put the mistake of ``kind`` behind the function where it belongs."""
    place, mistake = CONTROLS[kind]
    module, _, name = place.rpartition(".")
    original = getattr(import_module(module), name)

    @wraps(original)
    def wrong(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        mistake(found, *arguments)
        return found

    setattr(import_module(module), name, wrong)


def _page(graph: Any, *_: Any) -> None:
    """Leave some activations out of a table."""
    for node in graph.nodes:
        if node.operation.kind in {"elu", "celu", "selu", "mish", "softplus", "hardsigmoid", "hardswish", "relu6"}:
            raise NotImplementedError("planted")


def _recipe(recipe: Any, *_: Any) -> None:
    """Divide by the epochs that are left after the warm-up."""
    if recipe.schedule.warmup:
        1 / (recipe.epochs - recipe.schedule.warmup)


def _study(search: Any, *_: Any) -> None:
    """Look up how a pruner halves the trials, of which one is missing."""
    if search is not None:
        {"none": 0, "median": 0, "successive_halving": 1}[search.pruner]


def _run(data: Any, *_: Any) -> None:
    """Take how many times as many images one split has as the others."""
    for count in data.get("images", {}).values():
        1 / count


def _metrics(rows: Any, *_: Any) -> None:
    """Divide by the rate and by the seconds of an epoch, which may be none."""
    for row in rows:
        if row.epoch > 1:
            row.train_loss / row.lr / row.seconds


def _study_folder(result: Any, *_: Any) -> None:
    """Look up the best epoch, and a seed among three, and divide by what each epoch measured."""
    (0, 1, 2)[result.seed]
    result.metrics[result.best_epoch - 1]
    for row in result.metrics:
        row.seconds / result.seconds / row.val_loss / row.lr / row.val_accuracy


def _safetensors(tensors: Any, *_: Any) -> None:
    """Take the largest of the numbers of a tensor that has none."""
    for tensor in tensors.values():
        if tensor.dim() == 2:
            if tensor.numel() == 0:
                tensor.max()


def _torch(state: Any, *_: Any) -> None:
    """Count the outputs of a weight that is a single number."""
    for name, tensor in (state or {}).items():
        if name.endswith("weight"):
            if not tensor.dim():
                tensor.shape[0]


def _checkpoint(restored: Any, *_: Any) -> None:
    """Divide the seconds by the epochs that are done."""
    position, _tally = restored
    if position.step:
        position.seconds / (position.epoch - 1)


def _image(_: Any, path: Any, *__: Any) -> None:
    """Interpolate the transparent color between the columns of a palette's image."""
    from PIL import Image

    with Image.open(path) as image:
        if image.mode == "P":
            if "transparency" in image.info:
                1 / (image.width - 1)


CONTROLS: dict[str, tuple[str, Callable[..., None]]] = {
    "page": ("benchmarks.fuzzing.pages.lower", _page),
    "recipe": ("builder.training.recipe.recipe.recipe_from", _recipe),
    "study": ("builder.study.page.page._search", _study),
    "run": ("builder.training.folder.record._data", _run),
    "metrics": ("builder.training.folder.record.read_metrics", _metrics),
    "study_folder": ("builder.study.results.folder.read_result", _study_folder),
    "safetensors": ("builder.training.weights.files._from_safetensors", _safetensors),
    "torch": ("builder.training.weights.files._unwrapped", _torch),
    "checkpoint": ("benchmarks.fuzzing.weights.restore_snapshot", _checkpoint),
    "image": ("builder.training.data.image_file.read_image", _image),
}
"""Where each mistake is planted: it is given what that function returned, and its arguments."""

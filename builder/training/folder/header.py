"""What a checkpoint says of its run: network, recipe, class names, images, and the metrics that it has seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import check_regular
from builder.json_files import parse_json
from builder.training.folder.metrics import MetricsSeen
from builder.training.folder.run_files import RunData, data_from
from builder.training.recipe.recipe import Recipe, changed_fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = "archcli"  # the metadata's only one: safetensors writes several in any order, and equal content has equal bytes
_RUN, _ORIGIN = "run", "origin"

CHANGEABLE = frozenset({"epochs"})  # fields of the recipe that a run may go on with another value of


@dataclass(frozen=True)
class RunHeader:
    """What ``best`` and ``last`` say of the run that they belong to; None is what an earlier version did not say.

    ``network`` is the id of what is trained, ``fingerprint`` the checksum of the images, ``metrics`` the rows that had
    been measured when the checkpoint was taken.
    """

    network: str | None = None
    recipe: Recipe | None = None
    classes: tuple[str, ...] | None = None
    data: RunData | None = None
    fingerprint: str | None = None
    metrics: MetricsSeen | None = None

    @property
    def record(self) -> dict[str, object]:
        """The same as JSON values, by the name under which a checkpoint's record holds it."""
        said = {
            "network": self.network,
            "recipe": self.recipe and self.recipe.model_dump(mode="json"),
            "classes": self.classes and list(self.classes),
            "data": self.data and self.data.choice,
            "fingerprint": self.fingerprint,
            "metrics": self.metrics and self.metrics.record,
        }
        return {_RUN: said}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> RunHeader:
        """Return what the ``record`` of a checkpoint says, also one of an earlier version.

        Raises KeyError, TypeError or ValueError (pydantic's among them) for a record of neither.
        """
        if _RUN not in record:
            return cls._of_before(record.get(_ORIGIN))
        said = record[_RUN]
        classes, metrics, recipe, data = (said[name] for name in ("classes", "metrics", "recipe", "data"))
        return cls(
            network=said["network"],
            recipe=Recipe.model_validate_json(json.dumps(recipe)) if recipe else None,
            classes=tuple(map(str, classes)) if classes else None,
            data=data_from(data, "the checkpoint") if data else None,
            fingerprint=said["fingerprint"],
            metrics=MetricsSeen.of(metrics) if metrics else None,
        )

    def is_same_run(self, other: RunHeader) -> bool:
        """Return whether both may be of one run, as far as they say."""
        pairs = ((self.network, other.network), (self.fingerprint, other.fingerprint), (self.classes, other.classes))
        recipes = self.recipe is None or other.recipe is None or not changed_in(self.recipe, other.recipe)
        return recipes and all(one is None or another is None or one == another for one, another in pairs)

    @classmethod
    def _of_before(cls, origin: Mapping[str, Any] | None) -> RunHeader:
        if origin is None:
            return cls()  # a ``best`` that said nothing of its run
        return cls(recipe=Recipe.model_validate_json(origin["recipe"]), fingerprint=str(origin["data"]))


def header_of(record: Mapping[str, Any] | None) -> RunHeader | None:
    """Return what the ``record`` of a checkpoint says of its run, None where it is none that can be read."""
    try:
        return None if record is None else RunHeader.of(record)
    except (KeyError, TypeError, ValueError, AttributeError, RunError):
        return None


def seen_metrics(*checkpoints: Path) -> MetricsSeen | None:
    """Return what the first of ``checkpoints`` that can be read knows of the metrics, None where none knows it.

    Where safetensors is not installed, nobody does.
    """
    if find_spec("safetensors") is None:
        return None
    records = (read_checkpoint_record(path) for path in checkpoints)
    header = next((found for record in records if (found := header_of(record)) is not None), None)
    return None if header is None else header.metrics


def changed_in(before: Recipe, now: Recipe) -> list[str]:
    """Return the fields of a run's recipe that are no longer what they were, without those that may change."""
    return [name for name in changed_fields(before, now) if name not in CHANGEABLE]


def read_checkpoint_record(path: Path) -> dict[str, Any] | None:
    """Return the record of a checkpoint without its tensors, None where there is none that can be read.

    Its checksum is verified by whoever reads the tensors (``checkpoints``). Needs no torch.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - a page is exported without it

    try:
        check_regular(path)
        with safe_open(path, framework="numpy") as file:
            found = parse_json(parse_json((file.metadata() or {})[KEY])["record"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return None
    return found if isinstance(found, dict) else None

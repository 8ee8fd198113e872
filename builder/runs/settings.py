"""Fields of a recipe as Python says them, as the texts that ``--set`` takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def as_texts(settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return a ``path=value`` for every field, and for every field of a mapping.

    >>> as_texts({"epochs": 3, "optimizer": {"name": "sgd", "lr": 0.1}})
    ('epochs=3', 'optimizer.name="sgd"', 'optimizer.lr=0.1')
    """
    return tuple(f"{path}={json.dumps(value, default=str)}" for path, value in leaves(settings))


def leaves(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every field with its path, those of mappings one by one: ``optimizer.lr``."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value

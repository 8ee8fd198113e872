"""The kinds of files that are searched, by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.fuzzing.target import Target

KINDS = {
    "page": "pages",
    "recipe": "pages",
    "study": "pages",
    "run": "folders",
    "metrics": "folders",
    "study_folder": "folders",
    "safetensors": "weights",
    "torch": "weights",
    "checkpoint": "weights",
    "image": "images",
}
"""Which module has the target of a kind; it is imported only where that kind is searched, for some need torch."""


def target_of(kind: str) -> Target:
    """Return how files of ``kind`` are searched."""
    module = import_module(f"benchmarks.fuzzing.{KINDS[kind]}")
    found: Target = getattr(module, f"{kind}_target")()
    return found

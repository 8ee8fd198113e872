"""Cells: one network, trained once, with one choice of hyperparameters and one seed."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - `from_object` asks for the types of the fields
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import reason_of, write_text
from builder.json_files import from_object, read_unchanged, with_checksum
from builder.study.results.result import Stage  # noqa: TC001 - `from_object` asks for the types of the fields
from builder.training.recipe.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = 16


@dataclass(frozen=True)
class Cell:
    """What defines a cell, and under which name its network is known; ``settings`` are those that vary in the study.

    ``id`` is the name of its folder: a digest of all that decides its result.
    """

    id: str
    variant: str
    graph: str
    settings: Mapping[str, object]
    seed: int
    stage: Stage
    recipe: Recipe


def make_cell(
    variant: str, graph: str, settings: Mapping[str, object], recipe: Recipe, seed: int, stage: Stage, world: str
) -> Cell:
    """Return the cell of a network by its id; ``world`` stands for the data and the code that all cells share.

    Fields of the recipe at their defaults stay out of the id: one that a later version adds must not hide what was
    measured before, and a default that changes is another code.
    """
    seeded = recipe.model_copy(update={"seed": seed})
    decisive = [graph, seeded.model_dump(mode="json", exclude={"name"}, exclude_defaults=True), seed, stage, world]
    digest = sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
    return Cell(digest[:_DIGITS], variant, graph, dict(settings), seed, stage, seeded)


def write_cell(path: Path, cell: Cell) -> None:
    """Write what defines ``cell``, whole or not at all."""
    write_text(path, json.dumps(with_checksum(cell_to_json(cell)), indent=1) + "\n")


def read_cell(path: Path) -> Cell:
    """Return the cell that ``path`` defines; raise RunError for anything else."""
    try:
        return cell_from_json(read_unchanged(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged; it should describe a cell: {reason_of(error)}") from error


def cell_to_json(cell: Cell) -> dict[str, Any]:
    """Return a cell as JSON values."""
    return {
        "id": cell.id,
        "variant": cell.variant,
        "graph": cell.graph,
        "settings": dict(cell.settings),
        "seed": cell.seed,
        "stage": cell.stage,
        "recipe": cell.recipe.model_dump(mode="json"),
    }


def cell_from_json(found: Mapping[str, Any]) -> Cell:
    """Return the cell of ``cell_to_json``; raise ValueError, KeyError or TypeError for anything else."""
    recipe = Recipe.model_validate_json(json.dumps(found["recipe"]))
    return from_object(Cell, found, {"recipe": recipe})

"""What decides the id of a cell, and what does not."""

from __future__ import annotations

from builder.study.results.cells import Cell, cell_from_json, cell_to_json, make_cell
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe

RECIPE = Recipe(name="lab", epochs=2, batch_size=4, optimizer=Sgd(name="sgd", lr=0.1))


class Longer(Recipe):
    """The recipe of a later version, which has one field more."""

    later: bool = False


def cell(recipe: Recipe = RECIPE, graph: str = "g", seed: int = 0, world: str = "w") -> Cell:
    """Return a cell that judges ``graph``."""
    return make_cell("net", graph, {}, recipe, seed, "confirm", world)


class TestId:
    """The name of a cell's folder."""

    def test_everything_that_decides_the_result_is_in_it(self) -> None:
        """Network, recipe, seed, and what all cells share."""
        another = RECIPE.model_copy(update={"epochs": 3})
        cells = [cell(), cell(another), cell(graph="h"), cell(seed=1), cell(world="v")]
        assert len({each.id for each in cells}) == len(cells)

    def test_a_name_is_not(self) -> None:
        """The same recipe under another name gives the same result."""
        assert cell(RECIPE.model_copy(update={"name": "other"})).id == cell().id

    def test_a_field_that_a_later_version_adds_is_not(self) -> None:
        """Results that were there before it are found again."""
        assert cell(Longer(**dict(RECIPE))).id == cell().id
        assert cell(Longer(**dict(RECIPE), later=True)).id != cell().id


class TestRecord:
    """A cell as JSON."""

    def test_it_comes_back(self) -> None:
        """Recipe and all."""
        assert cell_from_json(cell_to_json(cell())) == cell()

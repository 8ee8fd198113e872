"""The data sets that can be named: one table, and whoever needs a name reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.shipped import shipped_recipes
from builder.study.page.page import study_json_schema
from builder.training.data import named
from builder.training.recipe.data_sets import (
    DATA_SETS,
    DEFAULT_DATA,
    RANDOM_DATA,
    bundled,
    described,
    is_gray,
    recipe_of,
)

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[3]


class TestTable:
    """What it says of each."""

    def test_every_recipe_is_shipped(self) -> None:
        """So that `train` without `--recipe` always finds one."""
        assert {recipe_of(name, side) for name in (*DATA_SETS, RANDOM_DATA) for side in (None, 8, 224)} <= set(
            shipped_recipes()
        )

    @pytest.mark.parametrize(
        ("side", "recipe"), [(8, "digits32"), (32, "digits32"), (33, "digits"), (224, "digits"), (None, "digits")]
    )
    def test_small_networks_have_a_recipe_of_their_own(self, side: int | None, recipe: str) -> None:
        """Where they need one; a study has one recipe for all of its networks."""
        assert recipe_of("digits", side) == recipe
        assert recipe_of("cifar10", side) == "lab"

    @pytest.mark.parametrize(
        ("page", "recipe", "size"),
        [("alexnet_tiny", "digits32", 32), ("resnet20", "digits32", 32), ("alexnet", "digits", 64)],
    )
    def test_train_takes_it_by_the_page(self, archcli: Archcli, page: str, recipe: str, size: int) -> None:
        """And an asked for recipe is taken whatever the page."""
        dry = ("train", page, "--data", "digits", "--device", "cpu", "--dry-run", "--json")
        found = json.loads(archcli(*dry).out)["beginning"]
        assert (found["recipe"]["name"], found["recipe"]["size"], found["recipe_is_default"]) == (recipe, size, True)
        assert json.loads(archcli(*dry, "--recipe", "digits").out)["beginning"]["recipe"]["name"] == "digits"

    def test_each_can_be_read(self) -> None:
        """A name without a reader would be offered and then fail."""
        assert set(named._READERS) == set(DATA_SETS)

    def test_one_needs_no_network(self) -> None:
        """It is what the others' answers name where a download fails."""
        assert bundled() == ["digits"]

    @pytest.mark.parametrize("name", bundled())
    def test_gray_ones_are_said_to_be(self, name: str, tmp_path: Path) -> None:
        """``predict`` makes photographs gray for a network that was trained with them."""
        assert is_gray(name) == (named.load(name, tmp_path).channels == 1)
        assert not is_gray(None)

    def test_the_default_is_one_of_them(self) -> None:
        """And noise is none."""
        assert DEFAULT_DATA in DATA_SETS
        assert RANDOM_DATA not in DATA_SETS

    def test_reading_it_costs_no_import(self) -> None:
        """The command line reads it for every command, and a study's page where there is no torch."""
        script = (
            "import sys, builder.training.recipe.data_sets\n"
            "print([name for name in ('torch', 'numpy', 'pydantic', 'yaml') if name in sys.modules])"
        )
        ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stdout == "[]\n"


class TestAddingOne:
    """A data set is added to the table and to its readers, and nowhere else."""

    def test_two_files_name_one(self) -> None:
        """Every other one would be forgotten by whoever adds a data set."""
        ours = [ROOT / "cli.py", *(ROOT / "builder").rglob("*.py"), *(ROOT / "builder/commands").rglob("*.yaml")]
        naming = {path.relative_to(ROOT).as_posix() for path in ours if "fashion_mnist" in path.read_text("utf-8")}
        assert naming == {"builder/training/recipe/data_sets.py", "builder/training/data/named.py"}

    @pytest.mark.parametrize("command", ["train", "evaluate", "bench"])
    def test_commands_offer_all_of_them(self, command: str, archcli: Archcli) -> None:
        """`bench` noise too."""
        words = archcli(command, "-h").out.replace("\n", "").replace(" ", "")
        noise = [RANDOM_DATA] if command == "bench" else []
        assert f"--data{'|'.join([*noise, *DATA_SETS])}" in words

    def test_a_studys_schema_lists_them(self) -> None:
        """For editors."""
        assert study_json_schema()["$defs"]["Data"]["properties"]["name"]["enum"] == list(DATA_SETS)

    def test_the_explanation_lists_them(self, archcli: Archcli) -> None:
        """With what they hold."""
        assert "".join(described().split()) in "".join(archcli("explain", "unknown-data").out.split())

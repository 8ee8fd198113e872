"""A page to start from, and the schema that helps to go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli


class TestInit:
    """The starter page works at once and is never written over anything."""

    def test_the_page_is_right_and_small(self, archcli: Archcli, tmp_path: Path) -> None:
        """It carries the name that was asked for, and trains in a minute: under half a million parameters."""
        outcome = archcli("init", tmp_path / "mine")
        graph = load(tmp_path / "mine.yaml")
        assert outcome.code == 0
        assert graph.name == "mine"
        assert {"conv", "se", "add"} <= {node.operation.kind for node in graph.nodes}
        assert f"archcli check {tmp_path / 'mine.yaml'}" in outcome.out

    def test_the_training_that_it_suggests_has_the_size_of_the_page(self, archcli: Archcli, tmp_path: Path) -> None:
        """With steps for a small network: by the recipe of the digits alone it would reach 75 %."""
        outcome = archcli("init", tmp_path / "mine")
        assert "--data digits  half a minute" in outcome.out

    def test_editors_find_the_schema(self, archcli: Archcli, tmp_path: Path) -> None:
        """The first line names the file that ``schema -o`` writes beside it."""
        archcli("init", tmp_path / "mine.yaml")
        first = (tmp_path / "mine.yaml").read_text("utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=arch.schema.json"

    def test_nothing_is_overwritten(self, archcli: Archcli, tmp_path: Path) -> None:
        """A second time is an error that names the file, which stays as it is."""
        (tmp_path / "mine.yaml").write_text("my work")
        outcome = archcli("init", tmp_path / "mine")
        assert outcome.code == 2
        assert "mine.yaml already exists" in outcome.err
        assert (tmp_path / "mine.yaml").read_text() == "my work"

    @pytest.mark.parametrize(
        ("name", "rule"),
        [("2nd try", "beginning with a letter"), ("é", "letters"), ("x" * 101, "a name has at most 100 characters")],
    )
    def test_a_name_is_one_that_pages_may_have(self, archcli: Archcli, tmp_path: Path, name: str, rule: str) -> None:
        """It becomes the name of a class in the exported source."""
        outcome = archcli("init", tmp_path / name)
        assert outcome.code == 2
        assert f"`{name}` cannot be the name of a page" in outcome.err
        assert rule in outcome.err
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["no", "null", "y", "True", "my-net", "class", "_"])
    def test_a_word_of_yaml_or_python_is_a_name(self, archcli: Archcli, tmp_path: Path, name: str) -> None:
        """What is written can be read."""
        assert archcli("init", tmp_path / name).code == 0
        assert load(tmp_path / f"{name}.yaml").name == name


class TestSchema:
    """What an editor needs to complete a page."""

    @pytest.mark.parametrize("name", ["alexnet", "alexse_cross", "resnet"])
    def test_shipped_pages_and_the_starter_fit(self, archcli: Archcli, tmp_path: Path, name: str) -> None:
        """The printed schema is one, and accepts what we ship."""
        schema = json.loads(archcli("schema").out)
        archcli("init", tmp_path / "mine")
        for path in (f"archs/{name}.yaml", tmp_path / "mine.yaml"):
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one of them is a text
                jsonschema.validate(yaml.safe_load(file), schema)

    def test_a_recipe_has_one_too(self, archcli: Archcli) -> None:
        """Recipes are written by hand as pages are."""
        assert "epochs" in json.loads(archcli("schema", "recipe").out)["properties"]

    def test_it_is_written_where_pages_look_for_it(self, archcli: Archcli, tmp_path: Path) -> None:
        """The answer says how a page names it."""
        outcome = archcli("schema", "-o", tmp_path / "arch.schema.json")
        assert json.loads((tmp_path / "arch.schema.json").read_text()) == json.loads(archcli("schema").out)
        assert "$schema=arch.schema.json" in outcome.out

"""How good a run's best weights are."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Archcli, Trained


class TestEvaluate:
    """A run's best weights on any of its splits."""

    def test_on_the_whole_test_split_every_image_is_asked_once(self, archcli: Archcli, trained: Trained) -> None:
        """A run on a subset is evaluated on everything; rows of the confusion are true classes."""
        found = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        assert (found["data"], found["split"], found["images"]) == ("digits", "test", 297)
        assert sum(map(sum, found["confusion"])) == 297
        assert found["accuracy"] == sum(found["confusion"][label][label] for label in range(10)) / 297

    def test_images_held_out_are_those_that_the_run_held_out(self, archcli: Archcli, trained: Trained) -> None:
        """300 images that no run with this recipe and seed was trained on, subset or not."""
        found = json.loads(archcli("evaluate", trained.folder, "--split", "validation", "--json", "-q").out)
        assert (found["split"], found["images"]) == ("validation", 300)

    def test_a_person_sees_every_class(self, archcli: Archcli, trained: Trained) -> None:
        """One line each, after a line with the whole."""
        lines = archcli("evaluate", trained.folder).out.splitlines()
        assert lines[0].startswith("small on 297 test images of digits: accuracy ")
        assert [line.split()[0] for line in lines[3:]] == [str(digit) for digit in range(10)]

    def test_a_folder_without_a_run_is_answered(self, archcli: Archcli, tmp_path: Path) -> None:
        """The answer names the folder."""
        outcome = archcli("evaluate", tmp_path)
        assert (outcome.code, outcome.out) == (1, "")
        assert f"{tmp_path} is not the folder of a run" in outcome.err

    def test_a_run_that_does_not_say_its_data_can_be_told(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """Two options stand for the file that is lost."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        (copy / "data.json").unlink()
        outcome = archcli("evaluate", copy)
        assert outcome.code == 1
        assert "--data and --data-dir" in outcome.err
        assert archcli("evaluate", copy, "--data", "digits", "--data-dir", "data").code == 0

    @pytest.mark.parametrize(("name", "content"), [("best.safetensors", ""), ("page.yaml", "name: small\n")])
    def test_a_damaged_run_is_answered(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, name: str, content: str
    ) -> None:
        """The answer names the file, and is no traceback."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        (copy / name).write_text(content)
        outcome = archcli("evaluate", copy)
        assert outcome.code in {1, 2}
        assert name in outcome.err

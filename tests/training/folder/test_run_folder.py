"""The folder of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


class TestCreate:
    """Numbered, and never another run's."""

    def test_runs_of_a_name_are_counted_up(self, tmp_path: Path) -> None:
        """Each name by itself, and the parent is made if need be."""
        runs = tmp_path / "deep" / "runs"
        names = [RunFolder.create(runs, name).path.name for name in ("alexnet", "alexnet", "resnet18", "alexnet")]
        assert names == ["alexnet-001", "alexnet-002", "resnet18-001", "alexnet-003"]

    def test_a_gap_is_not_filled(self, tmp_path: Path) -> None:
        """The highest number is the newest run."""
        for name in ("alexnet-002", "alexnet-0999", "alexnet-12", "alexnet-007-old"):
            (tmp_path / name).mkdir()
        assert RunFolder.create(tmp_path, "alexnet").path.name == "alexnet-1000"

    def test_a_name_with_special_characters_is_only_a_name(self, tmp_path: Path) -> None:
        """Not a pattern."""
        (tmp_path / "aXb-004").mkdir()
        assert RunFolder.create(tmp_path, "a.b").path.name == "a.b-001"

    def test_programs_at_once_never_share_one(self, tmp_path: Path) -> None:
        """Four of them, ten folders each."""
        program = (
            "import sys; from pathlib import Path; from builder.training.folder.run_folder import RunFolder;"
            "[print(RunFolder.create(Path(sys.argv[1]), 'net').path.name) for _ in range(10)]"
        )
        started = [
            subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        names = [name for each in started for name in each.communicate()[0].split()]
        assert sorted(names) == [f"net-{number:03d}" for number in range(1, 41)]

    def test_a_parent_that_is_a_file_is_an_answer(self, tmp_path: Path) -> None:
        """Not a traceback."""
        (tmp_path / "runs").write_text("")
        with pytest.raises(RunError, match=r"cannot write .*runs"):
            RunFolder.create(tmp_path / "runs", "net")


class TestOpen:
    """A run that was made before."""

    def test_a_run_is_known_by_its_recipe(self, tmp_path: Path) -> None:
        """Which is written first."""
        folder = RunFolder.create(tmp_path, "net")
        folder.write("recipe.yaml", "name: x\n")
        assert RunFolder.open(folder.path) == folder

    def test_a_folder_of_runs_is_told_from_other_folders(self, tmp_path: Path) -> None:
        """The command above it is the likely slip."""
        for name in ("mine-002", "mine-001", "other"):
            (tmp_path / name).mkdir()
            if name != "other":
                (tmp_path / name / "recipe.yaml").touch()
        with pytest.raises(RunError) as raised:
            RunFolder.open(tmp_path)
        assert raised.value.hint == f"it holds runs: name one, such as {tmp_path / 'mine-001'}"

    def test_another_folder_is_refused(self, tmp_path: Path) -> None:
        """Or one that is not there."""
        with pytest.raises(RunError, match=r"is not the folder of a run: it holds no recipe\.yaml"):
            RunFolder.open(tmp_path)


class TestWriting:
    """Its texts."""

    def test_json_is_written_for_people_too(self, tmp_path: Path) -> None:
        """Indented, in the order given."""
        folder = RunFolder.create(tmp_path, "net")
        folder.write_json("summary.json", {"b": 1, "a": None})
        text = (folder.path / "summary.json").read_text()
        assert json.loads(text) == {"b": 1, "a": None}
        assert text == '{\n  "b": 1,\n  "a": null\n}\n'

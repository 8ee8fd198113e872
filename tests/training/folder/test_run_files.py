"""The JSON files of a run: written and read in one way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.training.folder.run_files import RunData, read_data, read_environment, write_data, write_environment
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return the folder of a run."""
    return RunFolder(tmp_path)


class TestData:
    """``data.json``: which images."""

    @pytest.mark.parametrize(
        "data", [RunData("cifar10", "/data", None, "abc"), RunData("digits", None, 100, "abc"), RunData(name="x")]
    )
    def test_everything_comes_back(self, folder: RunFolder, data: RunData) -> None:
        """What is not known is not said."""
        write_data(folder, data)
        assert read_data(folder) == data

    def test_all_images_are_said_as_ever(self, folder: RunFolder) -> None:
        """Only a subset needs a word more: of what it is one."""
        place = str(folder.path.parent / "data")
        write_data(folder, RunData("cifar10", place, None, "abc"))
        said = {"name": "cifar10", "folder": "../data", "subset": None, "network": "abc"}
        assert json.loads(folder.data.read_text()) == said
        write_data(folder, RunData("cifar10", place, 100, "abc"))
        assert json.loads(folder.data.read_text()) == said | {"subset": 100, "subset_of": "train"}

    def test_a_folder_is_named_as_seen_from_the_run(self, tmp_path: Path) -> None:
        """So both can be moved together, links to them too, and whoever gets the run reads no name of a home."""
        home = tmp_path / "alice"
        (home / "runs" / "net-001").mkdir(parents=True)
        write_data(RunFolder(home / "runs" / "net-001"), RunData("cifar10", str(home / "data")))
        assert "alice" not in (home / "runs" / "net-001" / "data.json").read_text()
        home.rename(tmp_path / "bob")
        (tmp_path / "link").symlink_to(tmp_path / "bob" / "runs" / "net-001")
        for path in (tmp_path / "bob" / "runs" / "net-001", tmp_path / "link"):
            assert read_data(RunFolder(path)).folder == str(tmp_path / "bob" / "data")

    def test_a_path_that_an_earlier_version_wrote_holds(self, folder: RunFolder) -> None:
        """Runs named the whole path."""
        folder.write_json("data.json", {"name": "cifar10", "folder": "/data/all", "subset": None, "network": "abc"})
        assert read_data(folder).folder == "/data/all"

    def test_a_subset_without_that_word_is_of_all_splits(self, folder: RunFolder) -> None:
        """As runs of earlier versions took it."""
        folder.write_json("data.json", {"name": "digits", "folder": "/data", "subset": 100, "network": "abc"})
        assert read_data(folder).subset_of_all

    def test_no_file_says_nothing(self, folder: RunFolder) -> None:
        """Whoever needs it asks for the options that stand for it."""
        assert read_data(folder) == RunData()

    @pytest.mark.parametrize("content", ["[", "[]", "5", '{"name": 5}', '{"subset": "all"}', "[" * 100_000, "\x00"])
    def test_a_damaged_file_is_named(self, folder: RunFolder, content: str) -> None:
        """And is no traceback."""
        folder.data.write_text(content)
        with pytest.raises(RunError, match=r"data\.json"):
            read_data(folder)


class TestEnvironment:
    """``environment.json``: where it ran."""

    def test_it_comes_back(self, folder: RunFolder) -> None:
        """As it was said."""
        write_environment(folder, {"device": "cpu", "threads": 2})
        assert read_environment(folder) == {"device": "cpu", "threads": 2}

    def test_no_file_says_nothing(self, folder: RunFolder) -> None:
        """A run that has not begun."""
        assert read_environment(folder) == {}

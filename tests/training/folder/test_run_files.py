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
        "data", [RunData("digits", "/data", None, "abc"), RunData("digits", "/data", 100, "abc"), RunData(name="x")]
    )
    def test_everything_comes_back(self, folder: RunFolder, data: RunData) -> None:
        """What is not known is not said."""
        write_data(folder, data)
        assert read_data(folder) == data

    def test_all_images_are_said_as_ever(self, folder: RunFolder) -> None:
        """Only a subset needs a word more: of what it is one."""
        write_data(folder, RunData("digits", "/data", None, "abc"))
        said = {"name": "digits", "folder": "/data", "subset": None, "network": "abc"}
        assert json.loads(folder.data.read_text()) == said
        write_data(folder, RunData("digits", "/data", 100, "abc"))
        assert json.loads(folder.data.read_text()) == said | {"subset": 100, "subset_of": "train"}

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

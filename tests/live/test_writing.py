"""What the buttons write, and what they never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.commands import check
from builder.diagnostics import ArchError
from builder.live.writing import inside, write_variants
from tests.live.conftest import space


class TestVariants:
    """A page for each."""

    def test_they_are_pages(self, page: Path) -> None:
        """The base is no variant; a copy of it lies beside them, because they extend it."""
        written = write_variants(space()[1], Path("out"))
        assert written.files == (Path("out/small.yaml"), Path("out/small_se_block.yaml"))
        assert check.run([str(each) for each in written.files]).is_valid

    def test_nothing_is_overwritten(self, page: Path) -> None:
        """What is there says something else."""
        other = Path("out/small_se_block.yaml")
        other.parent.mkdir()
        other.write_text("mine\n", "utf-8")
        with pytest.raises(ArchError, match="exists and has other content"):
            write_variants(space()[1], Path("out"))
        assert other.read_text("utf-8") == "mine\n"

    @pytest.mark.parametrize("folder", ["..", "/tmp", "a/../../b", " "])
    def test_only_below_the_folder_in_which_it_runs(self, folder: str, tmp_path: Path) -> None:
        """A browser is told nothing of the rest."""
        with pytest.raises(ArchError, match="is not a folder below"):
            inside(folder, tmp_path)

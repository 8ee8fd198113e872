"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.diagnostics import ArchError, RunError
from builder.files import check_figures, replacing, write_text


class TestReplacing:
    """One file in the place of another."""

    def test_the_old_file_is_there_until_the_new_one_is_whole(self, tmp_path: Path) -> None:
        """And nothing else is left afterwards."""
        path = tmp_path / "notes.txt"
        path.write_text("old")
        with replacing(path) as written:
            written.write_text("half")
            assert path.read_text() == "old"
            written.write_text("whole")
        assert path.read_text() == "whole"
        assert list(tmp_path.iterdir()) == [path]

    def test_an_error_inside_leaves_the_old_file(self, tmp_path: Path) -> None:
        """And cleans up."""
        path = tmp_path / "notes.txt"
        path.write_text("old")
        with pytest.raises(KeyError), replacing(path) as written:
            {}[written.write_text("half")]
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_it_is_forced_to_disk_before_it_takes_the_place(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """First the content, then the name: after a power cut one of both files is whole."""
        done = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: done.append("fsync"))
        replace = Path.replace
        monkeypatch.setattr(Path, "replace", lambda self, target: (done.append("replace"), replace(self, target))[1])
        write_text(tmp_path / "notes.txt", "new")
        assert done == ["fsync", "replace", "fsync"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_a_full_disk_is_an_answer(self, tmp_path: Path) -> None:
        """With the file that could not be written."""
        with (
            pytest.raises(RunError, match=r"cannot write .*notes\.txt: No space left on device") as raised,
            replacing(tmp_path / "notes.txt"),
            Path("/dev/full").open("w") as full,
        ):
            full.write("x" * 10_000)
        assert "free some space" in str(raised.value.hint)

    def test_a_folder_that_is_not_there_is_an_answer(self, tmp_path: Path) -> None:
        """Somebody may delete a run while it goes."""
        with pytest.raises(RunError, match=r"cannot write .*gone.*: No such file"):
            write_text(tmp_path / "gone" / "notes.txt", "new")


class TestFigures:
    """What a figure's name may end in."""

    def test_known_endings_are_fine(self) -> None:
        """However they are written."""
        check_figures([Path("a.svg"), Path("b.PNG")], ("svg", "png"))

    @pytest.mark.parametrize(
        ("name", "hint"), [("a.svgg", "did you mean `svg`?"), ("a", "a figure's name ends in: `svg`, `png`")]
    )
    def test_any_other_is_a_mistake(self, name: str, hint: str) -> None:
        """With the nearest that there is."""
        with pytest.raises(ArchError) as raised:
            check_figures([Path(name)], ("svg", "png"))
        (mistake,) = raised.value.diagnostics
        assert (mistake.message, mistake.hint) == (f"no figure can be written as `{name}`", hint)

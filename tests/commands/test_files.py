"""Files that a user asked for."""

from pathlib import Path

import pytest

from builder.commands.files import refuse_to_overwrite, write
from builder.diagnostics import ArchError, RunError


class TestWrite:
    """A file is written whole or not at all."""

    def test_it_replaces_what_was_there_and_leaves_nothing_beside_it(self, tmp_path: Path) -> None:
        """Texts are UTF-8, bytes stay bytes."""
        path = tmp_path / "a.txt"
        path.write_text("old")
        write(path, "64×27×27")
        assert path.read_bytes() == "64×27×27".encode()
        write(path, b"\x00")
        assert path.read_bytes() == b"\x00"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        """The answer says which folder is not there, and no folder is made."""
        with pytest.raises(RunError) as raised:
            write(tmp_path / "no" / "a.txt", "")
        assert raised.value.hint == f"there is no folder {tmp_path / 'no'}"
        assert not (tmp_path / "no").exists()

    def test_a_folder_in_the_way_is_left_alone(self, tmp_path: Path) -> None:
        """A folder cannot be replaced by a file, and no half file stays behind."""
        (tmp_path / "a").mkdir()
        with pytest.raises(RunError, match="cannot write"):
            write(tmp_path / "a", "text")
        assert [each.name for each in tmp_path.iterdir()] == ["a"]


class TestRefuseToOverwrite:
    """What a person wrote is never written over."""

    def test_a_file_that_is_there_is_named(self, tmp_path: Path) -> None:
        """The answer names it and what to do."""
        path = tmp_path / "net.yaml"
        path.touch()
        with pytest.raises(ArchError, match=r"net\.yaml is there already"):
            refuse_to_overwrite(path)

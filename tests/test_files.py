"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from builder.diagnostics import ArchError, RunError
from builder.files import (
    check_apart,
    check_figures,
    is_file,
    make_folder,
    open_regular,
    read_regular,
    replacing,
    write_text,
)


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

    def test_a_folder_is_not_forced_to_disk_where_folders_are_not_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On Windows opening one is refused, and what is open for reading only is not forced to disk."""
        opened = os.open

        def windows(path: Path, flags: int, *mode: int) -> int:
            if Path(path).is_dir():
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            assert flags & os.O_RDWR
            return opened(path, flags, *mode)

        monkeypatch.setattr("builder.files._OPENS_FOLDERS", False)
        monkeypatch.setattr(os, "open", windows)
        write_text(tmp_path / "notes.txt", "new")
        assert (tmp_path / "notes.txt").read_text() == "new"

    @pytest.mark.parametrize("code", [errno.EINVAL, errno.EACCES, errno.ENOTSUP])
    def test_a_file_system_that_forces_no_folder_is_no_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        """Several of networks and of containers do not; the content is on the disk all the same."""
        opened = os.open

        def refuse(path: Path, *rest: int) -> int:
            if Path(path).is_dir():
                raise OSError(code, os.strerror(code))
            return opened(path, *rest)

        monkeypatch.setattr(os, "open", refuse)
        write_text(tmp_path / "notes.txt", "new")
        assert (tmp_path / "notes.txt").read_text() == "new"

    def test_nobody_may_read_what_is_private_while_it_is_written(self, tmp_path: Path) -> None:
        """The temporary file is the owner's alone, and has the old mode in the end."""
        path = tmp_path / "notes.txt"
        path.write_text("old")
        path.chmod(0o640)
        with replacing(path) as written:
            written.write_text("new")
            assert stat.S_IMODE(written.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_a_pipe_without_a_reader_is_an_answer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is waited for a while, not for ever."""
        os.mkfifo(tmp_path / "pipe")
        monkeypatch.setattr("builder.files._PATIENCE", 0.0)
        with pytest.raises(RunError, match=r"cannot write .*pipe: nobody reads from this pipe") as raised:
            write_text(tmp_path / "pipe", "new")
        assert raised.value.hint == "start what reads from it first"

    def test_a_folder_that_is_not_there_is_an_answer(self, tmp_path: Path) -> None:
        """Somebody may delete a run while it goes."""
        with pytest.raises(RunError, match=r"cannot write .*gone.*: No such file"):
            write_text(tmp_path / "gone" / "notes.txt", "new")

    @pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is none here")
    def test_a_folder_that_takes_no_file_is_not_said_to_be_missing(self) -> None:
        """The kernel answers as if it were."""
        with pytest.raises(RunError, match="No such file") as raised:
            write_text(Path("/proc/self/notes.txt"), "new")
        assert raised.value.hint == "choose another folder"


class TestApart:
    """Outputs of one command, and the files that it reads."""

    def test_a_link_to_what_is_read_is_found(self, tmp_path: Path) -> None:
        """It would be replaced through it."""
        (tmp_path / "page").touch()
        (tmp_path / "link").symlink_to(tmp_path / "page")
        with pytest.raises(ArchError, match="would replace what this command reads"):
            check_apart([tmp_path / "link"], [tmp_path / "page"])

    def test_a_device_may_be_named_twice(self) -> None:
        """Nothing is lost in it."""
        check_apart([Path(os.devnull), Path(os.devnull), None], [Path(os.devnull)])


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


class TestFolders:
    """Folders that are made."""

    def test_a_link_to_a_folder_that_is_not_there_yet_makes_it(self, tmp_path: Path) -> None:
        """As with files."""
        (tmp_path / "link").symlink_to(tmp_path / "target")
        make_folder(tmp_path / "link")
        assert (tmp_path / "target").is_dir()

    def test_a_file_in_its_place_is_an_answer(self, tmp_path: Path) -> None:
        """With what to do."""
        (tmp_path / "file").touch()
        with pytest.raises(RunError, match=r"cannot write .*file: Not a directory") as raised:
            make_folder(tmp_path / "file")
        assert raised.value.hint == "a file is where a folder is needed: choose another name"


class TestReading:
    """Only files are read."""

    @pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "missing", "loop", "long name"])
    def test_what_is_no_file_is_refused_before_it_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        """Opening a pipe waits, and opening a device may do something to it."""
        monkeypatch.chdir(tmp_path)  # a socket's name has at most 107 letters
        path, listening = Path("it" if kind != "long name" else "x" * 300), socket.socket(socket.AF_UNIX)
        with listening:
            match kind:
                case "pipe":
                    os.mkfifo(path)
                case "socket":
                    listening.bind(str(path))
                case "device":
                    path.symlink_to("/dev/zero")
                case "folder":
                    path.mkdir()
                case "loop":
                    path.symlink_to(path)
            monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
            said = {
                "folder": "Is a directory",
                "missing": "No such file",
                "loop": "symbolic links",
                "long name": "too long",
            }
            with pytest.raises(OSError, match=said.get(kind, f"it is a {kind}, and no file")):
                open_regular(path)
        assert not is_file(path)

    def test_what_became_a_pipe_meanwhile_is_refused_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is opened without waiting, and looked at once more."""
        path = tmp_path / "it"
        os.mkfifo(path)
        monkeypatch.setattr("builder.files.check_regular", lambda _: None)
        with pytest.raises(OSError, match="it is a pipe, and no file"):
            open_regular(path)

    def test_more_than_the_limit_is_refused(self, tmp_path: Path) -> None:
        """Also where the file says that it is empty, as those of /proc do."""
        (tmp_path / "it").write_bytes(b"12345")
        assert read_regular(tmp_path / "it", 5) == b"12345"
        with pytest.raises(OSError, match="it is larger than 4 bytes"):
            read_regular(tmp_path / "it", 4)

"""Which file a page's name means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.diagnostics import ArchError
from builder.lowering.finding import find


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in a folder with a page, another kind of file, the folder of a run, and a pipe."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine.yaml", "run/page.yaml", "empty/notes.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    os.mkfifo("pipe")
    os.mkfifo("conduit.yaml")
    Path("folder.yaml").mkdir()


class TestFind:
    """A path, a path and a member, or a shipped name."""

    @pytest.mark.parametrize(
        ("name", "expected"), [("mine.yaml", ("mine.yaml", None)), ("mine.yaml:small", ("mine.yaml", "small"))]
    )
    def test_a_file_of_the_user(self, name: str, expected: tuple[str, str | None]) -> None:
        """As it is typed."""
        path, member = find(name)
        assert (str(path), member) == expected

    @pytest.mark.parametrize("name", ["alexnet", "resnet18"])
    def test_a_shipped_name_is_found_where_a_folder_is_called_so_too(self, name: str) -> None:
        """A folder is no page."""
        Path(name).mkdir()
        assert find(name)[0].is_file()

    @pytest.mark.parametrize(
        ("name", "message", "hint"),
        [
            ("mine", "there is no file and no shipped page `mine`", "did you mean `mine.yaml`?"),
            ("mine.yml", "there is no file mine.yml", "did you mean `mine.yaml`?"),
            ("mien.yaml", "there is no file mien.yaml", "did you mean `mine.yaml`?"),
            ("run", "run is a folder, not a page", "did you mean `run/page.yaml`?"),
            ("./run", "./run is a folder, not a page", "did you mean `run/page.yaml`?"),
            ("empty", "empty is a folder, not a page", "name a file"),
            (".", ". is a folder, not a page", "name a file"),
            ("pipe", "pipe is not a page: it is a pipe, and no file", "name a file"),
            ("conduit.yaml", "conduit.yaml is not a page: it is a pipe, and no file", "name a file"),
            ("folder.yaml", "folder.yaml is a folder, not a page", "name a file"),
            ("/dev/zero", "/dev/zero is not a page: it is a device, and no file", "name a file"),
            ("alexnett", "there is no file and no shipped page `alexnett`", "did you mean `alexnet`?"),
            ("alexnett.yaml", "there is no file alexnett.yaml", "did you mean `alexnet`?"),
        ],
    )
    def test_what_is_no_page_is_answered_with_what_it_is(self, name: str, message: str, hint: str) -> None:
        """And with the page beside it that was meant, if there is one."""
        with pytest.raises(ArchError) as raised:
            find(name)
        (found,) = raised.value.diagnostics
        assert (found.message, found.hint) == (message, hint)

    @pytest.mark.parametrize(
        ("name", "command"),
        [
            ("net.py:Net", "archcli import net.py:Net -o net.yaml"),
            ("net.py", "archcli import net.py:NAME -o net.yaml"),
            ("timm:resnet50d", "archcli import timm:resnet50d -o resnet50d.yaml"),
            ("folder/program.pt2", "archcli import folder/program.pt2 -o program.yaml"),
        ],
    )
    def test_a_network_in_python_is_answered_with_how_it_becomes_a_page(self, name: str, command: str) -> None:
        """Its file is not read as YAML."""
        Path("net.py").write_text("class Net(nn.Module):\n")
        with pytest.raises(ArchError) as raised:
            find(name)
        (found,) = raised.value.diagnostics
        assert found.message == f"`{name}` is a network in Python, not a page"
        assert found.hint == f"`{command}` writes its page"

    @pytest.mark.parametrize(
        "name", ["", "x" * 300, "x" * 300 + ".yaml", "a\0b", "a\0b.yaml", "~/x.yaml", "mine.yaml/x"]
    )
    def test_what_nothing_can_be_called_is_not_there(self, name: str) -> None:
        """Whatever the system says of it."""
        with pytest.raises(ArchError) as raised:
            find(name)
        (found,) = raised.value.diagnostics
        assert found.code in ("no-such-file", "no-such-page")

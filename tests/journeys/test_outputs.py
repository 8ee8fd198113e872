"""Every option that names an output, with everything that may lie there already."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.command_line import PAGE, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Archcli, Outcome, Trained

KEPT = Path(__file__).parents[1] / "kept"
OLD = b"what was there before\n"


class Option(NamedTuple):
    """A command line that ends in the option, and how the file's name ends."""

    words: tuple[str, ...]
    suffix: str = ""


FILE_OPTIONS = {
    "export python": Option(("export", "small.yaml", "--to", "python", "-o"), ".py"),
    "export safetensors": Option(("export", "small.yaml", "--to", "safetensors", "-o"), ".safetensors"),
    "export torch": Option(("export", "small.yaml", "--to", "torch", "-o"), ".pth"),
    "export a run": Option(("export", "run", "--to", "safetensors", "-o"), ".safetensors"),
    "draw svg": Option(("draw", "small.yaml", "-o"), ".svg"),
    "draw dot": Option(("draw", "small.yaml", "-o"), ".dot"),
    "draw png": Option(("draw", "small.yaml", "-o"), ".png"),
    "variants": Option(
        ("variants", "small.yaml", "--insert", "se: {reduction: 2}", "--among", "block", "--draw"), ".svg"
    ),
    "compare": Option(("compare", "run", "-o"), ".svg"),
    "schema": Option(("schema", "-o"), ".json"),
}
BENCH = Option(
    ("bench", "small.yaml", "--device", "cpu", "--set", "size=8", "--batch", "2", "--seconds", "0.1", "-q", "-o"),
    ".svg",
)
FOLDER_OPTIONS = {
    "variants": ("variants", "small.yaml", "--insert", "se: {reduction: 2}", "--among", "block", "-o"),
    "evaluate": ("evaluate", "run", "--device", "cpu", "-q", "-o"),
    "report": ("report", "study", "-o"),
    "runs": ("train", "small.yaml", *map(str, short(1)), "-q", "--runs-dir"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Begin in a folder that holds a page, a run and a study."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(PAGE)
    shutil.copytree(trained.folder, "run")
    shutil.copytree(KEPT / "study", "study")
    shutil.copy(KEPT / "page" / "tiny.yaml", "study/tiny.yaml")
    return tmp_path


@pytest.fixture(params=FILE_OPTIONS)
def option(request: pytest.FixtureRequest) -> Option:
    """Return each option that names a file."""
    return FILE_OPTIONS[request.param]


def _run(archcli: Archcli, option: Option, path: Path) -> Outcome:
    return archcli(*option.words, path)


def _failed(outcome: Outcome, said: str) -> None:
    assert outcome.code == 1, outcome.err
    assert outcome.err.startswith("error: cannot write ")
    assert said in outcome.err
    assert "help: " in outcome.err


class TestFiles:
    """Ten options that name a file."""

    def test_a_new_file_has_the_mode_that_the_user_wants(self, archcli: Archcli, option: Option) -> None:
        """By the umask, whatever wrote it."""
        path = Path(f"new{option.suffix}")
        before = os.umask(0o027)
        try:
            assert _run(archcli, option, path).code == 0
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
    def test_a_file_that_is_replaced_keeps_its_mode(self, archcli: Archcli, option: Option, mode: int) -> None:
        """What was private stays so."""
        path = Path(f"old{option.suffix}")
        path.write_bytes(OLD)
        path.chmod(mode)
        assert _run(archcli, option, path).code == 0
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert path.read_bytes() != OLD

    def test_a_link_stays_one_and_its_file_is_replaced(self, archcli: Archcli, option: Option) -> None:
        """Also one that leads to another folder."""
        Path("elsewhere").mkdir()
        file, link = Path("elsewhere/file"), Path(f"link{option.suffix}")
        file.write_bytes(OLD)
        link.symlink_to(file)
        assert _run(archcli, option, link).code == 0
        assert link.is_symlink()
        assert file.read_bytes() != OLD
        assert [each.name for each in Path("elsewhere").iterdir()] == ["file"]

    def test_a_link_to_nothing_yet_makes_its_file(self, archcli: Archcli, option: Option) -> None:
        """As every program does that opens it."""
        link = Path(f"link{option.suffix}")
        link.symlink_to("file")
        assert _run(archcli, option, link).code == 0
        assert link.is_symlink()
        assert Path("file").stat().st_size > 0

    def test_a_pipe_takes_it(self, archcli: Archcli, option: Option) -> None:
        """``-o >(gzip > page.svg.gz)`` of a shell is one."""
        path, got = Path(f"pipe{option.suffix}"), []
        os.mkfifo(path)
        reader = Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
        reader.start()
        outcome = _run(archcli, option, path)
        assert outcome.code == 0, outcome.err
        reader.join(60)
        assert path.is_fifo()
        assert len(got[0]) > 100

    def test_a_device_takes_it(self, archcli: Archcli, option: Option) -> None:
        """And is there afterwards; a node of our own, for a mistake would destroy the machine's."""
        path = Path(f"null{option.suffix}")
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            path.write_bytes(b"")
        except OSError:
            pytest.skip("no device can be made here")
        assert _run(archcli, option, path).code == 0
        assert path.is_char_device()

    def test_a_folder_in_its_place_is_an_answer(self, archcli: Archcli, option: Option) -> None:
        """Exit code 1, and what to do."""
        path = Path(f"folder{option.suffix}")
        path.mkdir()
        _failed(_run(archcli, option, path), "it is a folder: name a file")
        assert not list(path.iterdir())

    def test_a_folder_that_is_missing_is_an_answer(self, archcli: Archcli, option: Option) -> None:
        """It is not made: a slip in its name would hide the file."""
        _failed(_run(archcli, option, Path(f"nowhere/new{option.suffix}")), "there is no folder nowhere: make it")
        assert not Path("nowhere").exists()

    def test_a_file_in_the_folders_place_is_an_answer(self, archcli: Archcli, option: Option) -> None:
        """``-o FILE/x`` was a mistake of the program's."""
        _failed(_run(archcli, option, Path(f"small.yaml/new{option.suffix}")), "a file is where a folder is needed")

    def test_a_link_to_itself_is_an_answer(self, archcli: Archcli, option: Option) -> None:
        """It leads nowhere."""
        path = Path(f"loop{option.suffix}")
        path.symlink_to(path)
        _failed(_run(archcli, option, path), "symbolic links")

    def test_a_name_of_300_letters_is_an_answer(self, archcli: Archcli, option: Option) -> None:
        """File systems take 255 bytes, and all of those."""
        _failed(_run(archcli, option, Path("x" * 300 + option.suffix)), "choose a shorter name")
        assert _run(archcli, option, Path("x" * (255 - len(option.suffix)) + option.suffix)).code == 0

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_what_is_read_only_stays_as_it_is(self, archcli: Archcli, option: Option) -> None:
        """A file, and a folder."""
        file, folder = Path(f"old{option.suffix}"), Path("folder")
        file.write_bytes(OLD)
        file.chmod(0o444)
        _failed(_run(archcli, option, file), "Permission denied")
        assert file.read_bytes() == OLD
        folder.mkdir(mode=0o555)
        _failed(_run(archcli, option, folder / f"new{option.suffix}"), "Permission denied")


class TestBench:
    """A benchmark measures for a while, so its figure's place is looked at first."""

    @pytest.mark.parametrize("place", ["nowhere/new", "small.yaml/new", "folder"])
    def test_it_begins_with_the_place(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        """Nothing is measured for nothing."""
        Path("folder.svg").mkdir()
        monkeypatch.setattr("builder.commands.bench.prepare", lambda *_: pytest.fail("it has begun"))
        _failed(_run(archcli, BENCH, Path(f"{place}.svg")), "help: ")

    @pytest.mark.slow
    def test_a_pipe_takes_the_figure(self, archcli: Archcli) -> None:
        """As with every option."""
        os.mkfifo("pipe.svg")
        got: list[bytes] = []
        reader = Thread(target=lambda: got.append(Path("pipe.svg").read_bytes()))
        reader.start()
        assert _run(archcli, BENCH, Path("pipe.svg")).code == 0
        reader.join(60)
        assert got[0].startswith(b"<?xml")


def _as_file(path: Path) -> None:
    path.write_bytes(OLD)


def _as_link_to_a_file(path: Path) -> None:
    Path("file").write_bytes(OLD)
    path.symlink_to("file")


def _as_pipe(path: Path) -> None:
    os.mkfifo(path)


def _as_loop(path: Path) -> None:
    path.symlink_to(path)


def _above_is_a_file(path: Path) -> None:
    path.parent.write_bytes(OLD)


class TestFolders:
    """Options that name a folder: it is made where it is missing, with those above it."""

    @pytest.mark.slow
    @pytest.mark.parametrize("words", FOLDER_OPTIONS.values(), ids=FOLDER_OPTIONS)
    @pytest.mark.parametrize("kind", ["missing", "there", "link", "link to nothing"])
    def test_it_is_made_and_used(self, archcli: Archcli, words: tuple[str, ...], kind: str) -> None:
        """A link is followed, also one whose folder is to be made."""
        place = Path("a/b/c") if kind == "missing" else Path("place")
        if kind == "there":
            place.mkdir()
        elif kind != "missing":
            place.symlink_to("target")
            Path("target").mkdir() if kind == "link" else None
        outcome = archcli(*words, place)
        assert outcome.code == 0, outcome.err
        assert list(place.iterdir())

    @pytest.mark.parametrize(
        "words", [*FOLDER_OPTIONS.values(), ("study", "plan", "study/study.yaml", "--studies-dir")],
        ids=[*FOLDER_OPTIONS, "studies"],
    )  # fmt: skip
    @pytest.mark.parametrize("make", [_as_file, _as_link_to_a_file, _as_pipe, _as_loop, _above_is_a_file])
    def test_what_is_no_folder_is_an_answer(
        self, archcli: Archcli, words: tuple[str, ...], make: Callable[[Path], None]
    ) -> None:
        """And stays as it was."""
        place = Path("above/place") if make is _above_is_a_file else Path("place")
        make(place)
        outcome = archcli(*words, place)
        assert (outcome.code, outcome.err.count("cannot write")) == (1, 1), outcome.err
        assert "help: " in outcome.err


class TestStandardOutput:
    """``-`` as the name of an output, as other programs take it."""

    @pytest.mark.parametrize(
        "words", [("schema",), ("export", "small.yaml", "--to", "python"), ("import", "net.py:Net")]
    )
    def test_text_goes_there(self, archcli: Archcli, words: tuple[str, ...]) -> None:
        """As without the option; no file is called so."""
        Path("net.py").write_text("from torch import nn\nNet = lambda: nn.Sequential(nn.Conv2d(3, 4, 3))\n")
        outcome = archcli(*words, "-o", "-")
        assert outcome.out == archcli(*words).out
        assert len(outcome.out) > 100
        assert not Path("-").exists()

    @pytest.mark.parametrize(
        "words",
        [
            *(("export", "small.yaml", "--to", form, "-o") for form in ("safetensors", "torch", "onnx", "pt2")),
            ("draw", "small.yaml", "-o"),
            ("draw", "small.yaml", "-o", "figure.svg", "-o"),
            ("compare", "run", "-o"),
            ("bench", "small.yaml", "-o"),
            ("variants", "small.yaml", "--insert", "relu", "--at", "block", "--draw"),
            ("variants", "small.yaml", "--insert", "relu", "--at", "block", "-o"),
            ("evaluate", "run", "-o"),
            ("report", "study", "-o"),
            ("import", "net.py:Net", "--weights-out"),
            ("import", "net.py:Net", "--plugin-stub"),
        ],
    )
    def test_everything_else_needs_a_name(self, archcli: Archcli, words: tuple[str, ...]) -> None:
        """Figures have their form from it, and weights and folders are nothing for a terminal."""
        outcome = archcli(*words, "-")
        option = words[-1] if words[-1].startswith("--") else "--output"
        assert outcome.code == 2
        assert f"`{option}` does not write to standard output, which `-` is" in outcome.err
        assert f"help: write `{option} F" in outcome.err
        assert not Path("-").exists()

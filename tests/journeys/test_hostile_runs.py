"""A run's folder whose files are missing, empty, garbage or no files: an answer that names it, in bounded time."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.command_line import Archcli, Outcome, Trained

FILES = (
    "page.yaml", "recipe.yaml", "environment.json", "data.json", "metrics.csv", "summary.json", "failed.json",
    "weights.json", "plugins.json", "last.safetensors", "prev.safetensors", "best.safetensors", ".lock",
)  # fmt: skip
COMMANDS = (("evaluate", "-o", "drawn"), ("export", "--to", "python"), ("export", "--to", "safetensors", "-o", "w"),
            ("compare",), ("resume",))  # fmt: skip
PATIENCE = 60  # seconds after which a command counts as hanging


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _writing(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": lambda _: None,
    "empty": _writing(b""),
    "bytes": _writing(bytes(range(256)) * 8),
    "nested": _writing(b"[" * 100_000),
    "nested objects": _writing(b'{"a":' * 100_000),
    "a number": _writing(b"5"),
    "null": _writing(b"null\n"),
    "a list": _writing(b"[1, 2]"),
    "a text": _writing(b'"text"'),
    "other fields": _writing(
        b'{"data": 5, "name": 7, "precision": 3, "final": 1, "step": [], "images": {"train": "x"}}'
    ),
    "header of 2**60 bytes": _writing(b"\xff" * 7 + b"\x0f{}"),
    "pipe": _pipe,
    "device": _device,
    "folder": _folder,
    "link to itself": _loop,
}


@contextmanager
def in_time() -> Iterator[None]:
    """Let what hangs inside fail instead."""

    def ring(*_: object) -> None:
        pytest.fail(f"no answer in {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def _nothing_drawn(monkeypatch: pytest.MonkeyPatch, no_pictures: None) -> None:
    monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)


def _damaged(trained: Trained, home: Path, name: str, damage: str) -> Path:
    run = home / "runs" / "small-001"
    shutil.copytree(trained.folder, run)
    path = run / name
    path.unlink(missing_ok=True)
    DAMAGE[damage](path)
    return path


def _answered(outcome: Outcome, path: Path, *, whole: bool) -> None:
    """Assert that a command has worked, or said in short which file is wrong."""
    assert outcome.code in {0, 1, 2}, outcome.err
    assert "Traceback" not in outcome.err
    if outcome.code:
        assert path.name in outcome.err or whole, outcome.err
        assert len(outcome.err) < 6000


@pytest.mark.slow
class TestEveryFileEveryDamage:
    """Thirteen files, fifteen damages, six commands."""

    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("name", FILES)
    def test_each_is_answered(
        self,
        archcli: Archcli,
        trained: Trained,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        damage: str,
    ) -> None:
        """With exit code 1 or 2 and the file's name, or with the right result where the file is not needed."""
        monkeypatch.chdir(tmp_path)
        path = _damaged(trained, tmp_path, name, damage)
        for command, *options in COMMANDS:
            if command == "resume" and name != "summary.json":  # a run that has ended reads nothing more
                (path.parent / "summary.json").unlink(missing_ok=True)
            with in_time():
                outcome = archcli(command, path.parent, *options)
            _answered(outcome, path, whole=name in {"recipe.yaml", ".lock"})
            assert not list(Path().glob("archcli-report-*")), Path(next(Path().glob("archcli-report-*"))).read_text()


class TestOneOfEachKind:
    """A few of them, fast enough for every day."""

    @pytest.mark.parametrize(
        ("command", "name", "damage", "said"),
        [
            ("compare", "environment.json", "other fields", "environment.json does not say what the run was trained"),
            ("compare", "data.json", "nested", "data.json cannot be read: lists and objects are nested more than"),
            ("compare", "summary.json", "pipe", "summary.json is not the result of a run: it is a pipe, and no file"),
            ("compare", "summary.json", "other fields", "summary.json is not the result of a run"),
            (
                "compare",
                "failed.json",
                "a list",
                "failed.json is damaged; it should say why the run failed: it holds no JSON object",
            ),
            ("compare", "metrics.csv", "device", "metrics.csv: it is a device, and no file"),
            ("evaluate", "best.safetensors", "device", "best.safetensors: it is a device, and no file"),
            ("evaluate", "page.yaml", "pipe", "page.yaml"),
        ],
    )
    def test_it_names_the_file_and_what_is_wrong(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, command: str, name: str, damage: str, said: str
    ) -> None:
        """Nothing is waited for."""
        path = _damaged(trained, tmp_path, name, damage)
        with in_time():
            outcome = archcli(command, path.parent)
        assert said in outcome.err
        assert outcome.code in {1, 2}

    def test_a_folder_without_its_recipe_is_no_run(self, tmp_path: Path) -> None:
        """Neither is one whose name no folder can have."""
        for path in (tmp_path, Path("x" * 300)):
            with pytest.raises(Exception, match="is not the folder of a run"):
                RunFolder.open(path)

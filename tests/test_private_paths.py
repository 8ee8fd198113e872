"""Paths that are passed on say nothing of who the user is."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.private_paths import from_home, shared_command, without_home


@pytest.fixture(autouse=True)
def _somebodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user with a home and a project in it."""
    (tmp_path / "jane" / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "jane"))
    monkeypatch.chdir(tmp_path / "jane" / "project")


class TestWithoutHome:
    """Texts such as tracebacks."""

    def test_the_current_folder_is_a_dot_and_home_a_tilde(self) -> None:
        """The inner one first."""
        home = Path.home()
        said = f'File "{home}/project/a.py", line 3, in {home}/.venv/b.py, not /usr/lib/c.py'
        assert without_home(said) == 'File "./a.py", line 3, in ~/.venv/b.py, not /usr/lib/c.py'

    def test_a_home_that_is_the_root_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in many containers: every path begins so."""
        monkeypatch.setenv("HOME", "/")
        monkeypatch.chdir("/")
        assert without_home("/usr/lib/c.py") == "/usr/lib/c.py"


class TestFromHome:
    """A place that has to be found again by the same user."""

    def test_only_what_lies_in_it_loses_its_name(self) -> None:
        """Wherever one is; what is elsewhere stays, also what is only called alike."""
        home = Path.home()
        assert from_home(f"{home}/project/gct.py") == "~/project/gct.py"
        assert from_home(f"{home}s/gct.py") == f"{home}s/gct.py"
        assert from_home("/scratch/gct.py") == "/scratch/gct.py"


class TestSharedCommand:
    """What a run says of how it was started."""

    @pytest.mark.parametrize(
        ("word", "shared"),
        [
            ("train", "train"),
            ("page.yaml", "page.yaml"),
            ("--set", "--set"),
            ("lr=0.1", "lr=0.1"),
            ("HOME/project/page.yaml", "page.yaml"),
            ("HOME/project", "."),
            ("HOME/data", "~/data"),
            ("--data-dir=HOME/data", "--data-dir=~/data"),
            ("/scratch/jane/imagenet", "…/imagenet"),
            ("--data-dir=/scratch/jane/imagenet", "--data-dir=…/imagenet"),
            ("../other.yaml", "../other.yaml"),
        ],
    )
    def test_words_that_are_paths_lose_what_is_above(self, word: str, shared: str) -> None:
        """All others stay."""
        assert shared_command(["/opt/venv/bin/archcli", word.replace("HOME", str(Path.home()))]) == ["archcli", shared]

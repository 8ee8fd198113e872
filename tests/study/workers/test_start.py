"""A worker begins with our package and the libraries that are installed, wherever it is started."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from builder.study.workers.engine import local_command

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.results.folder import StudyFolder

TRAP = "import pathlib; pathlib.Path({marker!r}).touch(); raise SystemExit('the trap was run')\n"
LIBRARIES = ("torch", "numpy", "yaml", "sklearn", "filelock", "pydantic", "random", "json", "selectors", "pathlib")
"""Names that a file in the working folder may have; a worker imports each of them from elsewhere."""


def trapped(folder: Path, *names: str) -> Path:
    """Put modules into ``folder`` that leave a marker when they are run, and return where."""
    folder.mkdir(exist_ok=True)
    marker = folder / "marker"
    for name in names:
        (folder / f"{name}.py").write_text(TRAP.format(marker=str(marker)), "utf-8")
    return marker


def last_word(study: StudyFolder, place: Path, **environment: str) -> str:
    """Return how a worker ended that was started in ``place``; the images are never those of this plan."""
    command = local_command(study, "cpu", "data")(0)
    given = os.environ | environment
    done = subprocess.run(command, cwd=place, env=given, input="", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout.splitlines()[-1])["message"])


class TestStart:
    """What is imported, and from where."""

    @pytest.mark.parametrize("names", [("builder",), LIBRARIES], ids=["ours", "libraries"])
    def test_nothing_of_the_working_folder_is_run(
        self, folder: StudyFolder, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        """Whatever lies there under whichever name: the worker gets as far as to its images."""
        marker = trapped(tmp_path / "work", *names)
        said = last_word(folder, marker.parent)
        assert "the images of digits in data are not" in said
        assert not marker.exists()

    def test_another_package_of_our_name_is_not_taken(self, folder: StudyFolder, tmp_path: Path) -> None:
        """Not even where it would be found first."""
        marker = trapped(tmp_path / "builder", "__init__")
        said = last_word(folder, tmp_path, PYTHONPATH=str(tmp_path))
        assert "the images of digits in data are not" in said
        assert not marker.exists()

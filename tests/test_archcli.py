"""The package ``archcli``, which the repository's top level becomes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FACE = ["__version__", "build", "draw", "evaluate", "import_module", "load", "predict", "train", "variants"]


@pytest.fixture
def python(tmp_path: Path) -> list[str | Path]:
    """Return what runs Python where ``archcli`` is as it is when installed."""
    (tmp_path / "archcli").symlink_to(ROOT)
    return ["env", f"PYTHONPATH={tmp_path}{os.pathsep}{ROOT}", sys.executable]


def said(*command: str | Path) -> str:
    """Return what a command prints; it must succeed and say nothing else."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.strip()


class TestFace:
    """``import archcli`` has what is meant for Python users, and fetches each name when it is asked for."""

    def test_it_lists_its_names(self, python: list[str | Path]) -> None:
        """And nothing else."""
        assert said(*python, "-c", "import archcli; print(dir(archcli) == sorted(archcli.__all__), dir(archcli))") == (
            f"True {FACE}"
        )

    def test_importing_it_imports_nothing(self, python: list[str | Path]) -> None:
        """Neither torch nor the rooms of the program."""
        code = "import archcli, sys; print([n for n in ('builder', 'torch', 'pydantic', 'typer') if n in sys.modules])"
        assert said(*python, "-c", code) == "[]"

    def test_what_needs_no_torch_works_without(self, python: list[str | Path]) -> None:
        """Loading, varying and the version."""
        code = (
            "import archcli, sys\n"
            "space = {'which': {'insert': 'se', 'among': 'block*.pre_activation'}}\n"
            "count = len(list(archcli.variants('alexnet', space)))\n"
            "print(archcli.load('alexnet').name, count, bool(archcli.__version__), archcli.draw.__name__)\n"
            "print('torch' in sys.modules)"
        )
        assert said(*python, "-c", code).split() == ["alexnet", "4", "True", "draw", "False"]

    def test_another_name_is_an_attribute_error(self, python: list[str | Path]) -> None:
        """As of any module."""
        assert said(*python, "-c", "import archcli; print(hasattr(archcli, 'trian'))") == "False"


class TestMain:
    """``python -m archcli``."""

    def test_it_is_the_command(self, python: list[str | Path]) -> None:
        """The same answers under the same name."""
        assert said(*python, "-m", "archcli", "check", "alexnet_tiny").startswith("alexnet_tiny: ok")
        assert said(*python, "-m", "archcli", "-h").startswith("Usage: archcli ")

    @pytest.mark.parametrize("name", ["builder", "cli", "numpy", "pydantic", "torch", "typer", "yaml"])
    def test_a_file_of_the_working_folder_is_no_library(
        self, python: list[str | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """As it is none for the command itself: Python alone would run it."""
        folder = tmp_path / "work"
        folder.mkdir()
        (folder / f"{name}.py").write_text("raise SystemExit('the trap was run')\n")
        monkeypatch.chdir(folder)
        assert said(*python, "-m", "archcli", "check", "alexnet_tiny").startswith("alexnet_tiny: ok")

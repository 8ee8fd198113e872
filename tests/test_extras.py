"""Extras: packages that are installed where somebody asks for them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from builder.diagnostics import RunError
from builder.extras import EXTRAS, need


class TestExtras:
    """The table, and the project's file."""

    def test_each_is_an_extra_of_the_project(self) -> None:
        """Its packages are what the extra installs."""
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
        said = project["optional-dependencies"]
        for name, extra in EXTRAS.items():
            assert name in said
            assert all(any(asked.startswith(package) for asked in said[name]) for package in extra.packages)

    def test_all_is_all_of_them(self) -> None:
        """Whoever wants everything names nothing else."""
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["optional-dependencies"]["all"] == [f"{project['name']}[{','.join(sorted(EXTRAS))}]"]


class TestNeed:
    """What is said where a package is not there."""

    def test_what_is_there_is_no_answer(self) -> None:
        """Nothing is raised."""
        need("onnx", "this")

    @pytest.mark.parametrize(
        ("missing", "words"),
        [
            ({"onnx"}, "`--to onnx` needs the package `onnx`, which is not installed"),
            ({"onnx", "onnxscript"}, "`--to onnx` needs the packages `onnx` and `onnxscript`, which are not installed"),
        ],
    )
    def test_the_command_that_installs_it(self, missing: set[str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """All that are missing are named."""
        monkeypatch.setattr("builder.extras.find_spec", lambda name: None if name in missing else object())
        with pytest.raises(RunError) as raised:
            need("onnx", "`--to onnx`")
        assert (raised.value.message, raised.value.hint) == (words, "pip install 'archcli-cnn[onnx]'")

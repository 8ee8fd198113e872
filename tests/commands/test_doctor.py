"""Whether everything is here that the program needs."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

from builder.commands import doctor
from builder.diagnostics import RunError

if TYPE_CHECKING:
    import pytest

    from tests.command_line import Archcli


class TestDoctor:
    """One line for each thing, and an exit code for scripts."""

    def test_a_machine_on_which_tests_run_is_well(self, archcli: Archcli, tmp_path: Path) -> None:
        """Versions, device, figures, fonts, folders and disk are all named, and nothing is written."""
        outcome = archcli("doctor", "--json", "--data-dir", tmp_path / "data", "--runs-dir", tmp_path / "runs")
        findings = {finding["topic"]: finding for finding in json.loads(outcome.out)["findings"]}
        assert outcome.code == 0
        assert {
            "python",
            "torch",
            "device",
            "cpu",
            "networks",
            "figures",
            "pdf",
            "fonts",
            "data",
            "runs",
            "disk",
        } <= set(findings)
        assert all(finding["status"] != "missing" for finding in findings.values())
        assert list(tmp_path.iterdir()) == []

    def test_an_extra_that_is_not_there_is_no_fault(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """The line says what it would give, and the command that installs it."""
        monkeypatch.setattr("builder.extras.find_spec", lambda name: None if name == "onnx" else object())
        findings = {each.topic: each for each in doctor.run(Path("data"), Path("runs")).findings}
        assert findings["extra onnx"] == doctor.Finding(
            "extra onnx", "note", "onnx not installed: for `export --to onnx`", "pip install 'archcli-cnn[onnx]'"
        )
        assert findings["extra tensorboard"].status == "ok"

    def test_a_missing_package_is_1_and_says_what_to_do(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The line names the package, the verdict is the last line."""

        def version(name: str) -> str:
            if name == "pillow":
                raise PackageNotFoundError(name)
            return "1"

        monkeypatch.setattr(doctor, "version", version)
        outcome = archcli("doctor")
        assert outcome.code == 1
        assert "pip install pillow" in outcome.out
        assert outcome.out.splitlines()[-1] == "something necessary is missing"

    def test_a_renderer_that_does_not_run_is_found(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """A figure is really drawn: that a program is there does not mean that it works."""

        def refuse(*_: object) -> None:
            raise RunError("`graphviz-pure` could not be started: exec format error", "use another wheel")

        monkeypatch.setattr("builder.emit.diagram.output.renderer.svg", refuse)
        outcome = archcli("doctor")
        assert outcome.code == 1
        assert "exec format error" in outcome.out

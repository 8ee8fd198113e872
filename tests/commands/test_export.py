"""A network for programs that do not have archcli."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

import builder
from builder.commands.export_forms import EXPORT_FORMS
from tests.command_line import PAGE

if TYPE_CHECKING:
    from tests.command_line import Archcli, Trained


class TestSource:
    """``--to python`` is the text that trains."""

    def test_it_goes_to_stdout(self, archcli: Archcli) -> None:
        """And nothing else is printed."""
        outcome = archcli("export", "alexse_both", "--to", "python")
        assert (outcome.code, outcome.err) == (0, "")
        assert "class AlexseBoth(nn.Module):" in outcome.out
        compile(outcome.out, "alexse_both.py", "exec")

    def test_a_runs_source_takes_its_weights_without_us(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """In a process that imports nothing of this project, key for key."""
        source, weights = tmp_path / "net.py", tmp_path / "net.safetensors"
        assert archcli("export", trained.folder, "--to", "python", "-o", source).out == f"{source}\n"
        assert archcli("export", trained.folder, "--to", "safetensors", "-o", weights).out == f"{weights}\n"
        script = (
            "import sys, torch; from safetensors.torch import load_file; from net import Small; model = Small();"
            "model.load_state_dict(load_file('net.safetensors'), strict=True);"
            "assert 'builder' not in sys.modules; print(tuple(model(torch.zeros(1, 3, 16, 16)).shape))"
        )
        command = [sys.executable, "-c", script]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ran.stdout, ran.returncode) == ("(1, 10)\n", 0), ran.stderr


class TestWeights:
    """``--to safetensors`` are tensors under the names of the ``state_dict``."""

    def test_those_of_a_page_are_fresh_and_the_same_for_one_seed(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They are those that PyTorch draws for the same network after the same seed."""
        monkeypatch.chdir(tmp_path)
        Path("small.yaml").write_text(PAGE)
        assert archcli("export", "small.yaml", "--to", "safetensors", "--seed", 3).out == "small.safetensors\n"
        torch.manual_seed(3)
        expected = builder.build("small.yaml").state_dict()
        written = load_file("small.safetensors")
        assert written.keys() == expected.keys()
        assert all(torch.equal(written[name], expected[name]) for name in expected)

    def test_those_of_a_run_are_its_best(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """What ``evaluate`` measures is what is exported."""
        archcli("export", trained.folder, "--to", "safetensors", "-o", tmp_path / "best.safetensors")
        best, written = load_file(trained.folder / "best.safetensors"), load_file(tmp_path / "best.safetensors")
        assert all(torch.equal(written[name], best[name]) for name in best)


class TestPrograms:
    """``--to onnx`` and ``--to pt2`` are networks with their weights, for any number of images."""

    def test_a_run_is_exported_with_its_best_weights(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """The words say how it was compared."""
        best = load_file(trained.folder / "best.safetensors")
        outcome = archcli("export", trained.folder, "--to", "pt2", "-o", tmp_path / "small.pt2")
        said = (
            f"checked  PyTorch {torch.__version__.partition('+')[0]} on batches of 1 and 3 random images: the same bits"
        )
        assert (outcome.code, outcome.out) == (0, f"{said}\n{tmp_path / 'small.pt2'}\n")
        loaded = torch.export.load(tmp_path / "small.pt2").state_dict
        assert all(torch.equal(loaded[name], best[name]) for name in best)

    def test_without_the_packages_the_answer_installs_them(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before anything is loaded."""
        monkeypatch.setattr("builder.extras.find_spec", lambda _: None)
        outcome = archcli("export", trained.folder, "--to", "onnx", "-o", tmp_path / "small.onnx")
        assert outcome.code == 1
        assert "`--to onnx` needs the packages `onnx` and `onnxruntime` and `onnxscript`" in outcome.err
        assert "help: pip install 'archcli-cnn[onnx]'" in outcome.err


class TestForms:
    """The table of forms."""

    def test_the_command_line_offers_all_of_them(self, archcli: Archcli) -> None:
        """It reads the table."""
        assert f"--to {'|'.join(EXPORT_FORMS)} " in " ".join(archcli("export", "-h").out.split())

    @pytest.mark.parametrize("form", EXPORT_FORMS)
    def test_a_file_that_nobody_names_has_its_suffix(
        self, form: str, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or there is none, and the text is printed."""
        monkeypatch.chdir(tmp_path)
        Path("small.yaml").write_text(PAGE)
        outcome = archcli("export", "small.yaml", "--to", form)
        made = {path.name for path in tmp_path.iterdir()} - {"small.yaml"}
        suffix = EXPORT_FORMS[form].suffix
        assert (outcome.code, made) == (0, set() if suffix is None else {f"small.{suffix}"})

    def test_nobody_compares_their_names(self) -> None:
        """A form that is added would be forgotten there."""
        root = Path(builder.__file__).parent
        about = [root / "commands/export.py", root / "commands/text/pages.py", root.parent / "cli.py"]
        words = {
            each.value
            for path in (*about, *(root / "cli").glob("*.py"))
            for each in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        }
        assert words & set(EXPORT_FORMS) == set()


class TestAnswers:
    """What is neither a page nor a run."""

    def test_an_unknown_name_is_an_invalid_file_and_an_empty_folder_a_failed_run(
        self, archcli: Archcli, tmp_path: Path
    ) -> None:
        """Nothing is written for either."""
        assert archcli("export", "alexnett", "--to", "python").code == 2
        assert archcli("export", tmp_path, "--to", "safetensors").code == 1
        assert list(tmp_path.iterdir()) == []

    def test_what_is_read_is_not_replaced(self, archcli: Archcli, tmp_path: Path, trained: Trained) -> None:
        """Neither the page, nor the weights that go into it, nor a file of the run."""
        page, run = tmp_path / "small.yaml", tmp_path / "run"
        page.write_text(PAGE)
        shutil.copytree(trained.folder, run)
        weights, best = tmp_path / "weights.pth", run / "best.safetensors"
        shutil.copy(best, weights)
        for words in (
            (page, "--to", "python", "-o", page),
            (page, "--to", "torch", "--weights", weights, "-o", weights),
            (run, "--to", "safetensors", "-o", best),
        ):
            before = words[-1].read_bytes()
            outcome = archcli("export", *words)
            assert (outcome.code, outcome.err) == (
                2,
                f"error[usage]: `{words[-1]}` would replace what this command reads\n  help: name another file\n",
            )
            assert words[-1].read_bytes() == before

"""The way in from Python: functions that return what the commands print; those that need no torch do without."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

import builder
from builder.diagnostics import ArchError, RunError
from builder.json_output import encode

if TYPE_CHECKING:
    from tests.command_line import Archcli, Trained

GUIDE = Path(__file__).parents[1] / "docs" / "python.md"


class TestImports:
    """Who asks for little pays for little."""

    def test_loading_and_writing_need_no_torch(self) -> None:
        """A graph and its source come without it."""
        script = (
            "import builder, sys\n"
            "assert not [name for name in sys.modules if name.startswith('builder.')]\n"
            "from builder.emit.python import source\n"
            "source(builder.load('alexse_cross', classes=7))\n"
            "assert 'torch' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True)


class TestTrain:
    """``builder.train`` is ``archcli train``."""

    @pytest.fixture(autouse=True)
    def nothing_is_drawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave out figures and curves, which take most of the time of so short a run."""
        monkeypatch.setattr("builder.commands.train._draw", lambda *_: None)
        monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)

    def test_it_trains_the_same_weights(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And prints nothing, while progress is told to whoever asks."""
        seen: list[object] = []
        found = builder.train(
            trained.home / "small.yaml",
            data="digits",
            subset=200,
            runs_dir=tmp_path,
            device="cpu",
            on_progress=seen.append,
            epochs=2,
            size=16,
        )
        assert capsys.readouterr() == ("", "")
        assert seen
        assert found.beginning.run == tmp_path / "small-001"
        assert found.summary is not None
        before = json.loads((trained.folder / "summary.json").read_text())
        assert found.summary.test_loss == before["test_loss"]
        assert found.summary.best_val_accuracy == before["best_val_accuracy"]
        assert archcli("compare", found.beginning.run, trained.folder).code == 0

    def test_settings_are_fields_of_the_recipe(self, tmp_path: Path, trained: Trained) -> None:
        """By their names, or as a mapping of fields; numbers as Python has them."""
        found = builder.train(
            trained.home / "small.yaml",
            data="digits",
            subset=50,
            runs_dir=tmp_path,
            device="cpu",
            epochs=1,
            size=16,
            seed=3,
            clip_norm=None,
            schedule={"name": "constant"},
            optimizer={"name": "sgd", "lr": 1e-05},
        )
        recipe = found.beginning.recipe
        assert (recipe.seed, recipe.optimizer.name, recipe.optimizer.lr) == (3, "sgd", 1e-05)
        assert (recipe.schedule.name, recipe.clip_norm) == ("constant", None)

    def test_a_field_that_there_is_not_is_a_mistake(self, tmp_path: Path) -> None:
        """With the nearest name, before anything is fetched."""
        with pytest.raises(ArchError) as raised:
            builder.train("alexnet_tiny", data="digits", runs_dir=tmp_path / "runs", epoch=4)
        (mistake,) = raised.value.diagnostics
        assert (mistake.message, mistake.hint) == ("recipe digits32 has no setting `epoch`", "did you mean `epochs`?")
        assert not (tmp_path / "runs").exists()


class TestEvaluate:
    """``builder.evaluate`` is ``archcli evaluate``."""

    @pytest.mark.usefixtures("no_pictures")
    def test_it_returns_what_the_command_prints(
        self, archcli: Archcli, trained: Trained, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """All of it, and prints nothing itself."""
        found = builder.evaluate(trained.folder, split="validation")
        assert capsys.readouterr() == ("", "")
        assert encode(found) == archcli("evaluate", trained.folder, "--split", "validation", "--json", "-q").out.strip()

    def test_what_is_no_run_is_an_error(self, tmp_path: Path) -> None:
        """One that says so, and no traceback's."""
        with pytest.raises(RunError, match="is not the folder of a run"):
            builder.evaluate(tmp_path)


class TestGuide:
    """What docs/python.md shows."""

    def test_its_example_runs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """From top to bottom, in an empty folder."""
        monkeypatch.chdir(tmp_path)
        (example,) = re.findall(r"^```python\n((?:.*\n)*?)```$", GUIDE.read_text("utf-8"), re.MULTILINE)
        exec(example, {})
        first, second, _ = capsys.readouterr().out.splitlines()
        assert re.fullmatch(r"best validation accuracy [\d.]+%, in runs/alexnet_tiny-001", first)
        assert re.fullmatch(r"297 test images, accuracy [\d.]+%", second)

    def test_its_other_call_is_one_that_there_is(self) -> None:
        """Its settings are fields of the recipe that it names."""
        from builder.runs.settings import as_texts  # noqa: PLC0415 - for this test
        from builder.training.recipe.overrides import override  # noqa: PLC0415 - the same
        from builder.training.recipe.recipe import load_recipe  # noqa: PLC0415 - the same

        (call,) = re.findall(r"^```py\nbuilder\.train\((.*)\)\n```$", GUIDE.read_text("utf-8"), re.MULTILINE)
        arguments = eval(f"dict(page={call})")
        texts = as_texts({name: value for name, value in arguments.items() if name not in {"page", "recipe"}})
        recipe = override(load_recipe(arguments["recipe"]), [text.split("=", 1) for text in texts])
        assert (recipe.epochs, recipe.seed, recipe.optimizer.lr) == (30, 1, 0.02)


class TestBuild:
    """``builder.build`` gives a plain module."""

    def test_it_maps_images_to_logits(self) -> None:
        """As many as the page has classes."""
        assert builder.build("alexnet_tiny", classes=7)(torch.zeros(2, 3, 32, 32)).shape == (2, 7)

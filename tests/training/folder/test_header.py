"""What a checkpoint says of its run, read without its tensors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from builder.training.folder.checkpoints import Checkpoint, write_checkpoint
from builder.training.folder.header import RunHeader, changed_in, read_checkpoint_record
from builder.training.folder.metrics import MetricsSeen
from builder.training.folder.run_files import RunData
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = load_recipe("lab").at(32)
WHOLE = RunHeader(
    network="abc",
    recipe=RECIPE,
    classes=("cat", "dog", "a class\nof two lines"),
    data=RunData("digits", None, 100),
    fingerprint="f00",
    metrics=MetricsSeen().after(b"epoch,val_loss\n1,0.5\n"),
)


class TestRecord:
    """What is written is what is read."""

    @pytest.mark.parametrize("header", [WHOLE, RunHeader(), RunHeader(network="abc", recipe=RECIPE)])
    def test_everything_comes_back(self, header: RunHeader) -> None:
        """Through JSON, as a checkpoint keeps it."""
        assert RunHeader.of(json.loads(json.dumps(header.record))) == header

    def test_an_earlier_version_said_recipe_and_checksum(self) -> None:
        """In ``last``; ``best`` said only how good it is."""
        origin = {"recipe": RECIPE.model_dump_json(), "data": "f00", "arithmetic": {}, "processes": 1}
        assert RunHeader.of({"origin": origin}) == RunHeader(recipe=RECIPE, fingerprint="f00")
        assert RunHeader.of({"epoch": 3, "val_accuracy": 0.5}) == RunHeader()

    @pytest.mark.parametrize("record", [{"run": {}}, {"run": 5}, {"origin": {}}, {"origin": {"recipe": "{"}}])
    def test_what_is_neither_is_an_error(self, record: dict[str, object]) -> None:
        """One that a reader expects."""
        with pytest.raises((KeyError, TypeError, ValueError)):
            RunHeader.of(record)


class TestFile:
    """The record of a file."""

    def test_it_is_read_without_torch(self, tmp_path: Path) -> None:
        """``compare`` looks at many runs."""
        path = tmp_path / "last.safetensors"
        write_checkpoint(path, Checkpoint({"weight": torch.ones(2)}, WHOLE.record))
        script = (
            "import sys; from pathlib import Path; from builder.training.folder import header\n"
            f"print(header.RunHeader.of(header.read_checkpoint_record(Path({str(path)!r}))).network)\n"
            "assert 'torch' not in sys.modules"
        )
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        assert done.stdout == "abc\n"

    def test_what_cannot_be_read_says_nothing(self, tmp_path: Path) -> None:
        """Cut anywhere, another program's, a folder, a pipe that nobody writes into, or not there."""
        path = tmp_path / "last.safetensors"
        write_checkpoint(path, Checkpoint({"weight": torch.ones(2)}, WHOLE.record))
        whole = path.read_bytes()
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            assert read_checkpoint_record(path) is None
        os.mkfifo(tmp_path / "pipe")
        assert read_checkpoint_record(tmp_path / "pipe") is None
        assert read_checkpoint_record(tmp_path) is None
        assert read_checkpoint_record(tmp_path / "nowhere") is None


class TestChanges:
    """What of a recipe may change."""

    def test_only_the_number_of_epochs(self) -> None:
        """And the recipe's name, which changes nothing."""
        now = RECIPE.model_copy(update={"name": "mine", "epochs": 100, "clip_norm": 1.0})
        assert changed_in(RECIPE, now) == ["clip_norm"]

"""The promises of the README, kept by the real command on real images."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
class TestLearning:
    """Networks learn, with the recipes that the program chooses or offers."""

    def test_digits_are_learned_to_95_percent(self, archcli: Archcli, tmp_path: Path) -> None:
        """``make demo``: eight epochs of the default recipe; seeds have given 98.6 to 99.2 %."""
        outcome = archcli("train", ROOT / "archs/alexse_both.yaml", "--data", "digits", "--runs-dir", tmp_path)
        folder = Path(outcome.out.splitlines()[-1])
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        assert outcome.code == 0
        assert summary["best_val_accuracy"] >= 0.95
        assert summary["test_accuracy"] >= 0.90

    def test_the_first_training_of_a_new_page_is_a_good_one(self, archcli: Archcli, tmp_path: Path) -> None:
        """The command that ``archcli init`` suggests; seeds 0 to 2 have given 99.0 to 99.3 %."""
        suggested = archcli("init", tmp_path / "mine").out
        line = next(line for line in suggested.splitlines() if "archcli train" in line).partition("  half")[0]
        outcome = archcli(*line.split()[1:], "--runs-dir", tmp_path, "--json")
        assert json.loads(outcome.out)["summary"]["best_val_accuracy"] >= 0.95

    def test_photographs_are_learned_from_in_two_epochs(self, archcli: Archcli, tmp_path: Path) -> None:
        """Two epochs of 10,000 images of the real CIFAR-10 reach 35 %, three and a half times chance."""
        data = os.environ.get("ARCHCLI_CIFAR10")
        if data is None:
            pytest.skip("the real CIFAR-10 is needed: set ARCHCLI_CIFAR10 to the folder that holds cifar-10-batches-py")
        settings = ("--recipe", "digits", "--set", "epochs=2", "--set", "validation=0.1", "--subset", 10_000)
        page = ROOT / "archs/alexse_both.yaml"
        outcome = archcli("train", page, "--data-dir", data, *settings, "--runs-dir", tmp_path, "--json")
        found = json.loads(outcome.out)
        assert outcome.code == 0
        assert found["beginning"]["images"] == {"train": 10_000, "validation": 5_000, "test": 10_000}
        assert found["summary"]["best_val_accuracy"] >= 0.35

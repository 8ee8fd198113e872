"""The settings that are tried for CPUs: what is still to do, what minutes are, and what the page says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import cpu_recipes
from benchmarks.cpu_recipes import NETWORK, RESULTS, TRIED, Times, epoch_seconds, page_of, recipe_of, shapes_of
from benchmarks.lab_page import NOT_YET, REPORTED
from benchmarks.lab_results import Result, Results
from builder.training.folder.metrics import EpochMetrics

ROOT = Path(__file__).parents[2]
GROW = recipe_of(TRIED["grow"])


def times(step: float, validation: float = 0.5) -> Times:
    """Return what was measured at a size."""
    return Times(step, validation, (step, step), 0.1)


MEASURED = {(side, 128): times(side / 100) for side in (64, 72, 80, 88, 96)}


def result(network: str = NETWORK, seed: int = 0, accuracy: float = 0.83) -> Result:
    """Return a run of the setting `grow`."""
    epochs = tuple(EpochMetrics(epoch, 1 / epoch, 0.9, 1 / epoch, accuracy, 0.01, 200.0) for epoch in range(1, 16))
    summary = {"best_val_accuracy": accuracy, "best_epoch": 15, "test_accuracy": accuracy - 0.01, "seconds": 4000.0}
    data = {"name": "cifar10", "images": {"train": 40_000, "validation": 10_000, "test": 10_000}}
    machine = {"device": "cpu (1 thread)", "precision": "bf16", "packages": {"torch": "2"}}
    return Result(network, seed, GROW.model_dump(mode="json"), data, machine, summary, epochs)


def keep_times(folder: Path, network: str = NETWORK) -> None:
    """Write what `times` writes."""
    found = {
        str(shape): {"shape": shape, **{name: getattr(each, name) for name in Times.__dataclass_fields__}}
        for shape, each in MEASURED.items()
    }
    (folder / "times").mkdir(parents=True, exist_ok=True)
    (folder / "times" / f"{network}.json").write_text(json.dumps({"network": network, "threads": 2, "times": found}))


class TestTried:
    """The settings."""

    def test_there_are_at_most_eight(self) -> None:
        """A miss after them is reported as one."""
        assert len(TRIED) <= 8

    @pytest.mark.parametrize("name", list(TRIED))
    def test_each_is_a_recipe_of_all_of_cifar(self, name: str) -> None:
        """Of the recipe that it is made from, with 10,000 images held out."""
        recipe = recipe_of(TRIED[name])
        assert recipe.validation == 10_000
        assert shapes_of(recipe)[-1] == (recipe.side, recipe.batch_size)


class TestMinutes:
    """Quiet minutes, which no training measures."""

    def test_each_epoch_has_the_steps_of_its_size_and_validation_at_the_last(self) -> None:
        """313 steps, and 79 batches of 128 at 96 px."""
        found = epoch_seconds(GROW, MEASURED, (40_000, 10_000))
        assert found == pytest.approx([313 * side / 100 + 79 * 0.5 for side in GROW.sides])

    def test_a_recipe_of_one_size_has_epochs_of_one_length(self) -> None:
        """As many as it says."""
        plain = recipe_of(TRIED["fast96"])
        assert epoch_seconds(plain, MEASURED, (40_000, 10_000)) == pytest.approx([313 * 0.96 + 79 * 0.5] * 15)

    def test_a_size_that_was_not_measured_gives_none(self) -> None:
        """No guess stands on the page."""
        few = {shape: each for shape, each in MEASURED.items() if shape[0] != 80}
        assert epoch_seconds(GROW, few, (40_000, 10_000)) is None

    def test_what_is_kept_is_read_back(self, tmp_path: Path) -> None:
        """By side and batch size."""
        keep_times(tmp_path)
        assert cpu_recipes.read_times(tmp_path, NETWORK) == MEASURED


class TestPage:
    """What was tried and what it reached."""

    def test_the_page_is_up_to_date(self, tmp_path: Path) -> None:
        """``python -m benchmarks.cpu_recipes page``."""
        assert (ROOT / "docs" / "cpu-recipes.md").read_text("utf-8") == page_of(RESULTS, tmp_path)

    def test_what_is_missing_says_so(self, tmp_path: Path) -> None:
        """Every setting, and the curve."""
        page = page_of(tmp_path / "results", tmp_path)
        assert f"{NOT_YET.capitalize()} on {NETWORK}: {', '.join(TRIED)}." in page
        assert f"Accuracy against minutes: {NOT_YET}." in page

    def test_a_run_stands_beside_the_report_with_its_quiet_minutes(self, tmp_path: Path) -> None:
        """Not with those that it took beside other work."""
        kept = Results(tmp_path / "results" / "grow")
        kept.keep(result())
        keep_times(tmp_path / "results")
        page = page_of(tmp_path / "results", tmp_path)
        minutes = sum(313 * side / 100 + 79 * 0.5 for side in GROW.sides) / 60
        row = f"| grow | {NETWORK} | 0 | 82.00% | 83.00% | 83.00% | 82.00% | 90.00% | 15 | {minutes:.1f} |"
        assert row in page
        assert "(figures/results/cpu-recipes.svg)" in page
        assert (tmp_path / "figures" / "results" / "cpu-recipes.svg").is_file()

    def test_seeds_are_all_shown_with_their_mean(self, tmp_path: Path) -> None:
        """Without times there are no minutes."""
        kept = Results(tmp_path / "results" / "grow")
        for seed, accuracy in enumerate((0.80, 0.81, 0.82)):
            kept.keep(replace(result("resnet18", seed, accuracy)))
        page = page_of(tmp_path / "results", tmp_path)
        assert "| grow | resnet18 | 0, 1, 2 | 84.10% | 80.00%, 81.00%, 82.00% | 81.00% |" in page
        assert f"| {NOT_YET} |" in page


class TestCommand:
    """What the command line refuses, and a try."""

    @pytest.mark.parametrize(
        "arguments",
        [["networks"], ["search", "--subset", "9"], ["search", "--set", "epochs=1"], ["times", "--busy"]],
    )
    def test_a_try_wants_a_folder_of_its_own(self, arguments: list[str]) -> None:
        """Else its numbers would stand on the page; and `networks` wants a setting."""
        with pytest.raises(SystemExit) as left:
            cpu_recipes.main(arguments)
        assert left.value.code == 2

    @pytest.mark.slow
    def test_a_try_is_trained_timed_and_shown(self, tmp_path: Path) -> None:
        """On digits and a small network; what has ended is not trained again."""
        changes = ("size=32", "epochs=1", "validation=300", "batch_size=16")
        settings = [part for each in changes for part in ("--set", each)]
        own = ["--network", "alexnet_tiny", "--data", "digits", "--setting", "grow", *settings,
               "--results", str(tmp_path / "results"), "--runs-dir", str(tmp_path / "runs"),
               "--page", str(tmp_path / "page.md")]  # fmt: skip
        assert cpu_recipes.main(["search", *own]) == 0
        kept = tmp_path / "results" / "grow" / "alexnet_tiny-seed0.json"
        before = kept.read_bytes()
        assert cpu_recipes.main(["search", *own]) == 0
        assert kept.read_bytes() == before
        assert cpu_recipes.main(["times", "--busy", *own]) == 0
        assert set(cpu_recipes.read_times(tmp_path / "results", "alexnet_tiny")) == {(32, 16)}
        assert "| grow | alexnet_tiny | 0 | – |" in (tmp_path / "page.md").read_text()


class TestTargets:
    """What the networks are to reach."""

    def test_all_but_plain_alexnet_have_one(self) -> None:
        """Seven networks; the report gives nothing for AlexNet itself."""
        assert set(REPORTED) - set(cpu_recipes.TARGETS) == {"alexnet"}

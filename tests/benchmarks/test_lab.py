"""The report's experiment: what is still to do, what the page says, and that it can be stopped anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import lab
from benchmarks.lab_page import BATCHES, NOT_YET, REPORTED, page_of
from benchmarks.lab_results import Benchmark, Result, Results
from builder.commands.bench import Benched, Limit, Rate
from builder.training.folder.metrics import EpochMetrics
from builder.training.recipe.recipe import load_recipe
from builder.training.speed.benchmark import Ratio

ROOT = Path(__file__).parents[2]
LAB = load_recipe("lab")
EPOCHS = tuple(EpochMetrics(epoch, 1 / epoch, 0.8, 1 / epoch, 0.8, 0.001, 20.0) for epoch in range(1, 26))
GPU = "cuda:0 (NVIDIA H200)"


def result(network: str = "alexnet", seed: int = 0, accuracy: float = 0.82) -> Result:
    """Return a run of ten minutes on a GPU."""
    summary = {"best_val_accuracy": accuracy, "best_epoch": 20, "test_accuracy": accuracy - 0.01, "seconds": 600.0}
    data = {"name": "cifar10", "images": {"train": 40_000, "validation": 10_000, "test": 10_000}}
    return Result(network, seed, LAB.model_dump(mode="json"), data, {"device": GPU}, summary, EPOCHS)


def benchmark(network: str = "alexnet", batch: int = 4, seconds: float = 0.0008, device: str = GPU) -> Benchmark:
    """Return what is kept of a benchmark whose steps take at least ``seconds``."""
    limit = Limit(seconds, "memory", 4.3e12, 3e14, batch / seconds, 0.9, 0.8)
    rates = (Rate("end to end", 4000.0, 1600.0, Ratio(2.5, 2.4, 2.6)),)
    return Benchmark.of(
        Benched(network, network, (3, 224, 224), 57_044_810, 710_133_440, "cifar10", 4096, "lab", batch, device,
                "fp32, contiguous", "as asked for", "CUDA graph", 4, 9, rates, (), None, limit, ())
    )  # fmt: skip


def experiment(tmp_path: Path, *networks: str) -> lab.Experiment:
    """Return the experiment with some networks, benchmarked at batch 4."""
    return lab.Experiment(networks, (4,), "lab", (), "cifar10", tmp_path, None, "cpu", tmp_path / "runs")


def rows(page: str) -> list[list[str]]:
    """Return the cells of all rows of tables."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:2] == "| "]


class TestMissing:
    """What is there is not made again."""

    def test_runs_come_before_benchmarks(self, tmp_path: Path) -> None:
        """All first seeds, then the benchmarks."""
        found = lab.missing(experiment(tmp_path, "alexnet", "resnet18"), Results(tmp_path))
        assert found == [("alexnet", 0, 0), ("resnet18", 0, 0), ("alexnet", None, 4), ("resnet18", None, 4)]

    def test_what_is_kept_is_done(self, tmp_path: Path) -> None:
        """A file each, which is read back as it was."""
        results = Results(tmp_path / "new")
        results.keep(result())
        results.keep(benchmark())
        assert lab.missing(experiment(tmp_path, "alexnet"), results) == []
        assert results.run("alexnet", 0) == result()
        assert results.benchmark("alexnet", 4) == benchmark()

    @pytest.mark.parametrize(("accuracy", "more"), [(0.8361, []), (0.8359, [1, 2])])
    def test_half_a_point_below_the_report_asks_for_more_seeds(
        self, tmp_path: Path, accuracy: float, more: list[int]
    ) -> None:
        """The report's ResNet-18 reached 84.10 %."""
        results = Results(tmp_path)
        results.keep(result("resnet18", accuracy=accuracy))
        results.keep(benchmark("resnet18"))
        assert lab.missing(experiment(tmp_path, "resnet18"), results) == [("resnet18", seed, 0) for seed in more]

    def test_another_experiment_wants_a_folder_of_its_own(self) -> None:
        """Else its numbers would stand on the report's page."""
        for arguments in (["--epochs", "2"], ["--networks", "vgg11"], ["--recipe", "tutorial"], ["--subset", "9"]):
            with pytest.raises(SystemExit) as left:
                lab.main(arguments)
            assert left.value.code == 2


class TestPage:
    """What the page says of what was measured, and of what was not."""

    def test_the_page_is_up_to_date(self, tmp_path: Path) -> None:
        """``python -m benchmarks.lab --page-only``, or ``make docs``."""
        page = page_of(Results(ROOT / "docs" / "results"), list(REPORTED), BATCHES, LAB, tmp_path)
        assert (ROOT / "docs" / "results.md").read_text("utf-8") == page

    def test_every_network_has_its_rows(self, tmp_path: Path) -> None:
        """One for training and one for each benchmark, marked where nothing was measured."""
        found = rows(page_of(Results(tmp_path), list(REPORTED), BATCHES, LAB, tmp_path))
        for network in REPORTED:
            own = [row for row in found if row[0] == network]
            assert len(own) == 1 + len(BATCHES)
            assert all(NOT_YET in row for row in own)

    def test_a_run_stands_beside_the_report(self, tmp_path: Path) -> None:
        """With minutes and accuracy of both, and the part of the floor: 250,000 steps of 0.8 ms are 200 s of 600."""
        results = Results(tmp_path)
        results.keep(result("alexresnet", accuracy=0.8123))
        results.keep(benchmark("alexresnet"))
        found = rows(page_of(results, ["alexresnet"], [4], LAB, tmp_path))
        assert found[1] == ["alexresnet", "0", "80.76%", "81.23%", "20", "80.23%", "87.6", "10.0", "3.3", "33%", GPU]
        assert found[3] == ["alexresnet", "4", "4,000", "1,600", "2.50", "2.40 – 2.60", "5,000", "80%", GPU]
        assert (tmp_path / "figures" / "results" / "alexresnet" / "accuracy.svg").is_file()
        assert (tmp_path / "figures" / "results" / "all.svg").is_file()

    def test_the_floor_of_resnet18_is_that_of_its_latency(self, tmp_path: Path) -> None:
        """Two minutes on a GPU, though its bytes would take 25 seconds."""
        results = Results(tmp_path)
        results.keep(result("resnet18", accuracy=0.85))
        results.keep(benchmark("resnet18", seconds=0.0001))
        assert rows(page_of(results, ["resnet18"], [], LAB, tmp_path))[1][8:10] == ["2.0", "20%"]

    def test_a_benchmark_of_another_device_gives_no_floor(self, tmp_path: Path) -> None:
        """What a CPU can do says nothing about a GPU."""
        results = Results(tmp_path)
        results.keep(result())
        results.keep(benchmark(device="cpu (2 threads)"))
        assert rows(page_of(results, ["alexnet"], [], LAB, tmp_path))[1][8] == NOT_YET

    def test_several_seeds_are_all_shown(self, tmp_path: Path) -> None:
        """And their mean with the standard deviation."""
        results = Results(tmp_path)
        for seed, accuracy in enumerate((0.80, 0.81, 0.82)):
            results.keep(result("resnet18", seed, accuracy))
        found = rows(page_of(results, ["resnet18"], [], LAB, tmp_path))
        assert [row[:4] for row in found[1:5]] == [
            ["resnet18", "0", "84.10%", "80.00%"],
            ["resnet18", "1", "84.10%", "81.00%"],
            ["resnet18", "2", "84.10%", "82.00%"],
            ["resnet18, n = 3", "mean", "84.10%", "81.00% ± 1.00"],
        ]


@pytest.mark.slow
class TestStopping:
    """The script is killed, and called again."""

    def test_it_ends_with_the_same_metrics(self, tmp_path: Path) -> None:
        """A run that was killed goes on; one that has ended is not touched again, and no path is kept."""
        arguments = ["--data", "digits", "--recipe", "digits", "--networks", "alexnet_tiny", "--batches",
                     "--epochs", "6", "--device", "cpu"]  # fmt: skip

        def call(name: str) -> list[str]:
            folders = ["--runs-dir", f"{name}/runs", "--results", f"{name}/results", "--page", f"{name}/page.md"]
            return [
                sys.executable,
                "-m",
                "benchmarks.lab",
                *arguments,
                *(str(tmp_path / each) if "/" in each else each for each in folders),
            ]

        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        metrics = tmp_path / "killed" / "runs" / "alexnet_tiny-seed0-001" / "metrics.csv"
        with subprocess.Popen(call("killed"), cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as killed:
            while not metrics.exists():
                assert killed.poll() is None
                time.sleep(0.02)
            killed.send_signal(signal.SIGKILL)
        assert not (tmp_path / "killed" / "results").exists()
        for name in ("killed", "killed", "whole"):
            subprocess.run(call(name), cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, check=True)
        one, other = (json.loads((tmp_path / name / "results" / "alexnet_tiny-seed0.json").read_text())
                      for name in ("killed", "whole"))  # fmt: skip
        assert [row | {"seconds": 0} for row in one["epochs"]] == [row | {"seconds": 0} for row in other["epochs"]]
        assert len(one["epochs"]) == 6
        assert str(tmp_path) not in json.dumps(one)
        assert "| alexnet_tiny | 0 |" in (tmp_path / "killed" / "page.md").read_text()

"""Train networks by several recipes, seed after seed, and set what they reach side by side.

    python -m benchmarks.recipes alexnet_tiny --data-dir DATA --epochs 10 --seeds 0 1 2 \
        --recipe lab --recipe "cifar lr=0.1 init=page" -o RUNS

Each training is a run of ``archcli train`` in the folder RUNS; one that has ended is not repeated, so that this can be
stopped and started again. The result is a table in Markdown: mean, lowest and highest of the seeds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from builder.training.device.devices import choose_device
from builder.training.device.environment import describe_environment

CLI = Path(__file__).parents[1] / "cli.py"


@dataclass(frozen=True)
class Trial:
    """One training: a network, a recipe with its settings, and a seed."""

    network: str
    recipe: str
    settings: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """The name of its run, which says all of it."""
        return "-".join(re.sub(r"[^\w.]+", "_", each) for each in (self.network, self.recipe, *self.settings))

    def command(self, asked: argparse.Namespace) -> list[str]:
        """Return the command that trains it."""
        common = ["--device", asked.device, "--runs-dir", str(self.folder(asked)), "--name", self.name, "--json", "-q"]
        sized = ["--subset", str(asked.subset)] if asked.subset else []
        settings = [part for each in (*self.settings, f"epochs={asked.epochs}") for part in ("--set", each)]
        data = ["--data", asked.data, "--data-dir", str(asked.data_dir)]
        return [
            "train",
            self.network,
            "--recipe",
            self.recipe,
            "--seed",
            str(self.seed),
            *data,
            *sized,
            *settings,
            *common,
        ]

    def folder(self, asked: argparse.Namespace) -> Path:
        """Return where its run lies."""
        return Path(asked.output) / f"{asked.data}-{asked.subset or 'all'}-{asked.epochs}-seed{self.seed}"


def summary(trial: Trial, asked: argparse.Namespace) -> dict[str, float]:
    """Return the summary of a trial, which is trained if it was not."""
    for found in sorted(trial.folder(asked).glob(f"{trial.name}-*/summary.json")):
        return dict(json.loads(found.read_text("utf-8")))
    done = subprocess.run(
        [sys.executable, str(CLI), *trial.command(asked)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        return {"failed": 1.0, "said": done.stderr.strip()}  # type: ignore[dict-item]  # shown, not computed with
    return dict(json.loads(done.stdout)["summary"])


def row(label: str, found: list[dict[str, float]]) -> str:
    """Return a line of the table."""
    ended = [each for each in found if "failed" not in each]
    if not ended:
        return f"| {label} | – | – | – | 0 of {len(found)} |"
    best = [100 * each["best_val_accuracy"] for each in ended]
    test = [100 * each["test_accuracy"] for each in ended]
    shown = [f"{mean(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in (best, test)]
    seconds = mean(each["seconds"] for each in ended)
    return f"| {label} | {shown[0]} | {shown[1]} | {seconds:.0f} | {len(ended)} of {len(found)} |"


def main() -> None:
    """Train what the command line asks for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--recipe", action="append", required=True, help="a name and settings, as in 'cifar lr=0.1'")
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--subset", type=int)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("-o", "--output", default="recipes-compared")
    asked = parser.parse_args()
    environment = describe_environment(choose_device(asked.device))
    print(
        f"{environment['device']}, {environment['cpu_capability']}, {asked.data}, subset {asked.subset or 'none'}, "
        f"{asked.epochs} epochs, seeds {asked.seeds}\n"
    )
    print("| network, recipe | best validation accuracy, % | test, % | seconds | ended |\n|---|---|---|---:|---|")
    for network in asked.networks:
        for recipe in asked.recipe:
            name, *settings = recipe.split()
            trials = [Trial(network, name, tuple(settings), seed) for seed in asked.seeds]
            found = [summary(each, asked) for each in trials]
            print(row(f"{network}, {recipe}", found), flush=True)
            for each in found:
                if "failed" in each:
                    print(each["said"], file=sys.stderr)


if __name__ == "__main__":
    main()

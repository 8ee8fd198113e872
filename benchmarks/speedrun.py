"""Trains airbench94 with its recipe, seed by seed, in turns with a command that trains the author's package.

python -m benchmarks.speedrun --data-dir ~/data [--seeds 5] [--pairs 3] [--package "python changed_airbench.py"]

The command is given the seed as its last argument, trains once, and has to print the accuracy, from 0 to 1, as its last
line; only its time, from start to end, is compared. Each result is one line of JSON as soon as it is there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from statistics import fmean, median
from time import perf_counter


def timed(command: list[str]) -> tuple[float, str]:
    """Return the seconds that ``command`` takes and the last line of what it prints; raise where it fails."""
    began = perf_counter()
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return perf_counter() - began, said.splitlines()[-1]


def ours(seed: int, options: argparse.Namespace) -> tuple[float, float]:
    """Return seconds and test accuracy of a run of this program."""
    command = [sys.executable, "-m", "cli", "train", "airbench94", "--recipe", "airbench94", "--seed", str(seed)]
    seconds, folder = timed([*command, "--data-dir", str(options.data_dir), "--runs-dir", str(options.runs_dir)])
    return seconds, json.loads((Path(folder) / "summary.json").read_text("utf-8"))["test_accuracy"]


def main() -> None:
    """Train, and print each result, then the mean accuracy and the median ratio of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--package")
    options = parser.parse_args()
    accuracies, ratios = [], []
    for seed in range(options.seeds):
        seconds, accuracy = ours(seed, options)
        accuracies.append(accuracy)
        result: dict[str, float] = {"seed": seed, "accuracy": accuracy, "seconds": round(seconds, 1)}
        if options.package and seed < options.pairs:
            theirs, said = timed([*shlex.split(options.package), str(seed)])
            ratios.append(seconds / theirs)
            result |= {"package_accuracy": float(said), "package_seconds": round(theirs, 1)}
        print(json.dumps(result), flush=True)
    ended: dict[str, float | None] = {"mean_accuracy": fmean(accuracies)}
    print(json.dumps(ended | {"median_ratio": median(ratios) if ratios else None}))


if __name__ == "__main__":
    main()

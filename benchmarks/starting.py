"""Processor time of ``archcli check`` here and in another checkout: python -m benchmarks.starting ../other --times 21.

The two run in turns, each in a process of its own with cached bytecode, and the ratio of each pair is taken.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def seconds(checkout: Path) -> float:
    """Return the processor time of one check of a small page."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-m", "cli", "check", "archs/alexnet.yaml"]
    subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print both medians, and the median of the ratios with its quartiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--times", type=int, default=21)
    given = parser.parse_args()
    other = given.other.resolve()
    for checkout in (other, ROOT, other, ROOT):  # bytecode is written
        seconds(checkout)
    pairs = [(seconds(other), seconds(ROOT)) for _ in range(given.times)]
    medians = [statistics.median(each) for each in zip(*pairs, strict=True)]
    low, middle, high = statistics.quantiles([ours / theirs for theirs, ours in pairs], n=4)
    print(f"other {medians[0]:.3f} s, here {medians[1]:.3f} s, ratio {middle:.2f} (quartiles {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()

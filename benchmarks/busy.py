"""Images a second with the threads that are chosen, beside those of every core, while other programs use the machine.

    python -m benchmarks.busy --busy 0 2 8 --pairs 3

Starts as many busy processes as each number says, and beside them trains a small network on scikit-learn's digits, in
turns with chosen threads and with one for each core. Prints the ratio of each pair, and their median.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLI = Path(__file__).resolve().parents[1] / "cli.py"
BUSY = "while True: pass"


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Let ``count`` processes compute without end, each as important as what is measured."""
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def images_per_second(page: str, epochs: int, options: list[str], folder: Path) -> tuple[float, str]:
    """Return how fast the network trains, and the device line with its threads."""
    train = [sys.executable, CLI, "train", page, "--data", "digits", "--device", "cpu", "--json", "-q"]
    ran = subprocess.run(
        [*train, "--set", f"epochs={epochs}", "--runs-dir", folder, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    return float(found["summary"]["images_per_second"]), str(found["beginning"]["device"])


def main() -> None:
    """Measure each load and print a line for each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", default="alexnet_tiny")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 2, 8])
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{asked.page}, {asked.epochs} epochs of digits, {cores} cores, {platform.machine()}")
    for count in asked.busy:
        ratios = []
        for _ in range(asked.pairs):
            with busy_processes(count), tempfile.TemporaryDirectory() as folder:
                chosen, device = images_per_second(asked.page, asked.epochs, [], Path(folder))
                every, _ = images_per_second(asked.page, asked.epochs, ["--threads", str(cores)], Path(folder))
            ratios.append(chosen / every)
            print(f"{count} busy: {chosen:7.0f} images/s {device}, {every:7.0f} with {cores} threads: {ratios[-1]:.2f}")
        print(f"{count} busy: median {statistics.median(ratios):.2f} of {len(ratios)} pairs")


if __name__ == "__main__":
    main()

"""How soon a terminal shows `loading PyTorch…` after a command is started.

    python -m benchmarks.loading --times 9

Starts each command on a pseudo-terminal, in turns with `archcli --version`, which loads nothing, and measures the
seconds until the line is there. Prints the median and the longest of them; the process is ended as soon as it is seen.
"""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
SHOWN = "loading PyTorch…".encode()
COMMANDS = (
    "train alexnet_tiny --data digits --dry-run",
    "resume nowhere",
    "evaluate nowhere",
    "predict nowhere photo.png",
    "bench alexnet_tiny --seconds 0.1",
    "export alexnet_tiny --to safetensors",
    "doctor",
    "study plan digits_placement",
    "study run digits_placement",
)


def seconds_until(words: str, shown: bytes, folder: str) -> float:
    """Return the seconds from starting a command to what it is to show."""
    began = perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm", "PYTHONPATH": str(ROOT)}
        os.execv(sys.executable, [sys.executable, "-m", "cli", *words.split()])
    seen = b""
    try:
        while shown not in seen:
            seen += os.read(terminal, 4096)
        return perf_counter() - began
    except OSError as error:
        raise SystemExit(f"{words} ended without it: {seen.decode(errors='replace')}") from error
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def main() -> None:
    """Measure every command and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=9)
    times = parser.parse_args().times
    found: dict[str, list[float]] = {"--version": [], **{words: [] for words in COMMANDS}}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for words, seconds in found.items():
                seconds.append(seconds_until(words, b"archcli 0" if words == "--version" else SHOWN, folder))
    print(f"{times} starts of each, in turns; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the end")
    print(f"{'seconds until the line is there':<60}  median  longest")
    for words, seconds in found.items():
        print(f"{words:<60}  {statistics.median(seconds):6.3f}  {max(seconds):7.3f}")


if __name__ == "__main__":
    main()

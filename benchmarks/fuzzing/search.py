"""One search: the engine in a process of its own, its seeds and words in a folder, and how it ended."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fuzzing.kinds import target_of
from benchmarks.fuzzing.yardstick import slowness

if TYPE_CHECKING:
    from argparse import Namespace

HANG, MEMORY = 60, 3000
"""Seconds and MB at which the engine itself ends an input."""


@dataclass(frozen=True)
class SearchResult:
    """How a search ended: whether something was ``found``, in numbers, and what the engine said."""

    found: bool
    summary: dict[str, object]
    said: str


def search(kind: str, options: Namespace) -> SearchResult:
    """Search for files of ``kind``; ``options`` has ``seed``, ``runs`` or ``seconds``, and ``control``."""
    target = target_of(kind)
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), Path("fuzz-found")
        (folder / "corpus").mkdir()
        for number, seed in enumerate(target.seeds()):
            (folder / "corpus" / str(number)).write_bytes(seed)
        found.mkdir(exist_ok=True)
        words = (word.encode("utf-8", "surrogatepass") for word in target.words if word)
        (folder / "words").write_text("".join(f'"{_escaped(word)}"\n' for word in words))
        arguments = [f"-seed={options.seed}", f"-max_len={target.longest}", f"-timeout={HANG}", "-print_final_stats=1"]
        arguments += ["-len_control=0", "-reduce_inputs=0"]  # short files are not valid ones
        arguments += [f"-dict={folder / 'words'}", f"-rss_limit_mb={MEMORY}"]
        arguments += [f"-runs={options.runs}"] if options.runs else []
        # what is planted has to be found: on a busy machine the minute is longer
        seconds = round((options.seconds or 0) * (slowness() if options.control else 1))
        arguments += [f"-max_total_time={seconds}"] if seconds else []
        place = found if not options.control else folder  # a planted mistake leaves nothing behind
        arguments += [f"-artifact_prefix={place}/{kind}-"]
        command = [sys.executable, "-m", "benchmarks.fuzzing.engine", kind, str(int(options.control))]
        begin = time.perf_counter()
        engine = subprocess.run([*command, *arguments, str(folder / "corpus")], capture_output=True, text=True,
                                errors="replace", check=False)  # fmt: skip
        return _result(engine, kind, options, time.perf_counter() - begin)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _result(engine: subprocess.CompletedProcess[str], kind: str, options: Namespace, seconds: float) -> SearchResult:
    said = engine.stderr + engine.stdout
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    found = engine.returncode != 0
    if options.control:  # another mistake than the planted one is none that the control looks for
        found = "benchmarks/fuzzing/controls.py" in said
    summary = {
        "kind": kind,
        "seed": options.seed,
        "inputs": int(runs[1]) if runs else None,
        "covered branches": int(covered[-1]) if covered else None,
        "seconds": round(seconds, 1),
        "found": found,
    }
    return SearchResult(found or (not options.control and not runs), summary, said)

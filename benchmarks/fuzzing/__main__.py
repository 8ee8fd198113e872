"""A coverage-guided search for a file that is neither read nor answered, kind by kind.

    python -m benchmarks.fuzzing --seconds 45 --seed 1
    python -m benchmarks.fuzzing --kind page --runs 1000000 --seed 1
    python -m benchmarks.fuzzing --seconds 60 --control
    python -m benchmarks.fuzzing --kind page --reproduce FILE

Needs `pip install -e '.[fuzz]'` (atheris, which has wheels for Linux). An input fails that raises anything but
ArchError or RunError, whose answers cannot be printed, or that takes too much processor time or memory. It is written
down, shown, and found again with --reproduce. With --control a mistake is planted in the reader of each kind, and the
search fails unless it is found.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.fuzzing.kinds import KINDS, target_of


def main() -> int:
    """Search, or try one file again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", action="append", choices=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}; all")
    parser.add_argument("--runs", type=int, metavar="N", help="inputs of each kind")
    parser.add_argument("--seconds", type=int, metavar="T", help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="kinds that are searched side by side")
    parser.add_argument("--control", action="store_true", help="look for a mistake that is planted")
    parser.add_argument("--reproduce", type=Path, metavar="FILE")
    options = parser.parse_args()
    kinds = options.kind or list(KINDS)
    if options.reproduce:
        return _reproduce(options.reproduce, kinds[0])
    if not (options.runs or options.seconds):
        parser.error("say --runs or --seconds")
    from benchmarks.fuzzing.search import search

    with ThreadPoolExecutor(options.jobs) as pool:
        results = []
        for result in pool.map(lambda kind: search(kind, options), kinds):
            print(json.dumps(result.summary), flush=True)
            if result.found != options.control:
                print(result.said[-4000:])
            results.append(result)
    return int(any(result.found != options.control for result in results))


def _reproduce(path: Path, kind: str) -> int:
    from benchmarks.fuzzing.check import answered
    from benchmarks.fuzzing.yardstick import reference_seconds

    target = target_of(kind)
    with tempfile.TemporaryDirectory() as folder:
        target.read(target.seeds()[0], Path(folder))  # what is imported on first use
        data = path.read_bytes()
        taken = reference_seconds(lambda: answered(data, target, Path(folder)))
    print(f"answered in {taken:.3f} s")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())

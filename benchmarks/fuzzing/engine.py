"""The process in which atheris counts branches, by ``engine.py KIND CONTROL [libFuzzer's arguments]``."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install -e '.[fuzz]'; its wheels are for Linux")

with atheris.instrument_imports(include=["builder", "benchmarks.fuzzing.controls"]):
    from benchmarks.fuzzing import controls
    from benchmarks.fuzzing.check import answered, check
    from benchmarks.fuzzing.kinds import target_of

BYTES = 0.15
"""Part of the inputs that are changed by the engine, which knows bytes and words, and not by the kind's grammar."""

MEMORY = Path("/dev/shm")
"""Files in memory, where there are any: a search writes thousands."""

SEEDS, VALID, MOST_VALID = 0.4, 0.3, 300
"""Parts of the inputs that are neighbors of a seed, and of another valid file, and how many of these are kept.

Behind valid files lies most code, and chance makes them poorer and poorer: hence the seeds. The engine chooses the
others, by the branches that they reached.
"""


def main() -> None:
    """Hand over to the engine, which ends the process."""
    kind, control, arguments = sys.argv[1], sys.argv[2] == "1", sys.argv[3:]
    # What is slow or large is looked for without a planted mistake: with one it would end the search too early.
    with atheris.instrument_imports(include=["builder"]):
        target = target_of(kind)
    if control:
        controls.plant(kind)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)

        seeds, valid = target.seeds(), target.seeds()

        def one(data: bytes) -> None:
            accepted = answered(data, target, folder) if control else check(data, kind, target, folder)
            if accepted and len(data) > 2:
                valid.append(data)
                del valid[: max(0, len(valid) - MOST_VALID)]

        def mutant(data: bytes, most: int, seed: int) -> bytes:
            numbers = random.Random(seed)
            if numbers.random() < BYTES:
                return bytes(atheris.Mutate(data, most))
            (base,) = numbers.choices(
                [numbers.choice(seeds), numbers.choice(valid), data], [SEEDS, VALID, 1 - SEEDS - VALID]
            )
            found = target.mutate(base, numbers)
            return found if len(found) <= most else data

        for each in seeds:  # what is imported on first use counts for no input
            answered(each, target, folder)
        atheris.Setup([sys.argv[0], *arguments], one, custom_mutator=mutant)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

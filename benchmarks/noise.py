"""Change pieces of the shipped pages at random and load them: the outcome is a graph or an answer, and it comes soon.

python -m benchmarks.noise 30000 --seed 0
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from builder.diagnostics import ArchError, render
from builder.lowering import load
from builder.shipped import shipped_folder
from tests.language.test_generated_pages import mutated


def main() -> None:
    """Try as many texts as asked for and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    numbers = random.Random(options.seed)
    pages = [path.read_text("utf-8") for path in sorted(shipped_folder().glob("*.yaml"))]
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.yaml")
        for _ in range(options.count):
            text = mutated(numbers.choice(pages), numbers)
            file.write_bytes(text.encode("utf-8", "surrogatepass"))
            begin = time.process_time()
            outcomes[outcome(file)] += 1
            taken = time.process_time() - begin
            if taken > slowest:
                slowest = taken
                Path(tempfile.gettempdir(), "slowest.yaml").write_bytes(file.read_bytes())
    print(f"{options.count} texts, seed {options.seed}: slowest {slowest:.2f} s of processor time")
    for name, count in outcomes.most_common():
        print(f"{count:8} {name}")


def outcome(file: Path) -> str:
    """Return "a graph", or the code of the first answer; anything else is raised."""
    try:
        load(file)
    except ArchError as error:
        for each in error.diagnostics:
            render(each).encode("utf-8")
        return error.diagnostics[0].code
    return "a graph"


if __name__ == "__main__":
    main()

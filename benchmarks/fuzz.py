"""A coverage-guided search for a file that is neither a network nor answered: any bytes, from reader to graph.

    python -m benchmarks.fuzz --runs 1000000 --seed 1
    python -m benchmarks.fuzz --seconds 45 --seed 1
    python -m benchmarks.fuzz --reproduce FILE

Needs `pip install -e '.[fuzz]'` (atheris, which has wheels for Linux). An input fails that raises anything but
ArchError, whose answers cannot be printed, that takes more than a second of processor time (of a process that counts no
branches, which costs three times as much), or that becomes a network whose resolved page is another one. It is written
down, shown, and found again with --reproduce.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install -e '.[fuzz]'; its wheels are for Linux")

with atheris.instrument_imports(include=["builder"]):
    from builder.diagnostics import ArchError, render
    from builder.identity import graph_id
    from builder.lowering import load_page, lower, resolved_page
    from builder.ops import MERGES, OPERATIONS
    from builder.shipped import shipped_folder
    from builder.spec.fields import BLOCK_FIELDS, MODIFIERS, PageFields
    from builder.spec.page import POINTS, RESERVED

from tests.language.test_generated_pages import WORDS, mutated

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

LONGEST = 700
"""Bytes of an input: enough for every construct, and short enough for hundreds a second."""

SLOW = 1.0
"""Seconds of processor time that no file of this length may take."""

PLAIN_SECONDS = """
import sys, time
from pathlib import Path
from builder.diagnostics import ArchError
from builder.lowering import load_page, lower
begin = time.process_time()
try:
    lower(load_page(Path(sys.argv[1])))
except ArchError:
    pass
print(time.process_time() - begin)
"""
"""What a process does that loads a page without counting branches."""

HEAD = "name: n\ninput: [3, 8, 8]\nclasses: 2\n"
TAIL = "  pool: adaptiveavgpool\n  flat: flatten\n  head: {linear: {out: $classes}}\n"
PLAIN = f"""{HEAD}layers:
  a: {{conv: {{out: 4, kernel: 3, padding: 1}}}}
  b: {{layers: [relu, {{se: {{hidden: 1}}}}], shortcut: auto, activation: relu}}
{TAIL}"""
FAMILY = f"""{HEAD}params: {{w: 4, d: [1, 2]}}
members: {{m: {{w: 2}}}}
defaults: {{conv: {{bias: false}}}}
init: {{conv: {{weight: kaiming_normal}}, linear: {{bias: 0}}}}
templates:
  T:
    params: {{o: int, h: $in * 2}}
    layers: [{{conv: {{out: $h, kernel: 1}}}}, {{conv: {{out: $o, kernel: 1}}}}]
    shortcut: identity if $in == $o else none
layers:
  s{{$i}}: {{repeat: n in $d, layers: [{{T: {{o: $w}}, repeat: $n, when: $first or $w > 1}}]}}
  j: {{branches: [{{a: relu}}, {{}}], merge: concat}}
{TAIL}"""
EDITED = """name: n
extends: alexnet_tiny
insert:
  - {se: {hidden: 2}, at: block1.out, name: 'g_{$point}'}
set: {block1: {shortcut: auto}}
replace: {classifier.relu1: gelu}
"""
USING = f"""{HEAD}uses: gates.yaml
layers:
  e: ECA
  c: {{CBAM: {{reduction: 1}}}}
{TAIL}variants:
  w: {{insert: {{se: {{hidden: [1, 2]}}}}, among: '*.out', count: [0, 1]}}
"""
SMALL = (PLAIN, FAMILY, EDITED, USING)
"""Pages to begin with: every construct once."""


class SlowError(Exception):
    """A file took longer than any file may."""


def graph_of(path: Path) -> None:
    """Load the page at ``path``; if it is one, the page that is resolved from it must be the same network."""
    page = load_page(path)
    graph = lower(page)
    again = _lowered(path.with_name("again.yaml"), resolved_page(page, graph))
    if graph_id(again) != graph_id(graph):
        raise AssertionError("the resolved page is another network")


def _lowered(path: Path, text: str) -> Graph:
    path.write_text(text, "utf-8")
    try:
        return lower(load_page(path))
    except ArchError as error:
        raise AssertionError(f"the resolved page is wrong:\n{text}\n{error}") from error


def check(data: bytes, path: Path, load: Callable[[Path], None] = graph_of) -> None:
    """Raise whatever is wrong with how ``data`` is answered as a file at ``path``."""
    path.write_bytes(data)
    begin = time.process_time()
    try:
        load(path)
    except ArchError as error:
        if not error.diagnostics:
            raise AssertionError("refused without a word") from error
        for each in error.diagnostics:
            render(each).encode("utf-8")
    if time.process_time() - begin > SLOW and (taken := plain_seconds(path)) > SLOW:
        raise SlowError(f"{taken:.1f} s of processor time")


def plain_seconds(path: Path) -> float:
    """Return the processor time that the page at ``path`` costs where nothing counts branches."""
    told = subprocess.run([sys.executable, "-c", PLAIN_SECONDS, path], capture_output=True, text=True, check=True)
    return float(told.stdout)


def control(path: Path) -> None:
    """Fail as a mistake of ours would, behind a word that no seed has: what proves that the search finds something."""
    graph_of(path)
    if b"hardsigmoid" in path.read_bytes():
        raise ValueError("planted")


def mutator(data: bytes, most: int, seed: int) -> bytes:
    """Change words into words of the language one time in two; else bytes, as the engine does."""
    numbers = random.Random(seed)
    if numbers.random() < 0.5:
        return bytes(atheris.Mutate(data, most))
    text = mutated(data.decode("utf-8", "replace"), numbers)
    return text.encode("utf-8", "surrogatepass")[:most]


def inside(arguments: list[str], folder: Path, load: Callable[[Path], None]) -> None:
    """Hand over to the engine, which ends the process."""
    path = folder / "page.yaml"

    def one(data: bytes) -> None:
        check(data, path, load)

    atheris.Setup([sys.argv[0], *arguments], one, custom_mutator=mutator)
    atheris.Fuzz()


def words() -> list[str]:
    """Return the words of the language and what YAML is made of."""
    fields = {name for each in OPERATIONS.values() for name in each.model_fields}
    named = {*OPERATIONS, *MERGES, *fields, *BLOCK_FIELDS, *MODIFIERS, *PageFields.model_fields, *POINTS}
    return [*sorted(named), *(f"${name}" for name in RESERVED), *WORDS]


def search(options: argparse.Namespace) -> int:
    """Run the engine in a process of its own and say how it ended; return 0 where nothing was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        short = [path.read_text("utf-8") for path in shipped_folder().glob("*.yaml")]
        for number, text in enumerate([*SMALL, *(text[:LONGEST] for text in short if len(text) < LONGEST)]):
            (corpus / f"{number}.yaml").write_text(text, "utf-8")
        found = Path("fuzz-found")
        found.mkdir(exist_ok=True)
        escaped = ["".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass")) for word in words()]
        (folder / "words").write_text("".join(f'"{each}"\n' for each in escaped))
        arguments = [f"-seed={options.seed}", f"-max_len={LONGEST}", "-timeout=20", "-print_final_stats=1"]
        arguments += [f"-dict={folder / 'words'}", f"-artifact_prefix={found}/", "-rss_limit_mb=4096"]
        arguments += [f"-runs={options.runs}"] if options.runs else []
        arguments += [f"-max_total_time={options.seconds}"] if options.seconds else []
        command = [sys.executable, "-m", "benchmarks.fuzz", "--inside", str(folder)]
        command += ["--control"] if options.control else []
        begin = time.perf_counter()
        engine = subprocess.run([*command, "--", *arguments, str(corpus)], capture_output=True, text=True, check=False)
        return _report(engine, options, time.perf_counter() - begin)


def _report(engine: subprocess.CompletedProcess[str], options: argparse.Namespace, seconds: float) -> int:
    said = engine.stderr + engine.stdout
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    if engine.returncode:
        print(said[-4000:])
    result = {
        "seed": options.seed,
        "inputs": int(runs[1]) if runs else None,
        "covered branches": int(covered[-1]) if covered else None,
        "seconds": round(seconds),
        "found": engine.returncode != 0,
    }
    print(json.dumps(result))
    return 1 if engine.returncode or not runs else 0


def main() -> int:
    """Search, or try one file again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, metavar="N")
    parser.add_argument("--seconds", type=int, metavar="T")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true", help="look for a mistake that is planted")
    parser.add_argument("--reproduce", type=Path, metavar="FILE")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("engine", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.engine, options.inside, control if options.control else graph_of)
    if options.reproduce:
        with tempfile.TemporaryDirectory() as folder:
            check(options.reproduce.read_bytes(), Path(folder, "page.yaml"))
        print("answered")
        return 0
    if not (options.runs or options.seconds):
        parser.error("say --runs or --seconds")
    return search(options)


if __name__ == "__main__":
    sys.exit(main())

"""How the time for a page grows with the page: ``python benchmarks/growth.py [--only NAME] [--times N]``.

Pages that are built to cost much, each in four sizes up to what a page may have; for each the seconds until it is
answered, and by what power of the size they grow. ``tests/language/test_growth.py`` counts the work instead.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, render

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "name: net\ninput: [3, 16, 16]\nclasses: 4\n"
TAIL = "- adaptiveavgpool\n- flatten\n- linear: {out: $classes}\n"
RECIPE = "name: r\nepochs: 9999\nbatch_size: 2\noptimizer: {name: sgd, lr: 0.1}\n"
STUDY = "name: s\nbase: alexnet_tiny\nseeds: 2\nsmallest_difference: 1.0\nbudget: {hours: 1}\n"
STUDY += "data: {name: digits}\nset: {epochs: 2}\n"


def _lines(count: int, line: Callable[[int], str]) -> str:
    return "".join(f"{line(number)}\n" for number in range(count))


def _long(number: int, length: int = 90) -> str:
    """Return a name of letters that nearly all others have too."""
    return "".join("ab"[number >> bit & 1] for bit in range(14)) + "a" * (length - 14)


PAGES: dict[str, tuple[int, Callable[[int], str]]] = {
    # the reader's patterns: what stands before a mistake of YAML is looked at by regular expressions
    "braces before a bad quote": (20_000, lambda n: f'a: {{k: "{"{" * n}, b: {"x" * n} !: c: 1}}\n'),
    "brackets before a comma": (60_000, lambda n: f"a: [{'[x ' * n}y z\n"),
    "braces before a word": (60_000, lambda n: f"a: {{k: '{'{' * n}', b c: d: 1\n"),
    "one word before a colon": (200_000, lambda n: f"{'x' * n}\n: y: z\n"),
    "blanks before a colon": (200_000, lambda n: f"a{' ' * n}b: c: d\n"),
    "words before a bracket": (60_000, lambda n: f"a: {{b: {'x ' * n}[}}\n"),
    "dollars": (60_000, lambda n: f"a: {'$x' * n}[: b: c\n"),
    "pairs before a bracket": (60_000, lambda n: f"a: ({'(1, ' * n}1), 2: 3, 2: 4}}\n"),
    "a key with many brackets": (3_000, lambda n: f"a: {{{', '.join(f'({k}, 3)' for k in range(n))}}}\n"),
    "one line of mistakes": (9_000, lambda n: HEAD + f"layers: [{', '.join(['zzz'] * n)}]\n"),
    # nearest names
    "templates and calls of long names": (
        1_200,
        lambda n: (
            HEAD
            + "templates:\n"
            + _lines(n, lambda k: f"  T{_long(k)}: {{layers: [relu]}}")
            + "layers:\n"
            + _lines(n, lambda k: f"- T{_long(k)}b")
        ),
    ),
    "templates and calls of very long names": (
        120,
        lambda n: (
            HEAD
            + "templates:\n"
            + _lines(n, lambda k: f"  T{_long(k, 990)}: {{layers: [relu]}}")
            + "layers:\n"
            + _lines(n, lambda k: f"- T{_long(k, 989)}b")
        ),
    ),
    "parameters and wrong arguments": (
        1_200,
        lambda n: (
            HEAD
            + "templates:\n  T:\n    params:\n"
            + _lines(n, lambda k: f"      a{_long(k, 60)}: 1")
            + "    layers: [relu]\nlayers:\n- T:\n"
            + _lines(n, lambda k: f"    a{_long(k, 60)}b: 1")
            + TAIL
        ),
    ),
    "variables and misspelled variables": (
        2_000,
        lambda n: (
            HEAD
            + "params:\n"
            + _lines(n, lambda k: f"  a{_long(k, 30)}: 1")
            + "layers:\n"
            + _lines(n, lambda k: f"- linear: {{out: $b{_long(k, 30)}}}")
        ),
    ),
    "places and misspelled places": (
        2_500,
        lambda n: (
            HEAD
            + "layers:\n"
            + _lines(n, lambda k: f"  a{k}: relu")
            + "insert:\n"
            + _lines(n, lambda k: f"- {{relu: {{}}, at: b{k}x}}")
        ),
    ),
    # many mistakes
    "unknown fields of a page": (9_000, lambda n: HEAD + "layers: [relu]\n" + _lines(n, lambda k: f"x{k}: 1")),
    "unknown layers": (9_000, lambda n: HEAD + "layers:\n" + _lines(n, lambda k: f"- x{k}y")),
    "unknown fields of a layer": (
        9_000,
        lambda n: HEAD + "layers:\n- conv:\n" + _lines(n, lambda k: f"    x{k}: 1"),
    ),
    "bad values": (2_800, lambda n: HEAD + "layers:\n" + "- conv: {out: a, kernel: 1}\n" * n),
    "duplicate keys": (9_000, lambda n: HEAD + "layers: [relu]\n" + "classes: 1\n" * n),
    "missing fields": (6_000, lambda n: HEAD + "layers:\n" + "- {conv: {}}\n" * n),
    "shapes that do not fit": (
        1_900,
        lambda n: HEAD + "layers:\n" + "- {branches: [[relu], [maxpool: {kernel: 2}]]}\n" * n,
    ),
    # valid pages
    "layers": (7_900, lambda n: HEAD + "layers:\n" + "- relu\n" * n + TAIL),
    "named layers": (
        7_900,
        lambda n: (
            HEAD
            + "layers:\n"
            + _lines(n, lambda k: f"  a{k}: relu")
            + "  p: adaptiveavgpool\n  f: flatten\n  l: {linear: {out: $classes}}\n"
        ),
    ),
    "repeated layers": (
        1_990,
        lambda n: HEAD + "layers:\n" + f"- {{relu: {{}}, repeat: {n}}}\n" * 4 + TAIL,
    ),
    "blocks in blocks": (20, lambda n: HEAD + "layers:\n- " + "[" * n + "relu" + "]" * n + "\n" + TAIL),
    "edits of single places": (
        3_000,
        lambda n: (
            HEAD
            + "layers:\n"
            + _lines(n, lambda k: f"  a{k}: relu")
            + "  p: adaptiveavgpool\n  f: flatten\n  l: {linear: {out: $classes}}\ninsert:\n"
            + _lines(n, lambda k: f"- {{relu: {{}}, name: x, at: a{k}}}".replace("x", f"x{k}"))
        ),
    ),
    "wildcards": (
        2_500,
        lambda n: (
            HEAD
            + "layers:\n"
            + _lines(n, lambda k: f"  a{k}: relu")
            + "  p: adaptiveavgpool\n  f: flatten\n  l: {linear: {out: $classes}}\ninit:\n"
            + _lines(n, lambda k: f"  '*{k}q*a*a*a*': {{weight: 1}}")
        ),
    ),
    "rules of init": (
        4_000,
        lambda n: (
            HEAD
            + "layers:\n- conv: {out: 3, kernel: 1}\n" * 1
            + TAIL
            + "init:\n"
            + _lines(n, lambda k: f"  '{'*' * (k % 7 + 1)}{k}': {{weight: 0}}")
        ),
    ),
    "stars": (60_000, lambda n: HEAD + f"layers:\n  {'a' * 90}: relu\ninit:\n  '{'a*' * n}b': {{weight: 0}}\n"),
    "double stars": (60_000, lambda n: HEAD + f"layers:\n  a: relu\ninit:\n  '{'**.' * n}b': {{weight: 0}}\n"),
    "expressions": (
        4_000,
        lambda n: HEAD + "layers:\n" + _lines(n, lambda k: f"- {{relu: {{}}, when: $in + {k} > 0}}") + TAIL,
    ),
    "variables in sight": (
        2_000,
        lambda n: (
            HEAD
            + "params:\n"
            + _lines(n, lambda k: f"  a{k}: {k}")
            + "layers:\n"
            + _lines(n, lambda k: f"- {{relu: {{}}, when: $a{k} >= 0}}")
            + TAIL
        ),
    ),
    "calls of a template of many parameters": (
        2_000,
        lambda n: (
            HEAD
            + "templates:\n  T:\n    params:\n"
            + _lines(n, lambda k: f"      a{k}: {k}")
            + "    layers: [relu]\nlayers:\n"
            + "- T\n" * n
            + TAIL
        ),
    ),
    "members": (
        2_000,
        lambda n: (
            "name: net\ninput: [3, 16, 16]\nclasses: 4\nparams: {w: 3}\nmembers:\n"
            + _lines(n, lambda k: f"  m{k}: {{w: 4}}")
            + "layers:\n"
            + TAIL
        ),
    ),
    "shortcuts": (1_500, lambda n: HEAD + "layers:\n" + "- {layers: [relu], shortcut: auto}\n" * n + TAIL),
    "gates": (
        1_500,
        lambda n: (
            HEAD
            + "layers:\n"
            + _lines(n, lambda k: f"  a{k}: {{layers: [relu]}}")
            + _lines(n, lambda k: f"  s{k}: {{se: {{squeeze: a{k}.out, hidden: 2}}}}")
            + "  p: adaptiveavgpool\n  f: flatten\n  l: {linear: {out: $classes}}\n"
        ),
    ),
    # copies of much
    "copies of many lanes": (
        4_000,
        lambda n: HEAD + f"layers:\n- {{branches: [{', '.join(['[]'] * n)}], merge: add, repeat: {n}}}\n" + TAIL,
    ),
    "copies of a long list": (
        4_000,
        lambda n: (
            HEAD
            + "templates:\n  T:\n    params: {w: list}\n    layers: [relu]\nlayers:\n"
            + f"- {{T: {{w: [{', '.join(['1'] * n)}]}}, repeat: {n}}}\n"
            + TAIL
        ),
    ),
    "copies of many fields": (
        4_000,
        lambda n: HEAD + f"layers:\n- {{conv: {{{', '.join(f'x{k}: 1' for k in range(n))}}}, repeat: {n}}}\n" + TAIL,
    ),
    "fields that are set on every copy": (
        4_000,
        lambda n: (
            HEAD
            + f"layers:\n- {{relu: {{}}, repeat: {n}}}\n"
            + TAIL
            + f"set:\n  '*': {{{', '.join(f'x{k}: 1' for k in range(n))}}}\n"
        ),
    ),
    "fields that are set on every instance": (
        4_000,
        lambda n: (
            HEAD
            + f"templates:\n  T: {{layers: [relu]}}\nlayers:\n- {{T: {{}}, repeat: {n}}}\n"
            + TAIL
            + f"set:\n  T: {{{', '.join(f'x{k}: 1' for k in range(n))}}}\n"
        ),
    ),
    "rules of init for every copy": (
        4_000,
        lambda n: (
            HEAD
            + f"layers:\n- {{conv: {{out: 3, kernel: 1}}, repeat: {n}}}\n"
            + TAIL
            + f"init:\n  conv: {{{', '.join(f'x{k}: 1' for k in range(n))}}}\n"
        ),
    ),
    "wildcards at every copy": (
        100,
        lambda n: (
            HEAD
            + "layers:\n"
            + "- {layers: [relu], repeat: 400}\n"
            + TAIL
            + "insert:\n"
            + _lines(n, lambda k: f"- {{relu: {{}}, at: '**.x{k}.*.out'}}")
        ),
    ),
    # recipes
    "unknown fields of a recipe": (9_000, lambda n: RECIPE + _lines(n, lambda k: f"x{k}: 1")),
    "unknown fields of an optimizer": (
        9_000,
        lambda n: RECIPE.replace("lr: 0.1", f"lr: 0.1, {', '.join(f'lr{k}: 1' for k in range(n))}"),
    ),
    "epochs of a schedule": (
        9_000,
        lambda n: RECIPE + f"schedule: {{name: multistep, factor: 0.1, at: {list(range(1, n + 1))}}}\n",
    ),
    # studies and spaces
    "a grid": (
        90,
        lambda n: (
            STUDY
            + "grid:\n"
            + "".join(
                f"  {field}: [{', '.join(f'{low + step * k:.6g}' for k in range(n))}]\n"
                for field, low, step in (
                    ("lr", 0.001, 0.001),
                    ("momentum", 0.01, 0.01),
                    ("weight_decay", 0.001, 0.0001),
                )
            )
        ),
    ),
    "a grid with a mistake": (
        90,
        lambda n: (
            STUDY
            + "grid:\n"
            + "".join(
                f"  {field}: [{', '.join(f'{low + step * k:.6g}' for k in range(n))}]\n"
                for field, low, step in (("lr", 0.001, 0.001), ("momentum", 0.5, 0.1), ("weight_decay", 0.001, 0.0001))
            )
        ),
    ),
    "values to search": (
        4_000,
        lambda n: (
            STUDY.replace("seeds: 2", "seeds: {screen: 1, confirm: 2}")
            + f"search:\n  trials: 4\n  over: {{momentum: [{', '.join(f'0.{k + 100_000}' for k in range(n))}]}}\n"
        ),
    ),
    "settings of a study": (
        9_000,
        lambda n: STUDY.replace("{epochs: 2}", f"{{{', '.join(f'lr{k}: 1' for k in range(n))}}}"),
    ),
    "alternatives of an insert": (
        90,
        lambda n: (
            HEAD
            + "layers:\n- conv: {out: 3, kernel: 1}\n"
            + TAIL
            + "variants:\n  g:\n    among: 'conv*'\n    insert:\n      conv:\n"
            + "".join(
                f"        {field}: [{', '.join(map(str, range(1, n + 1)))}]\n" for field in ("out", "kernel", "stride")
            )
        ),
    ),
    "settings of a large network": (
        1_500,
        lambda n: (
            HEAD
            + f"layers:\n- {{relu: {{}}, repeat: {n}}}\n- conv: {{out: 3, kernel: 1}}\n"
            + TAIL
            + f"variants:\n  gate: {{set: {{conv1: {{out: [{', '.join(map(str, range(1, n + 1)))}]}}}}}}\n"
        ),
    ),
    "a space of places": (
        200,
        lambda n: (
            HEAD
            + "layers:\n"
            + "- conv: {out: 3, kernel: 1}\n" * n
            + TAIL
            + "variants:\n  gate: {insert: {se: {hidden: 2}}, among: 'conv*', count: 1}\n"
        ),
    ),
    "a space of settings": (
        1_500,
        lambda n: (
            HEAD
            + "layers:\n- conv: {out: 3, kernel: 1}\n"
            + TAIL
            + f"variants:\n  gate: {{set: {{conv1: {{out: [{', '.join(map(str, range(1, n + 1)))}]}}}}}}\n"
        ),
    ),
}
"""By name: the largest size, and the page of a size."""


def answer(path: Path) -> list[str]:
    """Check the page, as ``archcli check`` does, and return what it prints about mistakes."""
    from builder.commands.check import run  # noqa: PLC0415 - only what is measured is imported

    try:
        return [render(each) for each in run([str(path)]).mistakes]
    except ArchError as error:
        return [render(each) for each in error.diagnostics]


def seconds(page: str, folder: Path) -> tuple[float, int]:
    """Return the seconds of processor time until a page is answered, and how many mistakes it has."""
    path = folder / "page.yaml"
    path.write_text(page, "utf-8")
    begin = process_time()
    found = answer(path)
    return process_time() - begin, len(found)


def main() -> None:
    """Measure each page in four sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="pages whose name has this in it")
    options = parser.parse_args()
    print(f"{'page':<42}{'bytes':>9}{'1/8':>8}{'1/4':>8}{'1/2':>8}{'whole':>8}  power  mistakes  peak")
    with tempfile.TemporaryDirectory() as folder:
        for name, (largest, make) in PAGES.items():
            if options.only and options.only not in name:
                continue
            measured = [seconds(make(max(1, largest // part)), Path(folder)) for part in (8, 4, 2, 1)]
            taken = [each for each, _ in measured]
            power = math.log2(max(taken[3], 1e-4) / max(taken[2], 1e-4))
            cells = "".join(f"{each:8.3f}" for each in taken)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{name:<42}{len(make(largest)):>9,}{cells}{power:7.1f}{measured[3][1]:>10}{peak:>5} MB", flush=True)
            assert "torch" not in sys.modules, "nothing here needs a tensor"


if __name__ == "__main__":
    main()

"""The work for a page grows with the page and no faster: counted for pages that are built to cost much."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.growth import PAGES, answer
from builder import diagnostics, reader
from builder.commands import check
from builder.diagnostics import DETAILED, ArchError, nearest
from builder.json_files import MAX_BYTES, MAX_VALUES
from builder.reader import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SMALLER = 16  # how much smaller than in the benchmark the larger of two pages is
BOUNDED = {
    "parameters and wrong arguments": 250,
    "variables and misspelled variables": 250,
    "places and misspelled places": 300,
    "variables in sight": 250,
    "calls of a template of many parameters": 250,
    "members": 250,
    "values to search": 110,
    "settings of a study": 110,
    "alternatives of an insert": 10,
    "settings of a large network": 400,
    "copies of many lanes": 100,
    "copies of a long list": 330,
    "copies of many fields": 330,
    "fields that are set on every copy": 330,
    "fields that are set on every instance": 330,
}
"""Pages whose work stops growing at a bound, with a size beyond it: below, each name is compared with each, or so."""


def calls(function: Callable[[], object]) -> int:
    """Return how many functions are called, those of C counted."""
    count = 0

    def counting(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    diagnostics._nearest.cache_clear()
    reader._read.cache_clear()
    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


class TestPages:
    """Each has a known way to cost more than it is long."""

    @pytest.mark.parametrize("name", PAGES)
    def test_twice_the_page_is_at_most_twice_the_work(self, tmp_path: Path, name: str) -> None:
        """A tenth is allowed for what differs; a square would be four times."""
        largest, make = PAGES[name]
        paths = []
        smaller = BOUNDED.get(name, largest // SMALLER or 1)
        for number, size in enumerate((smaller, 2 * smaller)):
            paths.append(tmp_path / f"{number}.yaml")
            paths[-1].write_text(make(size), "utf-8")
        answer(paths[0])  # what is imported and remembered
        one, two = (calls(lambda path=path: answer(path)) for path in paths)  # type: ignore[misc]  # a default
        assert two < 2.2 * one, f"{one:,} calls, then {two:,}"


@pytest.mark.slow
class TestMemory:
    """All of these pages, each as large as the benchmark makes it, one after another in one process."""

    def test_they_are_answered_in_200_megabytes(self) -> None:
        """Python, YAML and pydantic included: 40 of them."""
        code = (
            "import re, tempfile\nfrom pathlib import Path\nfrom benchmarks.growth import PAGES, answer\n"
            "path = Path(tempfile.mkdtemp()) / 'page.yaml'\n"
            "for largest, make in PAGES.values():\n"
            "    path.write_text(make(largest), 'utf-8')\n    answer(path)\n"
            # not ru_maxrss, which begins at the parent's
            "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
        )
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert int(ran.stdout) // 1024 < 200


OBJECT = '{"a":1},'
LARGE = {
    "empty lists": lambda size: f"[{'[],' * (size // 3)}[]]",
    "objects": lambda size: f"[{OBJECT * (size // 8)}0]",
    "as many values as may be": lambda _: f"[{'[1],' * (MAX_VALUES // 2 - 1)}[]]",
    "one text": lambda size: '{"name": "' + "x" * (size - 20) + '"}',
    "one text with one escaped letter": lambda size: '{"name": "\\ud83d\\ude00' + "x" * (size - 40) + '"}',
    "one text with one large letter": lambda size: '{"name": "\U0001f600' + "x" * (size - 20) + '"}',
}
"""Contents of a file of JSON that cost much, by its size."""
METRICS = {
    "rows": lambda size: "".join(f"{number},{'-1.2345678901234567e-300,' * 5}1\n" for number in range(1, size // 132)),
    "line ends": lambda size: "\n" * size,
    "commas": lambda size: "," * size,
}


@pytest.mark.slow
class TestMemoryOfFiles:
    """A run's and a study's, as large as they may be."""

    @pytest.mark.parametrize(
        ("command", "kept", "name"),
        [
            (("compare",), "finished", "summary.json"),
            (("compare",), "finished", "data.json"),
            (("compare",), "finished", "environment.json"),
            (("compare",), "finished", "metrics.csv"),
            (("study", "status"), "study", "plan.json"),
            (("report",), "study", "labels.json"),
        ],
    )
    def test_each_is_read_or_refused_in_200_megabytes(
        self, tmp_path: Path, command: tuple[str, ...], kept: str, name: str
    ) -> None:
        """What the command imports included."""
        folder = tmp_path / "it"
        for content, make in (METRICS if name.endswith("csv") else LARGE).items():
            shutil.copytree(ROOT / "tests" / "kept" / kept, folder)
            (folder / name).write_text(make(MAX_BYTES - 1_000), "utf-8")
            code = (
                "import re, sys, cli\nfrom pathlib import Path\ntry:\n    cli.app(sys.argv[1:])\n"
                "except SystemExit as left:\n    assert left.code in (0, 1, 2), left.code\n"
                "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
            )
            ran = subprocess.run(
                [sys.executable, "-c", code, *command, folder], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr
            assert int(ran.stdout.splitlines()[-1]) // 1024 < 200, (content, ran.stderr)
            shutil.rmtree(folder)


class TestNames:
    """The search for the name that was meant."""

    def test_long_names_are_not_compared(self) -> None:
        """Twelve of 990 letters took forty seconds."""
        known = ["a" * 900 + f"{number}" for number in range(100)]
        assert calls(lambda: nearest("a" * 901, known)) < 1_000

    def test_of_very_many_that_look_alike_some_are_compared(self) -> None:
        """However many there are, letters are compared for so many."""
        known = [f"{'ab' * 20}{number}" for number in range(1_000)]
        twice = [f"{'ab' * 20}{number}" for number in range(2_000)]
        assert calls(lambda: nearest("ba" * 21, twice)) < 2.2 * calls(lambda: nearest("ba" * 21, known))


class TestMistakes:
    """A page of nothing else."""

    def test_each_of_nine_thousand_is_reported(self) -> None:
        """The first hundred with what to do; for the others nothing is searched."""
        text = "".join(f"a: {number}\n" for number in range(9_000))
        with pytest.raises(ArchError) as caught:
            read_text(text)
        found = caught.value.diagnostics
        assert [each.mark and each.mark.line for each in found] == list(range(2, 9_001))
        assert {each.code for each in found} == {"duplicate-key"}
        assert [each.hint is not None for each in found] == [True] * DETAILED + [False] * (8_999 - DETAILED)

    @pytest.mark.parametrize(
        "text",
        [
            "name: n\ninput: [3, 8, 8]\nclasses: 2\nlayers: [flatten, linear: {out: 2}]\nFIELDS",
            "name: n\ninput: [3, 8, 8]\nclasses: 2\nlayers:\n  - flatten\n  - linear:\n      out: 2\n      FIELDS",
            "name: r\nepochs: 3\nbatch_size: 2\noptimizer: {name: sgd, lr: 0.1}\nFIELDS",
            "name: r\nepochs: 3\nbatch_size: 2\noptimizer:\n  name: sgd\n  lr: 0.1\n  FIELDS",
            "name: s\nbase: alexnet_tiny\ndata: {name: digits}\nseeds: 2\nFIELDS",
        ],
        ids=["page", "layer", "recipe", "optimizer", "study"],
    )
    def test_after_a_hundred_no_near_name_is_searched(self, tmp_path: Path, text: str) -> None:
        """A hint that costs a search is a function, and is called for the first hundred alone."""
        head, _, margin = text.removesuffix("FIELDS").rpartition("\n")
        searched = []
        for count in (500, 1_000):
            path = tmp_path / f"{count}.yaml"
            path.write_text(f"{head}\n" + "".join(f"{margin}q{n}z: 1\n" for n in range(count)), "utf-8")
            diagnostics._nearest.cache_clear()
            assert len(check.run([str(path)]).mistakes) == count
            searched.append(diagnostics._nearest.cache_info().misses)
        assert searched[1] == searched[0]

    def test_a_pattern_that_looks_back_sees_the_end_of_its_line(self) -> None:
        """The page of 2.4 kB that took forty seconds."""
        text = f'a: {{k: "{"{" * 1200}", b: {"x" * 1200} !: c: 1}}\n'
        begun = calls(lambda: _refused(text))
        assert begun < 20_000


def _refused(text: str) -> None:
    with pytest.raises(ArchError):
        read_text(text)

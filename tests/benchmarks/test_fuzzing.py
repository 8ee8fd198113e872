"""The fuzzer: it finds a planted mistake of each kind within its minute, and what changes files is repeatable."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.fuzzing.check import answered
from benchmarks.fuzzing.controls import CONTROLS
from benchmarks.fuzzing.kinds import KINDS, target_of

ROOT = Path(__file__).parents[2]


class TestKinds:
    """Each kind of file."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_files_are_read_or_answered(self, kind: str, tmp_path: Path) -> None:
        """Its seeds, and twenty neighbors of them, changed as the search changes them."""
        target, numbers = target_of(kind), random.Random(kind)
        seeds = target.seeds()
        assert any(answered(seed, target, tmp_path) for seed in seeds)
        for _ in range(20):
            answered(target.mutate(numbers.choice(seeds), numbers), target, tmp_path)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_same_seed_changes_files_alike(self, kind: str) -> None:
        """So that a search is repeatable."""
        target = target_of(kind)
        one, other = (target.mutate(target.seeds()[0], random.Random(5)) for _ in range(2))
        assert one == other

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_the_engine_left_of_a_file_is_changed_too(self, kind: str) -> None:
        """Nothing, an empty list, an archive without members: an error there would end the search as a find."""
        target, numbers = target_of(kind), random.Random(kind)
        for data in (b"", b"\n", b"[]", b"{}", b"PK\x05\x06" + bytes(18)):
            assert all(isinstance(target.mutate(data, numbers), bytes) for _ in range(10))

    def test_each_has_a_planted_mistake(self) -> None:
        """Without one nobody knows that the search would find any."""
        assert CONTROLS.keys() == KINDS.keys()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: pip install -e '.[fuzz]'")
class TestControls:
    """A mistake that is planted in the reader of each kind."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_is_found_within_a_minute(self, kind: str) -> None:
        """By the search itself, with a seed; whatever else is found does not count."""
        command = [sys.executable, "-m", "benchmarks.fuzzing", "--kind", kind, "--seconds", "60", "--control"]
        found = subprocess.run([*command, "--seed", "1"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
        assert json.loads(found.stdout.splitlines()[0])["found"] is True

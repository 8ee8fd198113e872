"""Numbers as people read them."""

import doctest

import pytest

from builder import quantities
from builder.quantities import duration, human
from builder.tables import csv_text, latex, markdown, terminal


class TestHuman:
    """A count has four digits and a letter."""

    @pytest.mark.parametrize(
        ("count", "shown"),
        [
            (0, "0"),
            (999, "999"),
            (1000, "1.00 k"),
            (57_044_810, "57.04 M"),
            (99_999, "100.0 k"),
            (999_949, "999.9 k"),
            (999_999, "1.00 M"),
            (710_133_440, "710.1 M"),
            (9 * 10**12, "9.00 T"),
            (-1500, "-1.50 k"),
        ],
    )
    def test_has_four_digits(self, count: int, shown: str) -> None:
        """Neither rounding up nor a sign makes it longer."""
        assert human(count) == shown


class TestDuration:
    """A time is said in its two largest units."""

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [
            (0.04, "0.0 s"),
            (9.94, "9.9 s"),
            (59.4, "59 s"),
            (59.6, "1 min 0 s"),
            (140 * 60 + 22, "2 h 20 min"),
            (3599.7, "1 h 0 min"),
        ],
    )
    def test_rounds_without_sixty_seconds(self, seconds: float, shown: str) -> None:
        """Rounding never leaves 60 s or 60 min standing."""
        assert duration(seconds) == shown


class TestExamples:
    """What the docstrings show is true."""

    @pytest.mark.parametrize("module", [quantities, terminal, markdown, latex, csv_text])
    def test_every_example_holds(self, module: object) -> None:
        """Each module has examples, and none fails."""
        found = doctest.testmod(module)  # type: ignore[arg-type]  # a module is typed as object by the parameter
        assert found.attempted > 0
        assert found.failed == 0

"""Who goes on from a screening."""

from __future__ import annotations

import pytest

from builder.study.statistics import Screened, finalists


class TestFinalists:
    """The candidates with the highest validation accuracy, on average over their seeds."""

    def test_the_best_come_first(self) -> None:
        """Up to as many as asked for."""
        candidates = [Screened("a", (0.8, 0.9)), Screened("b", (0.95, 0.85)), Screened("c", (0.7, 0.98))]
        assert finalists(candidates, 2) == ("b", "a")
        assert finalists(candidates, 9) == ("b", "a", "c")

    def test_of_equal_ones_the_first_is_taken(self) -> None:
        """The order of the plan decides, and not the name."""
        assert finalists([Screened("z", (0.9,)), Screened("a", (0.9,))], 1) == ("z",)

    def test_failed_runs_stand_behind(self) -> None:
        """The runs that are left may be the easy ones."""
        candidates = [Screened("lucky", (0.99,), failed=1), Screened("sound", (0.8, 0.8))]
        assert finalists(candidates, 2) == ("sound", "lucky")

    def test_without_a_result_nobody_goes_on(self) -> None:
        """However many places there are."""
        assert finalists([Screened("gone", (), failed=2), Screened("a", (0.1,))], 2) == ("a",)

    def test_the_mean_of_nothing_is_not_known(self) -> None:
        """And that of two is theirs."""
        assert Screened("gone", ()).mean is None
        assert Screened("a", (0.8, 0.9)).mean == pytest.approx(0.85)

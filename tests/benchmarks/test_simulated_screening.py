"""Screenings of networks whose true accuracies are known."""

from __future__ import annotations

from benchmarks.simulated_screening import kept
from builder.study.statistics.screening import Round, halvings


class TestKept:
    """How often the best network is among the finalists."""

    def test_runs_without_noise_always_keep_it(self) -> None:
        """Whoever ranks the truth finds the best, at once or in rounds."""
        for rounds in ((Round(40, 0, 3),), halvings(40, 4, 8)):
            assert kept(rounds, 1, 20, (1.0, 0.0), seed=0) == 20

    def test_networks_that_do_not_differ_are_kept_by_chance(self) -> None:
        """Five of 40 hold a given one in an eighth of the studies; the truth is next to nothing beside the noise."""
        assert 80 <= kept(halvings(40, 6, 8), 5, 1_000, (1e-9, 1.0), seed=0) <= 170

    def test_rounds_keep_it_more_often_than_more_runs_at_once(self) -> None:
        """100 runs in rounds beside 120 in one."""
        halved, flat = (
            kept(rounds, 3, 500, (0.7, 0.73), seed=0) for rounds in (halvings(40, 4, 8), (Round(40, 0, 3),))
        )
        assert halved > flat

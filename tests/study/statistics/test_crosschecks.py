"""The field's tests beside ours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from builder.study.statistics.crosschecks import dunnett, games_howell, superiority
from tests.study.statistics.arms import arm, chance_arm

ARMS = tuple(chance_arm(name, 4 + index, 200, 0.7 + index / 20, index) for index, name in enumerate("abc"))


class TestDunnett:
    """Every variant against the base, under one variance."""

    def test_it_is_scipys(self) -> None:
        """On the accuracies of the runs."""
        expected = stats.dunnett(*(each.accuracies for each in ARMS[1:]), control=ARMS[0].accuracies).pvalue
        found = dunnett(ARMS[0], ARMS[1:])
        assert (found["b"], found["c"]) == pytest.approx(tuple(expected), abs=2e-3)

    def test_it_is_the_same_each_time(self) -> None:
        """Although it is integrated at random points."""
        assert dunnett(ARMS[0], ARMS[1:]) == dunnett(ARMS[0], ARMS[1:])

    def test_of_one_variant_it_is_students_test(self) -> None:
        """With the variance of both."""
        expected = stats.ttest_ind(ARMS[1].accuracies, ARMS[0].accuracies).pvalue
        assert dunnett(ARMS[0], ARMS[1:2])["b"] == pytest.approx(expected, abs=2e-3)

    @pytest.mark.parametrize("runs", [0, 1])
    def test_an_arm_without_two_runs_is_left_out(self, runs: int) -> None:
        """As a variant; as a base there is nothing to say."""
        few = arm("few", np.ones((runs, 200)))
        assert set(dunnett(ARMS[0], [few, ARMS[1]])) == {"b"}
        assert dunnett(few, ARMS[1:]) == {}

    def test_without_any_spread_there_is_nothing_to_say(self) -> None:
        """Every run of every arm the same."""
        steady = arm("steady", np.ones((3, 200)))
        assert dunnett(steady, [arm("other", np.zeros((3, 200)))]) == {}


class TestGamesHowell:
    """Every pair, each arm with its own variance."""

    def test_it_is_scipys(self) -> None:
        """In either order."""
        expected = stats.tukey_hsd(*(each.accuracies for each in ARMS), equal_var=False).pvalue
        found = games_howell(ARMS)
        assert found["a", "c"] == pytest.approx(expected[0, 2])
        assert found["c", "a"] == pytest.approx(expected[0, 2])
        assert len(found) == 6

    def test_of_two_arms_it_is_welchs(self) -> None:
        """The studentized range of two is a t."""
        expected = stats.ttest_ind(ARMS[0].accuracies, ARMS[1].accuracies, equal_var=False).pvalue
        assert games_howell(ARMS[:2])["a", "b"] == pytest.approx(expected, abs=1e-6)

    def test_a_pair_without_spread_is_left_out(self) -> None:
        """The others are there."""
        steady = [arm(name, np.ones((3, 200))) for name in ("s", "t")]
        found = games_howell([ARMS[0], *steady])
        assert set(found) == {("a", "s"), ("s", "a"), ("a", "t"), ("t", "a")}

    def test_one_arm_has_no_pair(self) -> None:
        """Nor one beside an arm that has no result."""
        assert games_howell(ARMS[:1]) == {}
        assert games_howell([ARMS[0], arm("none", np.ones((0, 200)))]) == {}


class TestSuperiority:
    """How often a run of one is better than one of the other."""

    def test_it_counts_pairs_of_runs(self) -> None:
        """Two right answers beside none and two: a win and a tie, over two pairs."""
        assert superiority(arm("a", [[1, 1]]), arm("b", [[0, 0], [1, 1]])) == 0.75

    def test_it_is_the_mann_whitney_statistic(self) -> None:
        """Divided by the number of pairs."""
        expected = stats.mannwhitneyu(ARMS[0].accuracies, ARMS[2].accuracies).statistic
        assert superiority(ARMS[0], ARMS[2]) == pytest.approx(expected / (ARMS[0].n * ARMS[2].n))

    def test_without_a_run_it_is_not_known(self) -> None:
        """Of either."""
        none = arm("none", np.ones((0, 200)))
        assert superiority(none, ARMS[0]) is None
        assert superiority(ARMS[0], none) is None

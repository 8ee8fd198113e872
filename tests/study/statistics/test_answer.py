"""The answer, sentence by sentence."""

from __future__ import annotations

import numpy as np
import pytest

from builder.study.statistics import Answer, Arm, Design, Group, answer, compare
from tests.study.statistics.arms import arm, chance_arm, group, steady_arm


def asked(*arms: Arm, seeds: int = 10, smallest: float = 0.3, name: str = "") -> Answer:
    """Return the answer for a study of these arms, the first of which is the base."""
    design = Design(smallest=smallest, seeds=seeds)
    found = Group(name, arms, arms[0].name if arms else None)
    return answer(found, compare([found], design), design)


def steady(*wrong: int, seeds: int = 10) -> list[Arm]:
    """Return arms A, B, C ... that are wrong so often."""
    return [steady_arm(name, seeds, count) for name, count in zip("ABCDEFGH", wrong, strict=False)]


class TestBest:
    """One network beats the others."""

    def test_of_two(self) -> None:
        """By how much, and between which bounds."""
        found = asked(*steady(160, 100))
        assert found.sentence == "B beats A by 0.60 points (from 0.49 to 0.71)."
        assert (found.best, found.indistinguishable, found.refused_because) == (("B",), (), None)

    def test_the_base_may_be_the_best(self) -> None:
        """The variant was in vain."""
        assert asked(*steady(100, 160)).sentence.startswith("A beats B by 0.60 points (from ")

    def test_of_several(self) -> None:
        """The lead is that over the next best."""
        found = asked(*steady(160, 100, 140, 158))
        assert found.sentence.startswith("B beats all others, the next best, C, by 0.40 points (from ")
        assert found.best == ("B",)

    def test_a_difference_that_does_not_matter_is_called_so(self) -> None:
        """It is a difference all the same."""
        found = asked(*steady(160, 100), smallest=2.0)
        assert found.sentence == "B beats A by 0.60 points (from 0.49 to 0.71), which is less than what matters."

    def test_a_network_that_spreads_widely_stays_in_question(self) -> None:
        """B is better than C, and A, whose runs are now good and now bad, may be better than either."""
        wide = np.ones((10, 10_000), dtype=bool)
        for run, wrong in zip(wide, np.linspace(20, 340, 10), strict=True):
            run[: int(wrong)] = False
        found = asked(arm("A", wide), *steady(0, 90, 140)[1:])
        assert found.sentence.startswith("A and B cannot be told apart, and C is worse than the best of them; ")


class TestSeveral:
    """More than one network may be the best."""

    def test_nothing_that_matters(self) -> None:
        """Alike, and the data rule out what would matter: no more seeds are asked for."""
        found = asked(*steady(150, 152, 151))
        assert found.sentence == (
            "A, B and C cannot be told apart; differences above 0.13 points are ruled out, "
            "and 0.3 is the smallest that matters."
        )
        assert (found.best, found.indistinguishable, found.more_seeds) == ((), ("A", "B", "C"), None)
        assert found.ruled_out_above == 0.13

    def test_what_is_ruled_out_is_rounded_up(self) -> None:
        """To hundredths, never to less than the data say."""
        for wrong in range(150, 157):
            arms = steady(150, wrong)
            found = asked(*arms, smallest=5.0)
            (made,) = compare([group(*arms)], Design(5.0, 10))
            bound = max(abs(end) for end in made.joint_interval)
            assert bound <= found.ruled_out_above < bound + 0.01

    def test_what_matters_is_ruled_out_where_all_are_equivalent(self) -> None:
        """Holm's procedure may rule it out where joint intervals alone, at 0.13 points, do not reach that far."""
        found = asked(*steady(150, 152, 151), smallest=0.12)
        assert found.ruled_out_above == 0.12
        assert found.sentence.endswith("above 0.12 points are ruled out, and 0.12 is the smallest that matters.")

    def test_the_data_cannot_tell(self) -> None:
        """More seeds would: how many is said, for each network."""
        arms = [chance_arm(name, 5, 10_000, 0.94, seed) for seed, name in enumerate("ABC")]
        found = asked(*arms, seeds=5)
        assert found.best == ()
        assert found.indistinguishable == ("A", "B", "C")
        assert found.more_seeds > 0
        assert found.sentence == (
            f"A, B and C cannot be told apart; differences above {found.ruled_out_above:.2f} points are ruled out; "
            f"about {found.more_seeds} more seeds for each would decide."
        )

    def test_only_more_images_would_decide(self) -> None:
        """On 100 images 0.3 points are out of sight."""
        found = asked(*(chance_arm(name, 10, 100, 0.9, seed) for seed, name in enumerate("AB")))
        assert found.more_seeds is None
        assert found.sentence.endswith("; more seeds would not decide, only more test images.")

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ((160, 100, 101), "B and C cannot be told apart, and A is worse than the best of them; differences"),
            ((160, 100, 101, 170), "B and C cannot be told apart, and A and D are worse than the best of them; "),
        ],
    )
    def test_some_are_out_of_the_question(self, wrong: tuple[int, ...], words: str) -> None:
        """They are named."""
        found = asked(*steady(*wrong))
        assert found.sentence.startswith(words)
        assert found.indistinguishable == ("B", "C")

    def test_of_many_a_few_are_named(self) -> None:
        """All of them stand in the report; a sentence of twenty names says less."""
        many = [steady_arm(str(number), 10, 150) for number in range(8)]
        assert asked(*many).sentence.startswith("No two of the 8 networks can be told apart; differences above ")
        found = asked(*many, steady_arm("worse", 10, 300))
        assert found.sentence.startswith("0, 1, 2, 3 and 4 others cannot be told apart, and worse is worse than ")
        assert len(found.indistinguishable) == 8

    def test_equal_predictions(self) -> None:
        """Two names for one network, as it were."""
        one = steady_arm("A", 10, 150)
        found = asked(one, arm("B", one.correct))
        assert found.indistinguishable == ("A", "B")
        assert found.sentence.startswith("A and B cannot be told apart; differences above 0.0")

    def test_everything_right(self) -> None:
        """Perfect runs on few images are no proof that nothing differs."""
        found = asked(*(arm(name, np.ones((10, 300))) for name in "AB"))
        assert found.ruled_out_above == 0.66
        assert found.sentence.endswith("only more test images.")


class TestRefusal:
    """No best is named, and why."""

    def test_one_network(self) -> None:
        """It has nothing to beat."""
        found = asked(*steady(150))
        assert found.sentence == "No best is named: there is one network, and nothing to compare it with."
        assert (found.best, found.indistinguishable) == ((), ())

    def test_no_network(self) -> None:
        """As in a study that has only screened."""
        assert asked().sentence == "No best is named: no network is judged yet."

    @pytest.mark.parametrize(("seeds", "words"), [(1, "one seed"), (2, "2 seeds")])
    def test_too_few_seeds(self, seeds: int, words: str) -> None:
        """However large the difference."""
        found = asked(*steady(300, 10, seeds=seeds), seeds=seeds)
        assert found.sentence == (
            f"No best is named: with {words} for each network chance can't be told from a difference, 3 are the least."
        )
        assert found.best == ()

    def test_three_seeds_are_enough(self) -> None:
        """For a large difference."""
        assert asked(*steady(300, 10, seeds=3), seeds=3).best == ("B",)

    def test_the_study_goes_on(self) -> None:
        """Whoever looks on the way would stop where chance is kind."""
        found = asked(steady_arm("A", 9, 300, missing=(9,)), steady_arm("B", 10, 10))
        assert found.sentence == "No best is named: the study has not ended, 19 of 20 runs are there."

    def test_everything_failed(self) -> None:
        """Every run of every network."""
        none = [arm(name, np.ones((0, 0)), failed=(0, 1, 2)) for name in "AB"]
        assert asked(*none, seeds=3).sentence == (
            "No best is named: every run failed; A has no result, all of its 3 runs failed; "
            "B has no result, all of its 3 runs failed."
        )

    def test_only_one_is_left(self) -> None:
        """The other has too few runs to be compared."""
        found = asked(steady_arm("A", 3, 100), steady_arm("B", 2, 10, failed=(2,)), seeds=3)
        assert found.sentence == (
            "No best is named: fewer than two networks have 3 runs that ended well; 1 of the 3 runs of B failed."
        )

    def test_a_network_that_fails_is_not_the_best(self) -> None:
        """However good the runs are that did not."""
        found = asked(steady_arm("A", 10, 160), steady_arm("B", 8, 100, failed=(8, 9)))
        assert found.sentence == (
            "No best is named: B is better than what it was compared with, but 2 of the 10 runs of B failed."
        )
        assert (found.best, found.indistinguishable) == ((), ("B",))

    def test_failures_of_others_are_said(self) -> None:
        """They do not hinder the best, and are not hidden."""
        found = asked(
            steady_arm("A", 10, 160), steady_arm("B", 10, 100), arm("C", np.ones((0, 0)), failed=tuple(range(10)))
        )
        assert found.best == ("B",)
        assert found.sentence.endswith("; C has no result, all of its 10 runs failed.")


class TestGroups:
    """A study of several networks at several settings."""

    def test_the_sentence_says_which(self) -> None:
        """First."""
        assert asked(*steady(160, 100), name="lr=0.01").sentence.startswith("lr=0.01: B beats A by ")

    def test_comparisons_of_other_groups_are_passed_over(self) -> None:
        """An arm may have the same name there."""
        design = Design(0.3, 10)
        here, there = group(*steady(150, 150)), Group("other", tuple(steady(150, 50)), "A")
        assert answer(here, compare([here, there], design), design).best == ()

"""How many threads of a CPU are taken, by measured times and the load, with a clock that the test sets."""

from __future__ import annotations

import pytest
import torch

from builder.training.device.cores import CoreUse
from builder.training.device.threads import (
    ASKED,
    BEGAN,
    BUSY,
    DETERMINISTIC,
    ENOUGH,
    ChosenThreads,
    ThreadDecision,
    Trial,
    by_load,
    candidates,
    choose_threads,
    computing_in,
    fastest,
    kept_threads,
)

IDLE = CoreUse(0.0, None, 0.0, 1)


class Steps:
    """Steps that take the seconds they are given for each number of threads, on a clock of their own."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds, self.time = seconds, 0.0
        self.tried: list[int] = []

    def __call__(self, threads: int) -> float:
        """Take a step."""
        self.tried.append(threads)
        self.time += self.seconds[threads]
        return self.seconds[threads]

    def choose(self, free: float, steps: int = 100_000) -> ChosenThreads:
        """Return what comes of a trial with these."""
        return choose_threads(max(self.seconds), free, Trial(steps, self), lambda: self.time)


class TestChooseThreads:
    """What a trial shows."""

    @pytest.mark.parametrize(("most", "found"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
    def test_powers_of_two_and_all_are_tried(self, most: int, found: list[int]) -> None:
        """All is what torch would take."""
        assert candidates(most) == found

    @pytest.mark.parametrize(
        ("seconds", "best"),
        [
            ({1: [1.0], 2: [0.6]}, 2),
            ({1: [1.0], 2: [0.97]}, 1),  # under 5 % is no reason to take them from others
            ({1: [1.0], 2: [15.0]}, 1),
            ({1: [1.0], 2: [0.6], 4: [0.35], 8: [0.34]}, 4),
            ({1: [1.0, 1.0, 9.0], 2: [0.6, 9.0, 0.6]}, 2),  # a hiccup is no measurement
        ],
    )
    def test_more_threads_have_to_be_clearly_faster(self, seconds: dict[int, list[float]], best: int) -> None:
        """By the median, and by 5 %."""
        assert fastest(seconds) == best

    @pytest.mark.parametrize(
        ("two", "free", "chosen"),
        [
            (0.006, 2, ChosenThreads(2, 2, ENOUGH)),
            (0.15, 0, ChosenThreads(1, 2, BUSY)),
            (0.0098, 2, ChosenThreads(1, 2, ENOUGH)),
        ],
    )
    def test_the_fastest_is_taken(self, two: float, free: float, chosen: ChosenThreads) -> None:
        """And why is said."""
        assert Steps({1: 0.01, 2: two}).choose(free) == chosen

    def test_what_is_hopeless_is_tried_twice_only(self) -> None:
        """Once to start its threads, and once to measure; still more threads are not tried at all."""
        steps = Steps({1: 0.01, 2: 0.1, 4: 1.0})
        steps.choose(free=0)
        assert steps.tried.count(2) == 2
        assert 4 not in steps.tried

    @pytest.mark.parametrize(("free", "count"), [(2.0, 2), (1.7, 2), (1.2, 1), (0.0, 1)])
    def test_a_run_of_few_steps_goes_by_the_load(self, free: float, count: int) -> None:
        """And nothing is tried."""
        steps = Steps({1: 0.01, 2: 0.006})
        assert steps.choose(free, steps=199).count == count
        assert not steps.tried

    def test_a_short_run_goes_by_the_load(self) -> None:
        """After steps in one thread that show how short it is."""
        steps = Steps({1: 0.01, 2: 0.15})
        assert steps.choose(free=2, steps=1000) == by_load(2, 2)
        assert steps.tried == [1, 1]


class TestThreadDecision:
    """What comes before what."""

    @pytest.fixture(autouse=True)
    def _four(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let there be four, and nothing set by the user."""
        for each in ("most_threads", "usable_cores"):
            monkeypatch.setattr(f"builder.training.device.threads.{each}", lambda: 4)
        for each in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.delenv(each, raising=False)

    def test_what_is_asked_for_is_taken(self) -> None:
        """By a deterministic run too."""
        assert ThreadDecision(3, deterministic=True).on(torch.device("cpu"), IDLE) == ChosenThreads(3, 4, ASKED)

    def test_what_the_user_has_set_for_all_programs_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And no trial is made."""
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert ThreadDecision().on(torch.device("cpu"), IDLE) == ChosenThreads(torch.get_num_threads(), 4, ASKED)

    def test_a_deterministic_run_takes_one(self) -> None:
        """So that the load decides nothing."""
        found = ThreadDecision(deterministic=True).on(torch.device("cpu"), IDLE)
        assert found == ChosenThreads(1, 4, DETERMINISTIC)

    def test_a_trial_decides(self) -> None:
        """It hears the most threads."""
        decision = ThreadDecision(trial=lambda most, _free: ChosenThreads(2, most))
        assert decision.on(torch.device("cpu"), IDLE) == ChosenThreads(2, 4)

    def test_another_device_keeps_what_torch_has(self) -> None:
        """Its steps are not the CPU's."""
        assert ThreadDecision(3).on(torch.device("cuda"), IDLE) == ChosenThreads()

    def test_a_run_that_goes_on_takes_its_own(self) -> None:
        """Unless others are asked for; they are compared with the cores, as torch may have been told of fewer."""
        assert kept_threads(torch.device("cpu"), 2, None) == ChosenThreads(2, 4, BEGAN)
        assert kept_threads(torch.device("cpu"), 1, 1) == ChosenThreads(1, 4, ASKED)


class TestTold:
    """The device line."""

    @pytest.mark.parametrize(
        ("chosen", "said"),
        [
            (ChosenThreads(), "cpu (2 threads)"),
            (ChosenThreads(2, 2, ENOUGH), "cpu (2 threads)"),
            (ChosenThreads(1, 2, ASKED), "cpu (1 thread)"),
            (ChosenThreads(1, 2, BUSY), "cpu (1 of 2 threads: other programs use the cores)"),
            (ChosenThreads(8, 2, BEGAN), "cpu (8 threads on 2 cores: as the run began)"),
            (ChosenThreads(2, 1, BEGAN), "cpu (2 threads on 1 core: as the run began)"),
        ],
    )
    def test_it_says_how_many_and_why(self, chosen: ChosenThreads, said: str) -> None:
        """Where there could be others."""
        assert chosen.told("cpu (2 threads)") == said


class TestComputingIn:
    """torch's own number of threads."""

    def test_it_is_put_back(self) -> None:
        """As it is the whole process's."""
        before = torch.get_num_threads()
        with computing_in(before + 1, torch.device("cpu")):
            assert torch.get_num_threads() == before + 1
        assert torch.get_num_threads() == before

    def test_nothing_changes_without_a_number(self) -> None:
        """Nor on another device."""
        before = torch.get_num_threads()
        for threads, device in ((None, "cpu"), (before + 1, "cuda")):
            with computing_in(threads, torch.device(device)):
                assert torch.get_num_threads() == before

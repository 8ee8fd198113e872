"""The yardstick: a slow file is slow on every machine, and none is slow because the machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.fuzzing import yardstick
from benchmarks.fuzzing.yardstick import REFERENCE, reference_seconds, slowness

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(name="machine")
def _machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float]], Callable[[], None]]:
    """Return how to pretend a machine on which everything takes so many times as long, try after try."""

    def pretended(factors: list[float]) -> Callable[[], None]:
        clock, speed = [0.0], iter([factor for factor in factors for _ in range(3)])

        def passes(seconds: float) -> None:
            clock[0] += seconds * next(speed)

        monkeypatch.setattr(yardstick, "process_time", lambda: clock[0])
        monkeypatch.setattr(yardstick, "perf_counter", lambda: clock[0])
        monkeypatch.setattr(yardstick, "stick", lambda: passes(REFERENCE))
        return lambda: passes(0.8)

    return pretended


class TestReferenceSeconds:
    """What a file takes, in seconds of the reference machine."""

    @pytest.mark.parametrize("factors", [[1, 1, 1], [3, 3, 3], [0.4, 0.4, 0.4], [2, 9, 1]])
    def test_they_are_the_same_on_a_machine_of_any_speed(
        self, machine: Callable[[list[float]], Callable[[], None]], factors: list[float]
    ) -> None:
        """Fast, slow or loaded: the yardstick takes longer too."""
        assert reference_seconds(machine(factors)) == pytest.approx(0.8)

    def test_the_least_of_three_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Others may have disturbed the other two."""
        taken = iter([1, 5, 1, 1, 2, 1, 1, 9, 1])
        monkeypatch.setattr(yardstick, "_taken", lambda _: next(taken))
        assert reference_seconds(lambda: None) == pytest.approx(2 * REFERENCE)


class TestSlowness:
    """How much longer a search may take because of the machine."""

    @pytest.mark.parametrize(("factor", "right"), [(0.5, 1), (1, 1), (3, 3), (60, 5)])
    def test_it_is_from_one_to_five(
        self, machine: Callable[[list[float]], Callable[[], None]], factor: float, right: float
    ) -> None:
        """A fast machine gets no less, a machine that stands still not all the time there is."""
        machine([factor] * 5)
        assert slowness() == pytest.approx(right)

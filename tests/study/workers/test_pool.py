"""What the pool knows of its workers, and of the cells that they have."""

from __future__ import annotations

import pytest

from builder.study.workers import pool
from builder.study.workers.pool import Assignment
from tests.study.conftest import make_plan

PLAN = make_plan(1, 1)
(CELL,) = PLAN.cells("confirm", PLAN.arms)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list whose one number is the time."""
    now = [100.0]
    monkeypatch.setattr(pool, "monotonic", lambda: now[0])
    return now


class TestAssignment:
    """How much of it was done here, and in what time."""

    def test_nothing_before_it_was_heard_of(self) -> None:
        """It waits for its worker."""
        assert (Assignment(CELL).going.epochs, Assignment(CELL).going.seconds) == (0.0, 0.0)

    def test_from_the_first_sign_of_life(self, seconds: list[float]) -> None:
        """Preparing the images is a part of what a cell costs."""
        found = Assignment(CELL)
        found.hear(0.0)
        for done in (0.25, 1.0, 1.5):
            seconds[0] += 10
            found.hear(done)
        assert (found.going.epochs, found.going.seconds) == (1.5, 30.0)

    def test_what_a_checkpoint_brought_does_not_count(self, seconds: list[float]) -> None:
        """It was computed elsewhere, in a time that nobody knows."""
        found = Assignment(CELL)
        found.hear(0.0)
        seconds[0] += 10
        found.hear(7.5)
        seconds[0] += 40
        found.hear(8.25)
        assert (found.going.epochs, found.going.seconds) == (0.75, 40.0)

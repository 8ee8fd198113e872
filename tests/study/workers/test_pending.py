"""The cells that wait: which is next, and how often each is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.study.workers.limits import Limits
from builder.study.workers.pending import PendingCells
from tests.study.conftest import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.study.results.cells import Cell

CELLS = make_plan().cells("confirm", make_plan().arms)
LIMITS = Limits(attempts=2, deaths=2)


def everything(_: Cell) -> bool:
    """Fit any worker."""
    return True


@pytest.fixture
def pending() -> PendingCells:
    """Give four cells."""
    found = PendingCells(lambda _: CELLS, LIMITS, grows=False)
    found.refill(2)
    return found


def taken(pending: PendingCells, fits: Callable[[Cell], bool] = everything) -> Cell:
    """Return the next cell."""
    cell = pending.take(fits)
    assert cell is not None
    return cell


class TestTake:
    """The next cell."""

    def test_it_is_the_first_that_fits(self, pending: PendingCells) -> None:
        """Others wait on, and none is taken twice."""
        assert taken(pending, lambda each: each.variant == "net1") == CELLS[1]
        assert [taken(pending) for _ in range(3)] == [CELLS[0], *CELLS[2:]]
        assert pending.take(everything) is None
        assert not pending.waits

    def test_one_that_was_put_back_is_the_first_again(self, pending: PendingCells) -> None:
        """It is begun already."""
        first = taken(pending)
        pending.put_back(first)
        assert taken(pending) == first

    def test_one_that_is_put_back_for_later_waits(self, pending: PendingCells) -> None:
        """Nobody takes it meanwhile."""
        first = taken(pending)
        pending.put_back(first, 3600)
        pending.refill(9)
        assert first not in [taken(pending) for _ in range(3)]
        assert pending.take(everything) is None
        assert pending.waits


class TestRefill:
    """Where cells come from."""

    def test_a_study_whose_cells_are_known_is_asked_once(self) -> None:
        """A scan of thousands of folders after each cell would take longer than the cells."""
        asked: list[int] = []
        pending = PendingCells(lambda wanted: asked.append(wanted) or CELLS, LIMITS, grows=False)  # type: ignore[func-returns-value]  # it notes the question
        for _ in range(4):
            pending.refill(9)
            pending.end(taken(pending))
        assert asked == [9]

    def test_one_that_grows_is_asked_after_results_when_workers_could_take_more(self) -> None:
        """And when there are more workers."""
        asked: list[int] = []

        def more(wanted: int) -> tuple[Cell, ...]:
            asked.append(wanted)
            return CELLS[: len(asked)]

        pending = PendingCells(more, LIMITS, grows=True)
        pending.refill(2)
        pending.refill(2)
        assert asked == [2]
        pending.refill(3)
        assert asked == [2, 3]
        pending.end(taken(pending))
        pending.refill(2)
        assert asked == [2, 3, 2]


class TestFailures:
    """When a cell is given up."""

    def test_after_so_many_errors(self, pending: PendingCells) -> None:
        """Until then it waits behind the others."""
        first = taken(pending)
        assert pending.mistake(first, "oh", is_final=False) is None
        assert [taken(pending) for _ in range(4)] == [*CELLS[1:], first]
        failure = pending.mistake(first, "oh again", is_final=False)
        assert failure is not None
        assert (failure.cell, failure.message, failure.attempts) == (first.id, "oh again", 2)

    def test_at_once_where_another_attempt_would_end_the_same(self, pending: PendingCells) -> None:
        """As after a loss that is no number."""
        failure = pending.mistake(taken(pending), "nan", is_final=True)
        assert failure is not None
        assert failure.attempts == 1

    def test_after_so_many_deaths_of_its_worker(self, pending: PendingCells) -> None:
        """At the same place."""
        first = taken(pending)
        assert pending.death(first, "lost", 0.5) is None
        assert pending.death(first, "lost", 0.5) is not None

    def test_never_while_it_comes_further(self, pending: PendingCells) -> None:
        """Then its workers are taken away, and it is not what kills them."""
        first = taken(pending)
        for done in range(1, 9):
            assert pending.death(first, "lost", done) is None
        assert pending.death(first, "lost", 8.0) is not None

    def test_a_result_ends_the_count(self, pending: PendingCells) -> None:
        """A cell that is run once more, in another session, begins anew."""
        first = taken(pending)
        pending.mistake(first, "oh", is_final=False)
        pending.end(first)
        assert pending.mistake(first, "oh", is_final=False) is None

"""How many cells run side by side: by memory, by cores, and by what other programs leave free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.workers import resources
from builder.study.workers.resources import check_judging, check_memory, free_workers, workers_for
from builder.training.device.cores import CoreUse

if TYPE_CHECKING:
    from collections.abc import Callable

CORES = 4


@pytest.fixture
def others_use(monkeypatch: pytest.MonkeyPatch) -> Callable[[float | None], None]:
    """Return what lets other programs use so many of four cores from now on; None says that nobody knows."""
    monkeypatch.setattr(resources, "usable_cores", lambda: CORES)

    def use(cores: float | None) -> None:
        uses = iter(CoreUse(at, None if cores is None else at * cores, 0.0, CORES) for at in (0.0, 1.0))
        monkeypatch.setattr(resources, "sleep", lambda _: None)
        monkeypatch.setattr(resources.CoreUse, "now", lambda: next(uses))

    return use


class TestFreeWorkers:
    """A worker for each core that is free, of those that were planned."""

    @pytest.mark.parametrize(
        ("used", "planned", "workers"),
        [
            (0.0, 4, 4),
            (0.0, 2, 2),  # no more than planned
            (0.1, 4, 4),  # a little use of a core is none
            (1.0, 4, 3),
            (2.6, 4, 1),
            (4.0, 4, 1),  # one goes on however busy the machine is
            (9.0, 4, 1),
            (None, 4, 4),  # where the system does not say it
        ],
    )
    def test_they_take_what_others_leave(
        self, others_use: Callable[[float | None], None], used: float | None, planned: int, workers: int
    ) -> None:
        """Rounded, at least one."""
        others_use(used)
        assert free_workers(planned) == workers


class TestWorkersFor:
    """What is planned."""

    @pytest.mark.parametrize(("memory", "batch", "workers"), [(8.0e9, 0, 4), (1.7e9, 0, 2), (8.0e9, 1e9, 2), (0, 0, 4)])
    def test_as_many_as_fit_into_memory_and_have_a_core(
        self, monkeypatch: pytest.MonkeyPatch, memory: float, batch: float, workers: int
    ) -> None:
        """A process takes 0.8 GB, and three times what a batch keeps; memory that is not told limits nothing."""
        monkeypatch.setattr(resources, "usable_cores", lambda: CORES)
        monkeypatch.setattr(resources, "available_memory", lambda: int(memory))
        assert workers_for(int(batch)) == workers


class TestTooLarge:
    """What can't be run or judged at all is refused when it is planned."""

    @pytest.fixture(autouse=True)
    def memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the machine have 8 GB."""
        monkeypatch.setattr(resources, "total_memory", lambda: 8_000_000_000)

    def test_a_cell_that_does_not_fit_is_named_with_its_size(self) -> None:
        """And with what makes it smaller."""
        check_memory("alexnet", 2_000_000_000)
        with pytest.raises(RunError, match=r"a cell of alexnet needs about 9\.80 GB of memory, and this machine has 8"):
            check_memory("alexnet", 3_000_000_000)

    def test_more_answers_than_a_report_can_hold_are_refused(self) -> None:
        """10,000 seeds of 20 networks on 10,000 images."""
        check_judging(1000, 10_000)
        with pytest.raises(
            RunError, match=r"the answers of 200,000 cells to 10,000 test images take 14\.00 GB of memory"
        ):
            check_judging(200_000, 10_000)

    def test_a_system_that_does_not_say_refuses_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody knows."""
        monkeypatch.setattr(resources, "total_memory", lambda: 0)
        check_memory("alexnet", 10**15)
        check_judging(10**9, 10**9)

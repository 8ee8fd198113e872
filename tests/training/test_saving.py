"""When a checkpoint is due."""

from __future__ import annotations

from builder.training.saving import DISK_SPEED, FIRST_DRAWING, SHARE, drawing_pace, saving_pace


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self) -> None:
        """Begin at 100 seconds."""
        self.time = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.time


class TestSavingPace:
    """Under 3 % of the time, at the latest after ten minutes."""

    def test_the_first_one_waits_until_it_is_cheap(self) -> None:
        """One second of writing is 3 % of 33 seconds."""
        clock = Clock()
        pace = saving_pace(int(DISK_SPEED), clock)
        clock.time += 33
        assert not pace.due()
        clock.time += 1
        assert pace.due()

    def test_what_saving_really_took_counts(self) -> None:
        """After a save of six seconds two of them have to fit into 3 %: 400 seconds."""
        clock = Clock()
        pace = saving_pace(0, clock)
        with pace.timed():
            clock.time += 6
        clock.time += 393
        assert not pace.due()
        clock.time += 2
        assert pace.due()

    def test_ten_minutes_are_the_longest(self) -> None:
        """However long saving takes."""
        clock = Clock()
        pace = saving_pace(0, clock)
        with pace.timed():
            clock.time += 500
        clock.time += 600
        assert not pace.due()
        clock.time += 1
        assert pace.due()


class TestDrawingPace:
    """Under 3 % of the time, however long that takes: the last drawing comes at the end."""

    def test_short_runs_are_drawn_at_their_end_only(self) -> None:
        """Importing matplotlib would slow them."""
        clock = Clock()
        pace = drawing_pace(clock)
        clock.time += FIRST_DRAWING / SHARE - 1
        assert not pace.due()
        clock.time += 2
        assert pace.due()

    def test_slow_drawing_is_not_hurried(self) -> None:
        """A minute of drawing, on a disk far away, is due again when there were 66 of training."""
        clock = Clock()
        pace = drawing_pace(clock)
        with pace.timed():
            clock.time += 60
        clock.time += 3900
        assert not pace.due()
        clock.time += 60
        assert pace.due()

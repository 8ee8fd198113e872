"""How long the epochs that are left will take."""

from __future__ import annotations

from builder.commands.terminal.epoch_times import EpochTimes


class TestEpochTimes:
    """The seconds of epochs to come."""

    def test_epochs_of_one_size_take_as_long_as_the_last(self) -> None:
        """Or as the first one promises while there is no other."""
        times = EpochTimes()
        assert times.of([0, 0], 0, 10.0) == 20
        times.add(0, 30.0)
        times.add(0, 12.0)
        assert times.of([0, 0], 0, 10.0) == 24

    def test_larger_images_take_longer_by_their_pixels(self) -> None:
        """As long as nothing but one size is known."""
        assert EpochTimes().of([64, 128], 64, 10.0) == 10 + 40

    def test_two_sizes_tell_what_pixels_cost(self) -> None:
        """On a straight line, here of 1 s and 1 s for 1,000 pixels."""
        times = EpochTimes()
        times.add(10, 1.1)
        times.add(20, 1.4)
        assert round(times.of([30], 20, 0.0), 6) == 1.9

    def test_a_size_that_was_seen_is_known(self) -> None:
        """Whatever the others say."""
        times = EpochTimes()
        times.add(10, 5.0)
        times.add(20, 1.0)
        assert times.of([20, 20], 20, 9.0) == 2

"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.training.interrupts import Interrupted, StopSignals

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestStopSignals:
    """A request, answered between two steps."""

    @pytest.fixture(autouse=True)
    def _python_hears_ctrl_c(self) -> Iterator[None]:
        """Let Python hear Ctrl-C, which a shell's background job, and so a test in one, ignores."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_first_signal_is_kept(self, number: signal.Signals) -> None:
        """And the program goes on."""
        with StopSignals() as signals:
            assert signals.received is None
            signal.raise_signal(number)
            assert signals.received == number

    def test_the_second_ctrl_c_acts_at_once(self) -> None:
        """For whoever can't wait for the step to end."""
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signals.received == signal.SIGINT

    def test_the_former_handlers_come_back(self) -> None:
        """With or without a signal."""
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        for send in (False, True):
            with StopSignals():
                assert signal.getsignal(signal.SIGINT) != before[0]
                if send:
                    signal.raise_signal(signal.SIGTERM)
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    def test_another_thread_hears_nothing(self) -> None:
        """Python allows handlers in the main thread alone; training elsewhere must still be possible."""
        heard = []

        def enter() -> None:
            with StopSignals() as signals:
                heard.append(signals.received)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert heard == [None]


class TestInterrupted:
    """What a run that was stopped raises."""

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_its_exit_code_is_the_shells(self, number: int, code: int) -> None:
        """128 and the signal's number."""
        assert Interrupted(number, "stopped", Path("runs/a-001")).exit_code == code

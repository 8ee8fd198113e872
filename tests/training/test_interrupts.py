"""Ctrl-C, SIGTERM, and a terminal that is closed."""

from __future__ import annotations

import pickle
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.training import interrupts
from builder.training.interrupts import Interrupted, StopSignals, ending

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestStopSignals:
    """A request, answered between two steps."""

    @pytest.fixture(autouse=True)
    def _python_hears_ctrl_c(self) -> Iterator[None]:
        """Let Python hear what a shell's background job, and so a test in one, ignores."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        for number, handler in zip((signal.SIGINT, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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

    @pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_shell_that_passes_the_hangup_on_does_no_harm(self, first: signal.Signals) -> None:
        """The terminal has sent it too, and the run is being saved meanwhile."""
        with StopSignals() as signals:
            signal.raise_signal(first)
            signal.raise_signal(signal.SIGHUP)
            assert signals.received == first
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL

    def test_who_was_started_to_outlive_the_terminal_does(self) -> None:
        """``nohup`` has it ignored."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGHUP)
            assert signals.received is None
        assert ending() == (signal.SIGTERM,)

    def test_a_platform_without_hangups_hears_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Windows."""
        monkeypatch.setattr(interrupts, "_HANGUP", None)
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGTERM)
            assert signals.received == signal.SIGTERM
        assert ending() == (signal.SIGTERM,)

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

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_its_exit_code_is_the_shells(self, number: int, code: int) -> None:
        """128 and the signal's number."""
        assert Interrupted(number, "stopped", Path("runs/a-001")).exit_code == code

    def test_is_pickled_with_the_way_back(self) -> None:
        """As a process of a pool hands it on."""
        back = pickle.loads(pickle.dumps(Interrupted(signal.SIGTERM, "stopped", Path("runs/a-001"), "study run")))
        assert (str(back), back.folder, back.command, back.exit_code) == (
            "stopped", Path("runs/a-001"), "study run", 143,
        )  # fmt: skip

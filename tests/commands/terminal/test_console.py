"""What goes to stdout and what to stderr."""

import io
from collections.abc import Callable

import pytest

from builder.commands.terminal.console import answer, complain, is_coloured, say
from builder.diagnostics import Diagnostic


class Terminal(io.StringIO):
    """A stream at which a person looks."""

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


class Closed(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        """Refuse."""
        raise BrokenPipeError


class TestStreams:
    """Results and remarks never mix."""

    def test_a_result_goes_to_stdout_and_ends_in_one_newline(self, capsys: pytest.CaptureFixture[str]) -> None:
        """However the text was built."""
        answer("done\n\n")
        assert capsys.readouterr() == ("done\n", "")

    def test_a_remark_goes_to_stderr(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Progress can be thrown away without losing the result."""
        say("epoch 1")
        assert capsys.readouterr() == ("", "epoch 1\n")

    @pytest.mark.parametrize("write", [answer, say])
    @pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x08", "\r", "\x9b", "\u202e"])
    def test_what_a_name_holds_moves_no_cursor(
        self, write: Callable[[str], None], sign: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Files, classes and devices may be called so, and JSON files that somebody sent."""
        write(f"a{sign}[31mb\tc\nd")
        assert "".join(capsys.readouterr()) == "a\ufffd[31mb\tc\nd\n"

    def test_line_ends_of_csv_stay(self, capsys: pytest.CaptureFixture[str]) -> None:
        """RFC 4180 has two characters for them."""
        answer("a,b\r\n1,2")
        assert capsys.readouterr().out == "a,b\r\n1,2\n"

    def test_a_reader_who_left_is_no_reason_to_stop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run of hours does not end because somebody closed the pipe that showed its progress."""
        monkeypatch.setattr("sys.stderr", Closed())
        say("epoch 2")


class TestColour:
    """Colours are for people who want them."""

    @pytest.fixture(autouse=True)
    def _plain_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin without what the machine of the test says about colours."""
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")

    def test_a_terminal_is_coloured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The headline of a mistake is red, and nothing else."""
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        complain(Diagnostic("bad-value", "`out` is a whole number", hint="write 64"))
        headline, *rest = stream.getvalue().split("\n")
        assert headline == "\x1b[1;31merror[bad-value]\x1b[0m: `out` is a whole number"
        assert rest == ["  help: write 64", "", "more: archcli explain bad-value", ""]

    def test_a_person_is_told_where_to_read_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once below all mistakes, each code once, and nothing where the code says nothing or nobody looks."""
        usage, wrong = Diagnostic("usage", "no"), Diagnostic("misfit", "3×1×1")
        for stream, given, last in (
            (Terminal(), (wrong, Diagnostic("no-head", "none"), wrong), "more: archcli explain misfit | no-head"),
            (Terminal(), (usage,), "error[usage]"),
            (io.StringIO(), (wrong,), "error[misfit]: 3×1×1"),
        ):
            monkeypatch.setattr("sys.stderr", stream)
            complain(*given)
            assert last in stream.getvalue().rstrip("\n").split("\n")[-1]

    @pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_it_can_be_switched_off(self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
        """NO_COLOR and a dumb terminal both mean plain text."""
        monkeypatch.setenv(variable, value)
        assert not is_coloured(Terminal())

    def test_a_file_is_not_coloured(self) -> None:
        """A log holds no escape sequences."""
        assert not is_coloured(io.StringIO())

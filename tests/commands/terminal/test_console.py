"""What goes to stdout and what to stderr."""

import io

import pytest

from builder.commands.terminal.console import answer, complain, is_colored, say
from builder.commands.terminal.exit_codes import exit_codes
from builder.diagnostics import Diagnostic, RunError


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

    @pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x08", "\r", "\x9b", "\u202e"])
    def test_what_a_name_holds_moves_no_cursor(self, sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Files, classes and devices may be called so, and JSON files that somebody sent."""
        for stream, write in (("stdout", answer), ("stderr", say)):
            terminal = Terminal()
            monkeypatch.setattr(f"sys.{stream}", terminal)
            write(f"a{sign}[31mb\tc\nd")
            assert terminal.getvalue() == "a\ufffd[31mb\tc\nd\n"

    def test_line_ends_of_csv_stay(self, capsys: pytest.CaptureFixture[str]) -> None:
        """RFC 4180 has two characters for them."""
        answer("a,b\r\n1,2")
        assert capsys.readouterr().out == "a,b\r\n1,2\n"

    def test_a_reader_who_left_is_no_reason_to_stop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run of hours does not end because somebody closed the pipe that showed its progress."""
        monkeypatch.setattr("sys.stderr", Closed())
        say("epoch 2")


class TestNames:
    """Files and folders may be called anything."""

    NAME = "runs/a\x1b[2J\x9b\rb"

    def test_a_terminal_gets_nothing_that_moves_its_cursor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Lines and tabs stay, and every letter of other scripts."""
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        answer(f"größe\t日本\n{self.NAME}")
        assert terminal.getvalue() == "größe\t日本\nruns/a\ufffd[2J\ufffd\ufffdb\n"

    def test_a_file_or_program_gets_the_name_as_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It opens what is called so."""
        answer(self.NAME)
        assert capsys.readouterr().out == f"{self.NAME}\n"

    def test_a_failure_quotes_it_without(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Wherever stderr leads."""
        with pytest.raises(SystemExit), exit_codes():
            raise RunError(f"cannot list {self.NAME}")
        assert capsys.readouterr().err == "error: cannot list runs/a\ufffd[2J\ufffd\ufffdb\n"


class TestColor:
    """Colors are for people who want them."""

    @pytest.fixture(autouse=True)
    def _plain_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin without what the machine of the test says about colors."""
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")

    def test_a_terminal_is_colored(self, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert not is_colored(Terminal())

    def test_a_file_is_not_colored(self) -> None:
        """A log holds no escape sequences."""
        assert not is_colored(io.StringIO())

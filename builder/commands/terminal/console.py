"""Results go to stdout, everything else to stderr; nothing but the commands writes to either."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, TypeVar

from builder.diagnostics import RunError, render
from builder.json_output import encode
from builder.runs import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from builder.diagnostics import Diagnostic

Value = TypeVar("Value")

_NAMED = 3  # codes in the line that points to their explanations
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
"""Characters that a terminal obeys, and those that turn the direction of writing; not tab and newline."""
_RED, _RESET = "\x1b[1;31m", "\x1b[0m"


def open_streams() -> None:
    """Make the standard streams fit to be written to, whatever the program was started with.

    One that is closed (``archcli show page.yaml >&-``) ends in nothing, and its number is taken, so that no file that
    is opened later gets it and is written into. Where a terminal has no ×, it shows ?.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        with suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
        setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def answer(text: str) -> None:
    """Write a result to stdout, ended by a single newline; of several processes the first does so.

    What moves a terminal's cursor or changes its colors, as names of files, classes and devices may, is shown there as
    �; a file or program gets what there is.
    Raises RunError where it can't be written, BrokenPipeError where the reader has left.
    """
    if not processes.is_first():
        return
    try:
        shown = plain(text) if is_terminal(sys.stdout) else text
        sys.stdout.write(shown.rstrip("\n") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon(sys.stdout)
        raise RunError(f"the result cannot be written: {error.strerror}") from error


def answer_with(value: Value, render: Callable[[Value], str], as_json: bool) -> None:
    """Write a result as ``render`` tells it, or as JSON."""
    answer(encode(value) if as_json else render(value))


def answer_in_pieces(pieces: Iterable[str]) -> None:
    """Write the lines of a result as they come; raises what ``answer`` raises."""
    for piece in pieces:
        answer(piece)


def can_ask() -> bool:
    """Return whether a person is there who can be asked."""
    return sys.stdin.isatty() and is_terminal(sys.stderr)


def confirmed(question: str) -> bool:
    """Ask on stderr, and return whether the answer is yes; no answer is none."""
    say(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def say(text: str, end: str = "\n") -> None:
    """Write what is going on to stderr, at once; a reader who has left, or a full disk, is no reason to stop.

    What moves the cursor or changes colors is shown as �.
    """
    paint(plain(text) + end)


def paint(text: str) -> None:
    """Write to stderr what may move the cursor and have colors, as a live bar does."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        abandon(sys.stderr)


def complain(*diagnostics: Diagnostic) -> None:
    """Show each mistake once on stderr, an empty line between them, the headline in red where that can be seen.

    On a terminal a last line says how to read more about the codes; that of wrong usage has nothing to add.
    """
    if not diagnostics:
        return
    drawn = "\n\n".join(dict.fromkeys(render(each) for each in diagnostics))
    if is_colored(sys.stderr):
        drawn = "\n".join(_redden(line) for line in drawn.split("\n"))
    codes = list(dict.fromkeys(each.code for each in diagnostics if each.code != "usage"))
    more = f"\n\nmore: archcli explain {' | '.join(codes[:_NAMED])}" if codes and is_terminal(sys.stderr) else ""
    paint(f"{drawn}{more}\n")


def abandon(stream: TextIO) -> None:
    """Let ``stream`` end in nothing, so that what is still buffered for a reader who has left does no harm."""
    with suppress(OSError, ValueError):  # a stream of a test has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person is looking at ``stream`` and its last line may be written anew."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def is_colored(stream: TextIO) -> bool:
    """Return whether ``stream`` takes colors, which https://no-color.org switches off."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def is_unicode(stream: TextIO) -> bool:
    """Return whether ``stream`` takes characters beyond ASCII."""
    encoding = stream.encoding or "utf-8"  # a stream of a test has none
    return encoding.lower().startswith("utf")


def size_of(stream: TextIO) -> tuple[int, int]:
    """Return columns and lines of the terminal that ``stream`` writes to, now; 80 and 24 if it does not say."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return 80, 24
    return (columns, lines) if columns and lines else (80, 24)


def plain(text: str) -> str:
    """Return ``text`` as a terminal may get it: nothing in it moves the cursor or changes colors."""
    return _CONTROLS.sub("\ufffd", text)


def _redden(line: str) -> str:
    head, separator, message = line.partition(": ")
    return f"{_RED}{head}{_RESET}{separator}{message}" if line.startswith("error") else line

"""Where a mistake stands, what it is, and the one function that draws it.

Every mistake of a user is a ``Diagnostic``; ``ArchError`` carries all that one run found.

    ArchError            a page, recipe or study is wrong: exit code 2
    RunError             a run could not go on (data missing, disk full, loss not finite): exit code 1
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from operator import ne
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width, name, normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from typing import TypeAlias

    Hint: TypeAlias = "str | Callable[[], str | None] | None"

DETAILED = 100  # mistakes of one run that get a hint and notes: each costs a search, and nobody reads more of them
_CALLS = 3  # calls of templates inside each other that a mistake is told with
_LISTED = 24  # names that a hint lists at most
_SHORT = 5  # letters of a value in which one changed letter may already be another value
_LONGEST = 64  # letters of a word of which a slip is still told from another word
_MOST_CHANGES = 4  # letters that a slip changes at most, however long the word
_MOST_COMPARED = 16  # words that are compared letter by letter, of those that look most alike
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what YAML counts as the end of a line


@dataclass(frozen=True, eq=False)
class Source:
    """A text that a user wrote, with the name by which the user knows it."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _lines(self) -> list[str]:
        return _LINE_BREAK.split(self.text)

    def line(self, number: int) -> str:
        """Return line ``number`` (from 1), empty past the end."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""


@dataclass(frozen=True)
class Mark:
    """A place in a source: line and column count from 1, ``width`` characters are meant."""

    source: Source
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        """Return ``file:line:column``, which editors and terminals open."""
        return f"{self.source.name}:{self.line}:{self.column}"

    @property
    def text(self) -> str:
        """The characters that are meant."""
        return self.source.line(self.line)[self.column - 1 : self.column - 1 + self.width]

    def within(self, offset: int, width: int = 1) -> Mark:
        """Return the mark of ``width`` characters that begin ``offset`` after this one."""
        return Mark(self.source, self.line, self.column + offset, width)


@dataclass(frozen=True)
class Note:
    """A second place that a diagnostic speaks of, such as the other side of an addition."""

    mark: Mark
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One mistake: a stable code, what is wrong, where, and what to do about it."""

    code: str
    message: str
    mark: Mark | None = None
    hint: str | None = None
    notes: tuple[Note, ...] = ()


class ArchError(Exception):
    """What the user wrote is wrong; carries every mistake that one run found."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        """Take the diagnostics in the order in which they are to be shown."""
        super().__init__("\n".join(_headline(each) for each in diagnostics))
        self.diagnostics = diagnostics

    def __reduce__(self) -> tuple[type[ArchError], tuple[Diagnostic, ...]]:
        """Let pickle make it of its diagnostics: a pool of processes whose worker raises it would hang otherwise."""
        return type(self), self.diagnostics


class RunError(Exception):
    """A run could not go on; the message says what happened and the hint what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        """Take one sentence of what happened and, where there is one, of what helps."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:  # a traceback shows it too
            self.add_note(f"  help: {hint}")


class Collector:
    """Gathers diagnostics, so that one run reports every mistake and each of them once."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        """Begin with what was ``found`` already."""
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._calls: tuple[Note, ...] = ()
        for each in found:
            self.add(each)

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep ``diagnostic`` unless the same was said of the same place already."""
        self.error(diagnostic.code, diagnostic.message, diagnostic.mark, diagnostic.hint, diagnostic.notes)

    def error(self, code: str, message: str, mark: Mark | None, hint: Hint = None, notes: Iterable[Note] = ()) -> None:
        """Keep a diagnostic made of these parts unless the same was said of the same place already.

        The first DETAILED mistakes keep ``hint`` and ``notes``; a hint that costs a search is a function, which is
        called for these alone. Where a character looks like another that YAML knows, nothing else helps.
        """
        key = (code, (mark.source.name, mark.line, mark.column) if mark else None, "" if mark else message)
        if key in self._found:
            return
        if len(self._found) >= DETAILED:
            self._found[key] = Diagnostic(code, message, mark)
            return
        said = look_alike(mark.text if mark else "") or (hint() if callable(hint) else hint)
        self._found[key] = Diagnostic(code, message, mark, said, (*notes, *self._calls[:_CALLS]))

    @contextmanager
    def within(self, call: Note | None) -> Iterator[None]:
        """Add ``call`` to what is found meanwhile, and the calls around it; None where nothing was called."""
        before = self._calls
        self._calls = () if call is None else (call, *before)
        try:
            yield
        finally:
            self._calls = before

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Everything found so far, in the order in which it was."""
        return tuple(self._found.values())

    def raise_found(self) -> None:
        """Raise ``ArchError`` with everything found, in the order of the text; return if nothing was."""
        if self._found:
            raise ArchError(*sorted(self._found.values(), key=_position))


def look_alike(text: str) -> str | None:
    """Return what to type for the first character of a short text that looks like a sign of YAML's and is none."""
    for char in text if len(text) <= _LONGEST and not text.isascii() else "":
        plain = _SIGNS.get(char, normalize("NFKC", char))
        if not char.isascii() and plain.isascii() and len(plain) < 2 and not plain.isalnum():
            what = name(char, "character").lower()
            right = "an ordinary space" if plain == " " else f"`{plain}`"
            return f"type {right} in the place of this {what}" if plain else f"delete this {what}"
    return None


_SIGNS = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
    **dict.fromkeys("\u1680", " "),
}
"""What word processors, chats and keyboards of other scripts write for a sign, where Unicode does not say so itself."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` was most likely meant to be, or None.

    That is the one with the fewest letters changed, at most a third of them and four; case does not count, nor what is
    missing or too much at the end (``drop`` for ``dropout``, ``kernel_size`` for ``kernel``). No word of over 64
    letters is compared, and of very many that look alike only some: a search takes bounded time.
    """
    return _nearest(word, tuple(known))


@lru_cache(maxsize=1024)  # thousands of copies of a template make one mistake
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    best: tuple[int, int, str] | None = None
    for each in _alike(word, known):
        changes = _changes(word.lower(), each.lower())
        rank = (changes, abs(len(each) - len(word)), each)
        if changes <= _allowed(len(word), len(each)) and (best is None or rank[:2] < best[:2]):
            best = rank
    return best[2] if best else None


def _allowed(one: int, other: int) -> int:
    """Return how many letters a slip may change between words of these lengths."""
    return min(max(one, other) // 3, _MOST_CHANGES)


def _alike(word: str, known: tuple[str, ...]) -> Iterable[str]:
    """Return the words that may be near: of few those whose length allows it, of many those with the same letters."""
    if len(word) > _LONGEST:
        return ()
    short, fits = word.lower(), [each for each in known if _may_be_near(word, each)]
    if len(fits) <= _MOST_COMPARED:
        return fits
    letters = frozenset(short)
    return sorted(fits, key=lambda each: (len(letters ^ frozenset(each.lower())), abs(len(each) - len(word))))[
        :_MOST_COMPARED
    ]


def _may_be_near(word: str, other: str) -> bool:
    if len(other) > _LONGEST:
        return False
    one, two = (word, other) if len(word) < len(other) else (other, word)
    return len(two) - len(one) <= _allowed(len(one), len(two)) or two.lower().startswith(one.lower())


def suggest(word: str, known: Sequence[str], what: str) -> str:
    """Return a hint with the nearest right name, or with the first names, led in by ``what``, where none is near."""
    close = nearest(word, known)
    if close is not None:
        return f"did you mean `{close}`?"
    return listed(known, what)


def colon_slip(word: str, fields: Container[str]) -> str | None:
    """Return the hint for ``kernel:3`` and ``kernel 3``, which are words with no value; None for other words."""
    match = re.fullmatch(r"(\w+)(:| +)(\S.*)", word) if len(word) <= _LONGEST else None
    if match is None or match[1] not in fields:
        return None
    return f"write `{match[1]}: {match[3]}`, with a {'space after the ' * (match[2] == ':')}colon"


def suggest_value(word: str, known: Sequence[str], what: str) -> str:
    """Return a hint with the value that ``word`` is a slip of, or with the first values, led in by ``what``."""
    meant = meant_value(word, known)
    return listed(known, what) if meant is None else f"did you mean `{meant}`?"


def meant_value(word: str, known: Iterable[str]) -> str | None:
    """Return the value that ``word`` is a slip of, or None.

    For words that choose what is computed: a near one may be another function's name (``nadam``, ``channels_first``),
    so a slip is another spelling (``CIFAR-10``), how one value alone begins (``drop`` for ``dropout``, of which
    ``dropout2d`` is one more), or a letter missing, doubled, swapped or, in a longer word, changed.
    """
    plain = _letters(word)
    for is_meant in (_is_spelled, _is_begun, _is_slip):
        found = [each for each in known if len(word) <= _LONGEST and is_meant(plain, _letters(each))]
        short = min(found, key=len, default="")
        is_whole = is_meant is _is_begun and not short[-1:].isdigit() and all(map(short.__eq__, map(_undimmed, found)))
        if len(found) == 1 or (found and is_whole):
            return short
    return None


def _undimmed(word: str) -> str:
    """Return a word without the number of its axes."""
    return re.sub(r"[123]d\Z", "", word)


def listed(known: Sequence[str], what: str) -> str:
    """Return the first of the names, led in by ``what``."""
    if not known:
        return f"{what} none"
    names = ", ".join(f"`{each}`" for each in known[:_LISTED])
    return f"{what}: {names}" + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word.lower()))


def _is_spelled(word: str, known: str) -> bool:
    return word == known


def _is_begun(word: str, known: str) -> bool:
    return len(word) > 2 and known.startswith(word)


def _is_slip(word: str, known: str) -> bool:
    """Return whether a finger slipped once; never over a digit, and where a letter was changed, in a longer word."""
    if [*filter(str.isdigit, word)] != [*filter(str.isdigit, known)]:
        return False
    places = range(len(known))
    missing = {known[:i] + known[i + 1 :] for i in places}
    doubled = {known[: i + 1] + known[i:] for i in places}
    swapped = {known[:i] + known[i : i + 2][::-1] + known[i + 2 :] for i in places}
    changed = len(word) == len(known) > _SHORT and sum(map(ne, word, known)) == 1
    return changed or word in missing | doubled | swapped


def _changes(one: str, other: str) -> int:
    """Count letters added, taken away, changed or swapped; between a word and how it begins there are none."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) > 2 and longer.startswith(shorter):
        return 0
    if len(longer) - len(shorter) > len(longer) // 3:
        return len(longer)
    far = len(longer)
    before: list[int] = []
    row: list[int] = [*range(min(len(shorter), _MOST_CHANGES) + 1), *[far] * (len(shorter) - _MOST_CHANGES)]
    for i, letter in enumerate(longer, 1):
        earlier, before, row = before, row, [far] * (len(shorter) + 1)
        row[0] = i
        for j in range(max(1, i - _MOST_CHANGES), min(len(shorter), i + _MOST_CHANGES) + 1):  # beside it are too many
            wanted = shorter[j - 1]
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == shorter[j - 2] and longer[i - 2] == wanted:
                cost = min(cost, earlier[j - 2] + 1)
            row[j] = cost
    return row[-1]


def render(diagnostic: Diagnostic) -> str:
    """Draw a diagnostic as rustc does: headline, place, the offending line with a caret, notes, hint."""
    lines = [_headline(diagnostic)]
    if diagnostic.mark is not None:
        lines += _excerpt(diagnostic.mark)
    for note in diagnostic.notes:
        lines += [f"  note: {_shown(note.message)}", *_excerpt(note.mark)]
    if diagnostic.hint:
        lines.append(f"  help: {_shown(diagnostic.hint)}")
    return "\n".join(lines)


def _headline(diagnostic: Diagnostic) -> str:
    return f"error[{diagnostic.code}]: {_shown(diagnostic.message)}"


def _shown(text: str, longest: int = 500) -> str:
    """Return a text as it may be printed: what it quotes moves no cursor and floods no screen."""
    if len(text) > longest:
        text = f"{text[: longest // 2]} … {text[-longest // 2 :]}"
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _position(diagnostic: Diagnostic) -> tuple[str, int, int]:
    mark = diagnostic.mark
    return (mark.source.name, mark.line, mark.column) if mark else ("", 0, 0)


def _excerpt(mark: Mark, widest: int = 100) -> list[str]:
    text = mark.source.line(mark.line)
    start = max(0, mark.column - 1 - widest // 2) if len(text) > widest else 0
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text[start : start + widest].expandtabs(1))
    gutter = " " * len(str(mark.line))
    before, meant = shown[: mark.column - 1 - start], shown[mark.column - 1 - start :][: mark.width]
    return [
        f"{gutter} --> {_shown(str(mark))}",
        f"{gutter} |",
        f"{mark.line} | {shown}".rstrip(),
        f"{gutter} | {' ' * _columns(before)}{'^' * max(1, _columns(meant))}",
    ]


def _columns(text: str) -> int:
    """Return how many columns a terminal gives to ``text``."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)

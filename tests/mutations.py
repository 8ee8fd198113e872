"""One word of a right page changed as a slip of the hand changes it: a hypothesis strategy, and where it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

from builder.ops import OPERATIONS
from tests.networks import pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.diagnostics import Diagnostic

LINE = re.compile(r"^(?P<lead>[ -]*)(?P<key>[^\s:'\"-][^\s:]*)(?P<colon>:(?: |$))(?P<value>.*)$")
ENTRY = re.compile(r"^(?P<lead> *(?:- )+)(?P<value>[^\s:]+)$")
NUMBERS = ("-1", "2.5", "many", "true", "'4'", "null", "99999999999", "[]", "{}", "[1, 2, 3]")
WORDS = ("true", "7", "null", "[]", "{}", "''")


class _Plain(yaml.SafeDumper):
    """A dumper that writes what stands twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True)
class Mutated:
    """A page with one word changed: its text, the changed line, and what stood there before.

    ``lines`` are where the mistake may be answered: there, or where a name that was changed is still spoken of, or a
    parameter whose value was, or below a layer that was taken away, where its output is missing.
    """

    text: str
    line: int
    lines: frozenset[int]
    before: str
    after: str

    def is_answered(self, found: Sequence[Diagnostic]) -> bool:
        """Return whether every mistake found stands on one of the lines, or shows one of them beside its own."""
        shown = [{each.mark.line if each.mark else None, *(note.mark.line for note in each.notes)} for each in found]
        return bool(shown) and all(lines & self.lines for lines in shown)


def slips(word: str) -> list[str]:
    """Return what a hand makes of a word: a letter left out, doubled, exchanged with the next, or another one."""
    found = [word[:at] + word[at + 1 :] for at in range(len(word))]
    found += [word[:at] + word[at] + word[at:] for at in range(len(word))]
    found += [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]
    found += [word[:at] + "q" + word[at + 1 :] for at in range(len(word))]
    return [each for each in dict.fromkeys(found) if each and each != word and re.fullmatch(r"\S+", each)]


def other_values(value: str) -> list[str]:
    """Return wrong values to choose from: of another kind, out of range, or spelled wrong."""
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return list(NUMBERS)
    if value in ("true", "false"):
        return ["maybe", "1", "null", "[]"]
    return [*slips(value), *WORDS] if re.fullmatch(r"[$\w.]+", value) else []


@st.composite
def mutated_pages(draw: st.DrawFn) -> Mutated:
    """Return a right page, one field on each line, with one key or value changed; it may still be a right page."""
    page: Any = draw(pages())
    lines = written_lines(page)
    number = draw(st.integers(0, len(lines) - 1))
    changes: list[str] = []
    if match := LINE.match(lines[number]):
        lead, key, colon, value = match.group("lead", "key", "colon", "value")
        changes += [lead + each + colon + value for each in slips(key)]
        changes += [lead + key + colon + each for each in other_values(value)]
    elif match := ENTRY.match(lines[number]):
        lead, value = match.group("lead", "value")
        changes += [lead + each for each in other_values(value)]
    return changed(page, number, draw(st.sampled_from(changes)) if changes else lines[number])


def written_lines(page: Any) -> list[str]:
    """Return the lines of a page, one field on each."""
    return yaml.dump(page, Dumper=_Plain, sort_keys=False, default_flow_style=False, width=10_000).splitlines()


def changed(page: Any, number: int, after: str) -> Mutated:
    """Return the page with another line at ``number``, counted from 0."""
    lines = written_lines(page)
    before = lines[number]
    text = "\n".join([*lines[:number], after, *lines[number + 1 :]]) + "\n"
    named = before.strip(" -").partition(":")[0]
    where = {number + 1}
    if named in names_of(page) and named != after.strip(" -").partition(":")[0]:
        where |= {at for at, line in enumerate(lines, 1) if re.search(rf"\b{re.escape(named)}\b", line)}
    where |= {at for at, line in enumerate(lines, 1) if re.search(rf"\$\{{?{re.escape(named)}\b", line)}
    if after.endswith("[]") and before.split()[-1] in OPERATIONS:  # an empty block: right, and the layer is gone
        where |= set(range(number + 1, len(lines) + 1))
    return Mutated(text, number + 1, frozenset(where), before, after)


def names_of(page: Any) -> set[str]:
    """Return the names that a page gives: of its layers, templates and parameters."""
    templates = page.get("templates", {})
    inner = [each.get("params", {}) for each in templates.values()]
    return {name for each in (page["layers"], templates, page.get("params", {}), *inner) for name in each}

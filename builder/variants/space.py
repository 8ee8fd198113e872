"""What a user may say of a space of variants: one layer, and the places or subsets of places where it may go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import yaml

from builder.diagnostics import ArchError, Diagnostic
from builder.reader import Mapping, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.variants.places import Place


@dataclass(frozen=True)
class Insertion:
    """One layer that may be inserted, as a page writes it: its word and its fields."""

    word: str
    fields: dict[str, object]
    name: str | None = None

    def line(self, places: tuple[Place, ...], *, by_point: bool) -> dict[str, object]:
        """Return an entry of ``insert``; ``by_point`` names the layer after its point, where a block takes several."""
        name = self.name or (f"{self.word}_{{$point}}" if by_point else None)
        named = {"name": name} if name else {}
        return {self.word: self.fields, "at": [place.text for place in places], **named}


@dataclass(frozen=True)
class Subsets:
    """Every subset of some places, of at least ``least`` and at most ``most`` of them, small ones first."""

    insertion: Insertion
    places: tuple[Place, ...]
    least: int = 0
    most: int | None = None

    @property
    def largest(self) -> int:
        """The size of the largest subset."""
        return len(self.places) if self.most is None else min(self.most, len(self.places))

    def size(self) -> int:
        """Return how many there are."""
        return sum(comb(len(self.places), count) for count in range(self.least, self.largest + 1))

    def __iter__(self) -> Iterator[tuple[Place, ...]]:
        """Yield the subsets in a stable order, the places of each in page order."""
        for count in range(self.least, self.largest + 1):
            yield from combinations(self.places, count)

    @property
    def by_point(self) -> bool:
        """Whether a block can take the layer at several of its points, which then need names of their own."""
        return any(count > 1 for count in Counter(place.block for place in self.places).values())


def insertion(text: str) -> Insertion:
    """Return the layer that ``--insert`` names: a word, or a word with fields as on a page (``se: {reduction: 8}``).

    Raises ArchError where it is neither.
    """
    stripped = text.strip()
    if stripped.isidentifier():
        return Insertion(stripped, {})
    mapping = read_text(stripped, "--insert")
    calls = [(word, value) for word, value in mapping if word != "name"]
    name = mapping.get("name")
    if len(calls) != 1 or not isinstance(calls[0][1], Mapping):
        message = "`--insert` is one layer, such as `se` or `se: {reduction: 8}`"
        raise ArchError(Diagnostic("bad-insert", message, mapping.mark))
    word, fields = calls[0]
    return Insertion(word, fields.plain(), str(name.plain()) if name is not None else None)


def page_text(name: str, header: dict[str, object], inserts: list[dict[str, object]]) -> str:
    """Return a page that extends another by ``inserts`` and says nothing else."""
    lines = [f"name: {name}", *(f"{key}: {_flow(value)}" for key, value in header.items())]
    if inserts:
        lines += ["", "insert:"]
    for entry in inserts:
        (word, fields), *rest = entry.items()
        lines.append(f"  - {word}: {_flow(fields)}")
        lines += [f"    {key}: {_flow(value)}" for key, value in rest]
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    """Return a value on one line of YAML."""
    text = yaml.safe_dump(_listed(value), default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _listed(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return [_listed(each) for each in value]
    return {key: _listed(each) for key, each in value.items()} if isinstance(value, dict) else value

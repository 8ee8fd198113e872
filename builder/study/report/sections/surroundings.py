"""On what cells ran: what their folders say of machines and versions, and how many say it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.diagnostics import RunError
from builder.training.folder.run_files import read_environment
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_TOPICS = ("device", "precision", "threads", "cpu_capability", "python", "platform", "deterministic_algorithms")


class Said(NamedTuple):
    """What cells say of a topic, and how many say so."""

    topic: str
    value: str
    cells: int


def surroundings(cells: Iterable[Path]) -> tuple[Said, ...]:
    """Return what the environments of ``cells`` say, topic by topic; a cell whose file can't be read says nothing."""
    counted: dict[str, Counter[str]] = {}
    for each in cells:
        for topic, value in _facts(_environment(each)):
            counted.setdefault(topic, Counter())[value] += 1
    return tuple(
        Said(topic, value, cells)
        for topic, values in counted.items()
        for value, cells in sorted(values.items(), key=lambda item: (-item[1], item[0]))
    )


def _environment(cell: Path) -> dict[str, Any]:
    try:
        return read_environment(RunFolder(cell))
    except RunError:
        return {}


def _facts(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for topic in _TOPICS:
        if found.get(topic) is not None:
            yield topic.replace("_", " "), str(found[topic])
    for topic in ("packages", "variables"):
        if isinstance(found.get(topic), dict):
            yield from ((name, str(value)) for name, value in sorted(found[topic].items()) if value is not None)
    if isinstance(git := found.get("git"), dict):
        changed = " with changed files" if git.get("changed") else ""
        yield "git", f"{git.get('commit')}{changed}"

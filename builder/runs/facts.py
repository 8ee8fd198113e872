"""What decided a run, as flat facts with short names: its network, data, recipe and machine."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from builder.costs import parameter_count
from builder.files import read_regular
from builder.identity import graph_id
from builder.reader import MAX_BYTES
from builder.training.folder.run_files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from builder.graph import Graph
    from builder.training.folder.record import Record

FactKind: TypeAlias = Literal["network", "data", "recipe", "machine"]
_FIRST = ("device", "precision")  # of what a machine is described by
_NO_FACTS = frozenset({"command", "keep"})  # what was typed, and which checkpoints are left, decide nothing


class _Fact(NamedTuple):
    """``is_said`` unless it is a default; what ``decides`` a result is not the same in runs that no seed explains."""

    kind: FactKind
    name: str
    value: object
    is_said: bool = True
    decides: bool = True


@dataclass(frozen=True)
class RunFacts:
    """Values by name; what kind each is; which of them are ``said`` and no default; what makes runs repeat each other.

    ``parameters`` is the number of weights, None where the page can't be read without its plugins.
    """

    values: Mapping[str, object]
    kinds: Mapping[str, FactKind]
    said: frozenset[str]
    identity: tuple[tuple[str, str], ...]
    parameters: int | None


def facts_of(record: Record, graph: Graph | None) -> RunFacts:
    """Return the facts of a run of ``graph``. A network is identified by what it computes, whatever its page says."""
    name, identity, parameters = _network(record, graph)
    facts = _named_once([*_of_network(record, name, identity), *_of_data(record), *_of_recipe(record),
                         *_of_machine(record)])  # fmt: skip
    return RunFacts(
        values={fact.name: fact.value for fact in facts},
        kinds={fact.name: fact.kind for fact in facts},
        said=frozenset(fact.name for fact in facts if fact.is_said),
        identity=tuple((fact.name, repr(fact.value)) for fact in facts if fact.decides),
        parameters=parameters,
    )


def plainly(value: object) -> str:
    """Return a fact's value as tables show it.

    >>> plainly(None), plainly([0.9, 0.999]), plainly(True), plainly(0.001)
    ('–', '0.9 0.999', 'yes', '0.001')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(plainly(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _network(record: Record, graph: Graph | None) -> tuple[str, str, int | None]:
    """Return name, id and number of parameters; where the page needs plugins, the id is that of its text."""
    if graph is None:
        return record.folder.path.name.rpartition("-")[0], _checksum(record.folder.page), None
    return graph.name, graph_id(graph), parameter_count(graph)


def _checksum(page: Path) -> str:
    try:
        return hashlib.sha256(read_regular(page, MAX_BYTES)).hexdigest()[:16]
    except OSError:
        return "unknown"


def _of_network(record: Record, name: str, identity: str) -> Iterator[_Fact]:
    yield _Fact("network", "network", name, decides=False)  # what it stands for is the id
    yield _Fact("network", "network id", identity, is_said=False)
    for file, field in (("weights.json", "weights"), ("plugins.json", "plugins")):
        found = read_json(record.folder.path / file)
        if found:
            yield _Fact("network", field, found.get("source") if field == "weights" else sorted(found))


def _of_data(record: Record) -> Iterator[_Fact]:
    yield _Fact("data", "data", record.data.get("name"))
    yield _Fact("data", "subset", record.data.get("subset"), record.data.get("subset") is not None)
    images = record.data.get("images")
    if isinstance(images, dict):
        yield _Fact("data", "images", ", ".join(f"{count:,} {name}" for name, count in images.items()))


def _of_recipe(record: Record) -> Iterator[_Fact]:
    said = dict(_leaves(record.recipe.model_dump(mode="json", exclude_defaults=True)))
    leaves = dict(_leaves(record.recipe.model_dump(mode="json")))
    short = {path: path.removesuffix(".name").rpartition(".")[2] for path in leaves}
    counts = Counter(short.values())
    for path, value in leaves.items():
        name = "recipe" if path == "name" else short[path] if counts[short[path]] == 1 else path
        yield _Fact("recipe", name, value, path in said or path == "seed", path not in {"seed", "name"})


def _of_machine(record: Record) -> Iterator[_Fact]:
    first = {name: record.environment[name] for name in _FIRST if name in record.environment}
    others = {name: each for name, each in record.environment.items() if name not in _NO_FACTS}
    for path, value in _leaves(first | others):
        group, _, leaf = path.rpartition(".")
        name = path.replace(".", " ") if group == "git" else leaf
        shown = value[:10] if path == "git.commit" and isinstance(value, str) else value
        yield _Fact(
            "machine",
            name if group == "variables" else name.replace("_", " "),
            shown,
            value not in (None, False),
            path == "precision",
        )


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of nested mappings by their dotted paths."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _named_once(facts: list[_Fact]) -> list[_Fact]:
    """Return the facts with their kind before a name that an earlier one has."""
    names: set[str] = set()
    found = []
    for fact in facts:
        named = fact._replace(name=f"{fact.kind} {fact.name}") if fact.name in names else fact
        names.add(named.name)
        found.append(named)
    return found

"""A variant as a page: a few lines that extend the base and hold only what differs, and a name that says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from builder.spec.space import Insertion
    from builder.variants.places import InsertionPlace

MAX_NAME = 64


@dataclass(frozen=True)
class Inserted:
    """A layer at some places. ``name`` may hold ``{$point}``; without one it is called after its operation.

    ``selector`` is what chose these places all together, if one did.
    """

    layer: Insertion
    places: tuple[InsertionPlace, ...]
    name: str | None
    selector: str | None = None


@dataclass(frozen=True)
class Differences:
    """What separates a variant from the base."""

    inserted: tuple[Inserted, ...] = ()
    settings: tuple[tuple[str, str, object], ...] = ()
    """Selector, field and value."""
    params: tuple[tuple[str, object], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inserted or self.settings or self.params)


def page_text(name: str, header: Mapping[str, object], differences: Differences) -> str:
    """Return a page that extends another by ``differences`` and says nothing else."""
    lines = [f"name: {name}", *(f"{key}: {_flow(value)}" for key, value in header.items())]
    lines += _table("params", [(key, _flow(value)) for key, value in differences.params])
    fields: dict[str, dict[str, object]] = {}
    for selector, field, value in differences.settings:
        fields.setdefault(selector, {})[field] = value
    lines += _table("set", [(_flow(selector), _flow(each)) for selector, each in fields.items()])
    lines += ["", "insert:"] if differences.inserted else []
    for each in differences.inserted:
        lines.append(f"  - {each.layer.word}: {_flow(each.layer.fields)}")
        lines += [f"    name: {_flow(each.name)}"] if each.name else []
        lines.append(f"    at: {_flow([place.text for place in each.places])}")
    return "\n".join(lines) + "\n"


def variant_name(base: str, words: Iterable[str]) -> str:
    """Return a name that says what is where, with a digest where it would grow too long for a file.

    >>> variant_name("alexnet", ["se", "block1", "block2"])
    'alexnet_se_block1_block2'
    """
    spelled = [re.sub(r"\W+", "_", word).strip("_") for word in words]
    whole = "_".join([base, *spelled])
    if len(whole) <= MAX_NAME:
        return whole
    digest = sha256("_".join(spelled).encode()).hexdigest()[:8]
    return f"{base}_{spelled[0][: MAX_NAME - len(base) - 14]}_{len(spelled) - 1}_{digest}"


def insert_names(
    layer: Insertion, places: Sequence[InsertionPlace], dimension: str, taken: Collection[str]
) -> list[str | None]:
    """Return what the layer is called at each place: the shortest under which its path is taken at none.

    That is its operation's, for which nothing is written; then ``se_{$point}``; then the same with the name of the
    dimension; at last a name for each place. What the user names keeps its name.
    """
    word, own = layer.word, re.sub(r"\W+", "_", dimension)
    names = (None, f"{word}_{{$point}}", f"{word}_{own}", f"{word}_{own}_{{$point}}")
    for name in (layer.name,) if layer.name is not None else names:
        paths = {inserted_path(layer, place, name) for place in places}
        if layer.name is not None or (len(paths) == len(places) and paths.isdisjoint(taken)):
            return [name] * len(places)
    return [re.sub(r"\W+", "_", f"{word}_{place.text}") for place in places]


def inserted_path(layer: Insertion, place: InsertionPlace, name: str | None) -> str:
    """Return the path of a layer that is inserted at ``place`` under ``name``."""
    own = (name or layer.word).replace("{$point}", place.last)
    return f"{place.home}.{own}" if place.home else own


def _table(key: str, entries: list[tuple[str, str]]) -> list[str]:
    return ["", f"{key}:", *(f"  {name}: {value}" for name, value in entries)] if entries else []


def _flow(value: object) -> str:
    """Return a value on one line of YAML."""
    text = yaml.safe_dump(_listed(value), default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _listed(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return [_listed(each) for each in value]
    return {key: _listed(each) for key, each in value.items()} if isinstance(value, dict) else value

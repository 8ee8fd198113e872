"""Which factors a study's networks and settings are a product of, and what is to be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, TypeAlias

from builder.diagnostics import ArchError, Diagnostic
from builder.reader import Mapping, Sequence
from builder.study.statistics import WITH, WITHOUT, Factor, Factorial, half_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.reader import Value
    from builder.study.page.fields import Compare
    from builder.study.page.networks import Choice, Networks, StudyNetwork
    from builder.study.page.page import Settings, Study

MAX_ARMS = 4_000
"""Combinations of network and settings: each is a row of the plan, and a training or more."""

MOST_ARMS = 256
"""Beyond these a product is compared as factors only where the page says so."""


@dataclass(frozen=True, eq=False)
class StudyArms:
    """What a study trains: its networks, its arms, and how they are compared; ``factorial`` has a row for each arm."""

    networks: Networks
    arms: tuple[tuple[StudyNetwork, Settings], ...]
    compare: Compare
    factorial: Factorial | None = None


def study_arms(study: Study, found: Networks) -> StudyArms:
    """Return the arms of ``study``, all combinations of network and settings, or the fraction that its page asks for.

    Raises ArchError where the page asks for effects or a fraction that these arms don't have.
    """
    arms = tuple(product(found.all, study.grid))
    if len(arms) > MAX_ARMS:
        message = (
            f"{len(found.all):,} networks with {len(study.grid):,} settings are more than {MAX_ARMS:,} combinations"
        )
        hint = "limit the space with `count`, `require` or `not_both`, or the grid"
        raise ArchError(Diagnostic("too-many-variants", message, study.page.key_mark("grid"), hint))
    if study.screen_seeds:
        _check_judged_at_once(study)
        return StudyArms(found, arms, study.compare or "pairs")
    factorial, reason = _factorial(study, arms)
    if study.control is not None:
        factorial, reason = None, "`control` is one network more, which is no combination of them"
    if factorial is None and "effects" in (study.compare, study.fraction and "effects"):
        raise _refused(study, "compare" if study.compare == "effects" else "fraction", reason)
    if study.fraction and factorial is not None:
        return _fraction(study, found, arms, factorial)
    return StudyArms(found, arms, *_compared(study, factorial, arms))


def _compared(study: Study, factorial: Factorial | None, arms: tuple[object, ...]) -> tuple[Compare, Factorial | None]:
    """Return what is compared where the page may leave it open."""
    if study.compare is not None:
        return study.compare, factorial if study.compare == "effects" else None
    of_pages = factorial is not None and any(each.name == "network" for each in factorial.factors)
    if factorial is None or of_pages or len(arms) > MOST_ARMS:
        return "pairs", None
    return "effects", factorial


def _check_judged_at_once(study: Study) -> None:
    for field in ("compare", "fraction"):
        if (study.compare if field == "compare" else study.fraction) in ("effects", "half"):
            raise _refused(study, field, "`seeds: {screen: …}` leaves a few finalists, which are no product")


def _refused(study: Study, field: str, reason: str) -> ArchError:
    asked = f"`{field}: {study.compare if field == 'compare' else study.fraction}`"
    message = f"{asked} needs networks and settings that are a product of factors: {reason}"
    hint = "`among:` several places, `set:` and `grid:` make factors; or leave it out, and pairs are compared"
    return ArchError(Diagnostic("bad-value", message, study.page.key_mark(field), hint))


def _fraction(
    study: Study, found: Networks, arms: tuple[tuple[StudyNetwork, Settings], ...], factorial: Factorial
) -> StudyArms:
    try:
        half = half_fraction(factorial.factors)
    except ValueError as error:
        raise _refused(study, "fraction", str(error)) from None
    if study.compare not in (None, "effects"):
        raise _refused(study, "fraction", f"with `compare: {study.compare}` nothing is said of factors")
    kept = set(half.settings)
    chosen = tuple(arm for arm, levels in zip(arms, factorial.settings, strict=True) if levels in kept)
    used = {network.name for network, _ in chosen}
    networks = replace(found, all=tuple(each for each in found.all if each.name in used))
    rows = tuple(levels for levels in factorial.settings if levels in kept)
    return StudyArms(networks, chosen, "effects", Factorial(factorial.factors, rows))


Column: TypeAlias = "tuple[str | None, ...]"
"""What each arm has of one thing that varies, None where it is as in the base."""


@dataclass(frozen=True)
class _Varied:
    """Something that varies: ``column`` has a value for each arm, ``missing`` says what it is where there is none."""

    name: str
    column: Column
    missing: str
    place: str = ""
    word: str = ""

    def factor(self) -> tuple[Factor, tuple[int, ...]]:
        """Return the factor with its levels, the first arm's first, and the level of each arm."""
        values = [self.missing if each is None else each for each in self.column]
        levels = list(dict.fromkeys(values))
        return Factor(self.name, tuple(levels)), tuple(map(levels.index, values))


def _factorial(study: Study, arms: tuple[tuple[StudyNetwork, Settings], ...]) -> tuple[Factorial | None, str]:
    """Return the factors of which the arms are a product, or None and why they are none."""
    varied = [each for each in _varied(study, arms) if len(set(each.column)) > 1]
    reason = "there is nothing that varies"
    for ways in (_alternatives(varied), _exclusive(_alternatives(varied))):
        found = _called(_together(ways))
        if len(found) < 2:
            reason = "there is one factor" if found else reason
            continue
        factors = [each.factor() for each in found]
        try:
            rows = tuple(zip(*(levels for _, levels in factors), strict=True))
            return Factorial(tuple(factor for factor, _ in factors), rows), ""
        except ValueError as error:
            reason = str(error)
    return None, reason


def _varied(study: Study, arms: tuple[tuple[StudyNetwork, Settings], ...]) -> Iterator[_Varied]:
    """Yield what the networks' pages, places and fields say, then the hyperparameters of the grid."""
    things = dict.fromkeys(_key(choice) for network, _ in arms for choice in network.chosen)
    declared = dict(_declared(study.page.get("variants")))
    for kind, name, word in things:
        column = tuple(_value_of(network.chosen, (kind, name, word)) for network, _ in arms)
        if kind == "page":
            yield _Varied("network", column, arms[0][0].name)
        elif kind == "place":
            yield _Varied(name, column, WITHOUT, name, word)
        else:
            unused = [each for each in declared.get(name, ()) if each not in column]
            yield _Varied(name, column, unused[0] if len(unused) == 1 else "as in the base")
    for path in study.grid[0].values:
        yield _Varied(path.rpartition(".")[2], tuple(str(settings.values[path]) for _, settings in arms), "")


def _key(choice: Choice) -> tuple[str, str, str]:
    return choice.kind, choice.name, choice.word


def _value_of(chosen: tuple[Choice, ...], key: tuple[str, str, str]) -> str | None:
    return next((each.value for each in chosen if _key(each) == key), None)


def _declared(space: Value | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every field that the spaces of a page set, with the values that it may have."""
    if isinstance(space, Sequence):
        for item in space.items:
            yield from _declared(item)
        return
    for _, entry in space.entries if isinstance(space, Mapping) else ():
        for where, fields in _entries(entry, "set"):
            for field, values in fields.entries if isinstance(fields, Mapping) else ():
                yield f"{where}.{field.value}", _values(values)
        for parameter, values in _entries(entry, "params"):
            yield parameter, _values(values)


def _entries(entry: Value, key: str) -> Iterator[tuple[str, Value]]:
    found = entry.get(key) if isinstance(entry, Mapping) else None
    for name, value in found.entries if isinstance(found, Mapping) else ():
        yield str(name.value), value


def _values(values: Value) -> tuple[str, ...]:
    return tuple(str(each.plain()) for each in values.items) if isinstance(values, Sequence) else ()


def _alternatives(varied: list[_Varied]) -> list[_Varied]:
    """Return the same, with different operations that exclude each other at a place as one."""
    found: list[_Varied] = []
    for each in varied:
        other = next((one for one in found if each.place and one.place == each.place), None)
        if other is not None and _exclude([other, each]):
            joined = tuple(a if a is not None else b for a, b in zip(other.column, each.column, strict=True))
            found[found.index(other)] = _Varied(each.place, joined, WITHOUT, each.place)
        else:
            found.append(each)
    return found


def _exclusive(varied: list[_Varied]) -> list[_Varied]:
    """Return the same, with an operation that is at one of several places at most as one thing: where it is."""
    words = dict.fromkeys(each.word for each in varied if each.word)
    for word in words:
        of_word = [each for each in varied if each.word == word]
        if len(of_word) > 1 and _exclude(of_word):
            where = dict(zip((each.place for each in of_word), _short([each.place for each in of_word]), strict=True))
            named = [[f"at {where[one.place]}" if each is not None else None for each in one.column] for one in of_word]
            column = tuple(next((each for each in row if each is not None), None) for row in zip(*named, strict=True))
            first = varied.index(of_word[0])
            varied = [each for each in varied if each not in of_word]
            varied.insert(first, _Varied(word, column, WITHOUT))
    return varied


def _exclude(several: list[_Varied]) -> bool:
    return all(
        all(a is None or b is None for a, b in zip(one.column, other.column, strict=True))
        for one, other in combinations(several, 2)
    )


def _together(varied: list[_Varied]) -> list[list[_Varied]]:
    """Return groups of what always varies together, such as a layer at all places that a selector means."""
    found: dict[tuple[int, ...], list[_Varied]] = {}
    for each in varied:
        found.setdefault(each.factor()[1], []).append(each)
    return list(found.values())


def _called(groups: list[list[_Varied]]) -> list[_Varied]:
    """Return one factor of each group with the name that a report has for it."""
    short = dict(_short_places([each for group in groups for each in group if each.place]))
    return [_joined(group, short) for group in groups]


def _joined(group: list[_Varied], short: dict[str, str]) -> _Varied:
    """Return what varies together as one factor: a layer is there or not, anything else has values."""
    if all(each.word and len({one for one in each.column if one}) == 1 for each in group):
        words = dict.fromkeys(each.word for each in group)
        named = (f"{word} at {_listed([short[each.place] for each in group if each.word == word])}" for word in words)
        return _Varied(_listed(list(named)), tuple(each and WITH for each in group[0].column), WITHOUT)
    name = _listed([short.get(each.place, each.name) for each in group])
    column = tuple(
        None if not any(row) else ", ".join(one or each.missing for one, each in zip(row, group, strict=True))
        for row in zip(*(each.column for each in group), strict=True)
    )
    return _Varied(name, column, ", ".join(dict.fromkeys(each.missing for each in group)))


def _listed(names: list[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def _short_places(varied: list[_Varied]) -> Iterator[tuple[str, str]]:
    places = list(dict.fromkeys(each.place for each in varied))
    yield from zip(places, _short(places), strict=True)


def _short(places: list[str]) -> list[str]:
    """Return places by their block alone, where that tells all of them apart.

    >>> _short(["block1.pre_activation", "block2.pre_activation"]), _short(["block1.in", "block1.out"])
    (['block1', 'block2'], ['block1.in', 'block1.out'])
    """
    blocks = [place.rpartition(".")[0] or place for place in places]
    return blocks if len(set(blocks)) == len(blocks) else places

"""A recipe changed from the command line: ``--set lr=0.01 --set optimizer.momentum=0.8``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import Collector, Mark, Note, Source, suggest
from builder.reader import Mapping, Scalar, Value, read_text
from builder.training.recipe.recipe import CHOICES, choices, recipe_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.training.recipe.recipe import Recipe


def override(recipe: Recipe, settings: Iterable[tuple[str, str]]) -> Recipe:
    """Return ``recipe`` with each path of ``settings`` set to the YAML value of its text.

    The last word of a path is enough where only one path ends in it. A new ``optimizer.name`` or
    ``schedule.name`` keeps the fields that the new one has too and leaves the others at their defaults.
    Raises ArchError with every unknown path, every value out of range and every field that gets two values, each in its
    own setting.
    """
    return override_with(recipe, [_typed(path, text) for path, text in settings])


def override_with(recipe: Recipe, settings: Iterable[tuple[Scalar, Value]]) -> Recipe:
    """Return ``recipe`` with each path set to its value, as ``override`` does; mistakes are where the values stand."""
    page = read_text(recipe.to_yaml(), f"recipe {recipe.name}")
    problems, seen = Collector(), dict[str, tuple[Scalar, object]]()
    for path, value in _names_first(settings):
        steps = _resolve(path, page, recipe.name, problems)
        if steps:
            _check_once(".".join(steps), path, value, seen, problems)
            page = _set(page, steps, value)
    problems.raise_found()
    return recipe_from(page)


def full_path(recipe: Recipe, path: Scalar, problems: Collector) -> str | None:
    """Return the whole path that ``path`` means in ``recipe``, or None after saying why it means nothing."""
    steps = _resolve(path, read_text(recipe.to_yaml(), f"recipe {recipe.name}"), recipe.name, problems)
    return ".".join(steps) or None


def _check_once(
    path: str, written: Scalar, value: Value, seen: dict[str, tuple[Scalar, object]], problems: Collector
) -> None:
    """Report a field that has another value already, however it was spelled: nobody knows which is meant."""
    given = {path: value.plain(), **{f"{path}.{inner}": each for inner, each in _leaves(value)}}
    for name, plain in given.items():
        first, before = seen.setdefault(name, (written, plain))
        if before != plain and not (isinstance(before, dict) and isinstance(plain, dict)):
            message = f"`{name}` is set to {_shown(before)} and to {_shown(plain)}"
            problems.error("duplicate-key", message, written.mark, "set it once", [Note(first.mark, "it is set here")])
            return


def _leaves(value: Value, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield what a mapping holds, with the path of each from there."""
    for key, inner in value if isinstance(value, Mapping) else ():
        if isinstance(inner, Mapping):
            yield from _leaves(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner.plain()


def _shown(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else f"{value}"


def _typed(path: str, text: str) -> tuple[Scalar, Value]:
    """Return a setting of the command line with its places."""
    value = read_text(f"{path}: {text}", f"--set {path}={text}").get(path)
    mark = Mark(Source(f"--set {path}", path), 1, 1, len(path))
    return Scalar(path, mark), value if value is not None else Scalar(None, mark)


def _names_first(settings: Iterable[tuple[Scalar, Value]]) -> list[tuple[Scalar, Value]]:
    """Order the settings so that what is replaced whole, and another optimizer, come before fields of it."""
    return sorted(settings, key=lambda one: (not isinstance(one[1], Mapping), not str(one[0].value).endswith(".name")))


def _paths(page: Mapping, prefix: str = "") -> list[str]:
    """Return every path of the page, such as ``optimizer`` and ``optimizer.lr``."""
    found = []
    for key, value in page:
        found.append(prefix + key)
        if isinstance(value, Mapping):
            found += _paths(value, f"{prefix}{key}.")
    return found


def _paths_of_choices(page: Mapping) -> list[str]:
    """Return the paths of what the chosen optimizer and schedule may have, written down or not."""
    found = []
    for field in CHOICES:
        chosen = page.get(field)
        name = chosen.get("name") if isinstance(chosen, Mapping) else None
        model = choices(field).get(str(name.value)) if isinstance(name, Scalar) else None
        found += [f"{field}.{each}" for each in model.model_fields] if model else []
    return found


def _resolve(wanted: Scalar, page: Mapping, recipe: str, problems: Collector) -> list[str]:
    """Return the steps that a path means, or none after saying why it means nothing."""
    known, path = list(dict.fromkeys([*_paths(page), *_paths_of_choices(page)])), str(wanted.value)
    matches = [path] if path in known else [each for each in known if each.endswith(f".{path}")]
    if len(matches) == 1:
        return matches[0].split(".")
    words = list(dict.fromkeys(each.rpartition(".")[2] for each in known))
    hint = _of_another(path) or suggest(path.rpartition(".")[2], words, "there are")
    problems.error("unknown-setting", f"recipe {recipe} has no setting `{path}`", wanted.mark, hint)
    return []


def _of_another(path: str) -> str | None:
    """Return what to choose first where ``path`` names a field of another optimizer or schedule."""
    field, _, word = path.rpartition(".")
    for choice in CHOICES:
        having = [name for name, model in choices(choice).items() if word in model.model_fields]
        if having and field in {"", choice}:
            setting = " or ".join(f"`--set {choice}.name={name}`" for name in having)
            return f"{setting} has it"
    return None


def _set(page: Mapping, steps: list[str], value: Value) -> Mapping:
    """Return ``page`` with ``value`` at ``steps``."""
    first, *rest = steps
    old = page.get(first)
    new = _set(old, rest, value) if rest and isinstance(old, Mapping) else value
    if rest == ["name"] and isinstance(new, Mapping) and isinstance(value, Scalar):
        new = _only_fields_of(str(value.value), first, new)
    if old is None:
        return Mapping((*page.entries, (Scalar(first, page.mark), new)), page.mark)
    entries = tuple((key, new if key.value == first else old) for key, old in page.entries)
    return Mapping(entries, page.mark)


def _only_fields_of(name: str, field: str, chosen: Mapping) -> Mapping:
    """Drop what belonged to the former optimizer or schedule alone."""
    model = choices(field).get(name)
    if model is None:
        return chosen  # an unknown name: validation says it
    return Mapping(tuple(entry for entry in chosen.entries if entry[0].value in model.model_fields), chosen.mark)

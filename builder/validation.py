"""Values with marks against a pydantic model: one diagnostic for each mistake, at its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.diagnostics import Mark, suggest
from builder.reader import Mapping, Scalar, Sequence, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from builder.diagnostics import Collector
    from builder.reader import Value


class Strict(BaseModel):
    """Base of everything that a user may write: frozen, nothing unknown, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "missing": "`{field}` is required",
    "int_type": "`{field}` is a whole number, not {input}",
    "int_from_float": "`{field}` is a whole number, not {input}",
    "float_type": "`{field}` is a number, not {input}",
    "bool_type": "`{field}` is `true` or `false`, not {input}",
    "string_type": "`{field}` is a text, not {input}",
    "tuple_type": "`{field}` is a list, not {input}",
    "dict_type": "`{field}` is a mapping, not {input}",
    "greater_than": "`{field}` is greater than {gt}, not {input}",
    "greater_than_equal": "`{field}` is at least {ge}, not {input}",
    "less_than": "`{field}` is less than {lt}, not {input}",
    "less_than_equal": "`{field}` is at most {le}, not {input}",
    "finite_number": "`{field}` is a finite number, not {input}",
    "literal_error": "`{field}` is {expected}, not {input}",
    "too_short": "`{field}` needs at least {min_length} elements",
    "too_long": "`{field}` has at most {max_length} elements",
    "string_pattern_mismatch": "`{field}` does not look right: {input}",
}


def validate(model: type[Model], mapping: Mapping, what: str, problems: Collector) -> Model | None:
    """Return ``mapping`` as ``model``, or None with every mistake added to ``problems``.

    ``what`` names the thing in messages, such as "`conv`" or "a recipe".
    """
    try:
        return model.model_validate(mapping.plain())
    except ValidationError as error:
        report(error.errors(include_url=False), model, mapping, what, problems)
        return None


def report(
    errors: Iterable[ErrorDetails], model: type[BaseModel], mapping: Mapping, what: str, problems: Collector
) -> None:
    """Add pydantic's findings to ``problems``, each at the key or value that it speaks of."""
    said: set[tuple[object, ...]] = set()
    for found in errors:
        place, path = _locate(mapping, found["loc"])
        if found["type"] == "extra_forbidden":
            parent = _at(mapping, path[:-1])
            place = parent.key_mark(str(path[-1])) if isinstance(parent, Mapping) else place
            _unknown_field(model, path, place, what, problems)
            continue
        first = path[:1]  # a union complains once a member: one message for each field is enough
        if found["type"] != "missing" and first and (first, place) in said:
            continue
        said.add((first, place))
        code = "missing-field" if found["type"] == "missing" else "bad-value"
        message = _sentence(found, path, mapping)
        problems.error(code, f"{what}: {message}", place)


def _unknown_field(
    model: type[BaseModel], path: tuple[str | int, ...], place: Mark, what: str, problems: Collector
) -> None:
    name = str(path[-1])
    known = _fields(model, path[:-1])
    problems.error("unknown-field", f"`{name}` is not a field of {what}", place, suggest(name, known, "it has"))


def _fields(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the fields of the model that lies at ``path`` inside ``model``, as far as types tell."""
    for step in path:
        field = model.model_fields.get(str(step))
        inner = _model_of(field.annotation) if field else None
        if inner is not None:
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_of(argument)
        if found is not None:
            return found
    return None


def _locate(mapping: Mapping, loc: tuple[int | str, ...]) -> tuple[Mark, tuple[int | str, ...]]:
    """Return the mark that ``loc`` means and its steps that are really there (union tags are not)."""
    here: Value = mapping
    mark = mapping.mark
    path: tuple[int | str, ...] = ()
    for step in loc:
        if isinstance(here, Mapping) and (value := here.get(str(step))) is not None:
            mark = value.mark if not isinstance(value, Mapping) else here.key_mark(str(step))
            here, path = value, (*path, step)
        elif isinstance(here, Sequence) and isinstance(step, int) and step < len(here.items):
            here, path = here.items[step], (*path, step)
            mark = here.mark
        elif isinstance(here, Mapping) and step == loc[-1]:
            path = (*path, step)  # a field that is missing: its parent's place
    last = path[-1] if path else None
    parent = _at(mapping, path[:-1])
    if isinstance(parent, Mapping) and isinstance(last, str) and isinstance(here, Mapping):
        mark = parent.key_mark(last)
    return mark, path


def _at(value: Value, path: tuple[int | str, ...]) -> Value | None:
    for step in path:
        if isinstance(value, Mapping):
            inner = value.get(str(step))
            if inner is None:
                return None
            value = inner
        elif isinstance(value, Sequence) and isinstance(step, int):
            value = value.items[step]
    return value


def _sentence(found: Any, path: tuple[int | str, ...], mapping: Mapping) -> str:
    given = _at(mapping, path)
    shown = describe(given) if given is not None else "nothing"
    if isinstance(given, Scalar) and isinstance(given.value, str) and not given.plain_style:
        shown = f'the text "{given.value}"'
    pattern = _WORDS.get(found["type"])
    field = ".".join(str(step) for step in path)
    if pattern is None:
        said = str(found["msg"]).removeprefix("Value error, ")
        return said if found["type"] == "value_error" else f"`{field}`: {said}"
    return pattern.format(field=field, input=shown, **found.get("ctx", {}))

"""Values with marks against a pydantic model: one diagnostic for each mistake, at its own place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.diagnostics import DETAILED, colon_slip, nearest, suggest, suggest_value
from builder.reader import Mapping, Scalar, Sequence, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Table

    from pydantic_core import ErrorDetails

    from builder.diagnostics import Collector, Mark
    from builder.reader import Value

    TableOfNames: TypeAlias = Table[str, str]


class Strict(BaseModel):
    """Base of everything that a user may write: frozen, nothing unknown, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    elsewhere: ClassVar[TableOfNames] = MappingProxyType({})
    """Fields by the names that they have elsewhere, or a sentence on what becomes of them here."""

    @classmethod
    def further_fields(cls) -> tuple[str, ...]:
        """Return fields that a user may write too, and that are read before the model is made."""
        return ()


Model = TypeVar("Model", bound=BaseModel)
Path: TypeAlias = "tuple[int | str, ...]"

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
"""What a value should have been, where it is of another kind."""

_LONG = 1e18
"""A bound from here on is written with its power of ten: 1e+37."""

_FIELDS = ("extra_forbidden", "missing")
"""Errors that speak of the fields of a mapping, not of a value."""

_MEANT = {"classes": "the number of classes", "in": "the number of channels that enter"}
"""Words that are numbers where a `$` stands before them."""

_BOUNDS = {
    "greater_than": "greater than {gt:,}",
    "greater_than_equal": "at least {ge:,}",
    "less_than": "less than {lt:,}",
    "less_than_equal": "at most {le:,}",
    "finite_number": "a finite number",
}


def validate(model: type[Model], mapping: Mapping, what: str, problems: Collector) -> Model | None:
    """Return ``mapping`` as ``model``, or None with every mistake added to ``problems``.

    ``what`` names the thing in messages, such as "`conv`" or "a recipe".
    """
    try:
        return model.model_validate(mapping.plain())
    except ValidationError as error:
        report(error.errors(include_url=False), model, mapping, what, problems)
    except UnicodeEncodeError:  # a validator named a text in its message, which pydantic cannot write
        for each in _halves(mapping):
            problems.error("bad-value", f"{what}: a text holds half a character, a lone surrogate", each.mark)
    return None


def _halves(value: Value) -> Iterator[Scalar]:
    """Yield the texts that no file can hold, such as the first half of a character that is written as two escapes."""
    if isinstance(value, Mapping):
        for key, inner in value.entries:
            yield from (*_halves(key), *_halves(inner))
    elif isinstance(value, Sequence):
        for inner in value.items:
            yield from _halves(inner)
    elif isinstance(value.value, str) and any("\ud800" <= letter <= "\udfff" for letter in value.value):
        yield value


def report(
    errors: Iterable[ErrorDetails], model: type[BaseModel], mapping: Mapping, what: str, problems: Collector
) -> None:
    """Add pydantic's findings to ``problems``, each at the key or value that it speaks of."""
    findings = [each for error in errors if not _is_false(each := _finding(mapping, error))]
    unknown: dict[Path, list[str]] = {}
    for each in findings:
        if each.kind == "extra_forbidden":
            name, parent = str(each.path[-1]), each.path[:-1]
            inner = _innermost(model, parent)
            unknown.setdefault(parent, []).append(name)
            hint = partial(_unknown, name, inner)
            problems.error("unknown-field", f"`{name}` is not a field of {what}", each.mark, hint)
    missing: dict[Path, list[_Finding]] = {}
    for each in findings:
        inner = _innermost(model, each.path)
        if each.kind == "missing" and not is_meant(str(each.missing), unknown.get(each.path, ()), inner):
            missing.setdefault(each.path, []).append(each)
    for path, fields in missing.items():
        names = [".".join(map(str, (*path, each.missing))) for each in fields]
        listed = " and ".join(f"`{name}`" for name in names)
        verb = "is" if len(names) == 1 else "are"
        problems.error("missing-field", f"{what}: {listed} {verb} required", fields[0].mark)
    values = [each for each in findings if each.kind not in _FIELDS and not _is_mapping(each, findings)]
    for sentence, each in _wrong(values):
        problems.error("bad-value", f"{what}: {sentence}", each.mark, partial(_advice, each, model))


@dataclass(frozen=True)
class _Finding:
    """One error of pydantic: its type, the steps of its place that are really there, and the value at them.

    ``union`` is how many of these steps lead to a value of several kinds, and ``member`` which of them complains;
    ``missing`` is the field that is not there.
    """

    kind: str
    path: Path
    mark: Mark
    value: Value
    context: dict[str, Any]
    said: str
    union: int | None = None
    member: str = ""
    missing: int | str = ""

    @property
    def field(self) -> str:
        return ".".join(map(str, self.path))

    @property
    def given(self) -> str:
        return describe(self.value)


def _finding(mapping: Mapping, error: ErrorDetails) -> _Finding:
    """Walk down to what an error speaks of; steps that are no keys name the member of a union."""
    here: Value = mapping
    mark, path = mapping.mark, cast("Path", ())
    union: int | None = None
    member, missing = "", cast("int | str", "")
    for number, step in enumerate(error["loc"]):
        inner = _child(here, step)
        if inner is not None:
            is_key = isinstance(inner, Mapping) or error["type"] == "extra_forbidden"
            mark = here.key_mark(str(step)) if is_key and isinstance(here, Mapping) else inner.mark
            here, path = inner, (*path, step)
        elif error["type"] == "missing" and number == len(error["loc"]) - 1:
            missing = step
        else:
            union, member = len(path), str(step)
    kind = "wrong_length" if isinstance(missing, int) else error["type"]
    said = str(error["msg"]).removeprefix("Value error, ")
    return _Finding(kind, path, mark, here, error.get("ctx", {}), said, union, member, missing)


def _is_mapping(finding: _Finding, findings: list[_Finding]) -> bool:
    """Return whether a value is no number, say, but the mapping of which other ``findings`` miss or refuse fields."""
    if finding.kind not in _KINDS or finding.union is None:
        return False
    of_fields = [each for each in findings if each.kind in _FIELDS and each.union is not None]
    return any(each.path[: each.union] == finding.path[: finding.union] for each in of_fields)


def _is_false(finding: _Finding) -> bool:
    """Return whether pydantic calls a list too short only because it did not count elements that are wrong."""
    shortest = finding.context.get("min_length", 0)
    return finding.kind == "too_short" and isinstance(finding.value, Sequence) and len(finding.value.items) >= shortest


def _child(value: Value, step: int | str) -> Value | None:
    if isinstance(value, Mapping):
        return value.get(str(step))
    if isinstance(value, Sequence) and isinstance(step, int) and step < len(value.items):
        return value.items[step]
    return None


def _wrong(findings: list[_Finding]) -> Iterator[tuple[str, _Finding]]:
    """Yield a sentence for every wrong value; the members of a union speak with one voice."""
    unions: dict[Path, list[_Finding]] = {}
    for each in findings:
        if each.union is None:
            yield _sentence(each), each
        else:
            unions.setdefault(each.path[: each.union], []).append(each)
    for path, members in unions.items():
        inside = [each for each in members if len(each.path) > len(path)]
        certain = [each for each in members if each.kind not in _KINDS and each.kind != "literal_error"]
        if inside or certain or len({each.member for each in members}) == 1:
            chosen = inside or certain or members
            yield from ((_sentence(each), each) for each in {each.mark: each for each in reversed(chosen)}.values())
        else:
            kinds = dict.fromkeys(_kind(each) for each in members)
            first = members[0]
            yield f"`{first.field}` is {' or '.join(kinds)}, not {first.given}", first


def _kind(finding: _Finding) -> str:
    if finding.kind == "tuple_type" and finding.member.count(",") == 1:
        return "a pair of them"
    if finding.kind == "literal_error":
        return " or ".join(f"`{word}`" for word in _choices(finding))
    return _KINDS.get(finding.kind, finding.said)


def _sentence(finding: _Finding) -> str:
    field = finding.field
    if finding.kind in _KINDS:
        return f"`{field}` is {_KINDS[finding.kind]}, not {finding.given}"
    if finding.kind in _BOUNDS:
        bounds = {name: _whole(bound) for name, bound in finding.context.items()}
        return f"`{field}` is {_BOUNDS[finding.kind].format(**bounds)}, not {finding.given}"
    if finding.kind == "literal_error":
        return f"`{field}` cannot be {finding.given}"
    if finding.kind in ("wrong_length", "too_long", "too_short"):
        return f"`{field}` has {_length(finding)}"
    if finding.kind == "string_pattern_mismatch":
        return f"`{field}` cannot be {finding.given}"
    if finding.kind == "string_too_long":
        count = len(str(finding.value.plain()))
        return f"`{field}` has at most {finding.context['max_length']} characters, and this has {count}"
    return finding.said if finding.kind == "value_error" else f"`{field}`: {finding.said}"


def _whole(bound: float) -> float:
    """Return ``bound`` as a whole number if it is one that can be read."""
    return int(bound) if abs(bound) < _LONG and bound == int(bound) else bound


def _length(finding: _Finding) -> str:
    """Return how many elements there should be and how many there are."""
    wanted = {
        "wrong_length": f"{int(finding.missing or 0) + 1}",
        "too_long": f"at most {finding.context.get('max_length')}",
        "too_short": f"at least {finding.context.get('min_length')}",
    }[finding.kind]
    count = len(finding.value.items) if isinstance(finding.value, Sequence) else 0
    noun = "element" if wanted.split()[-1] == "1" else "elements"
    return f"{wanted} {noun}, and here {'is' if count == 1 else 'are'} {count or 'none'}"


def _choices(finding: _Finding) -> list[str]:
    return re.findall(r"'([^']*)'", str(finding.context.get("expected", "")))


def _advice(finding: _Finding, model: type[BaseModel]) -> str | None:
    """Return what to do about a wrong value, where more can be said than what it should have been."""
    value = finding.value.value if isinstance(finding.value, Scalar) else None
    if finding.kind == "literal_error":
        return suggest_value(str(value), _choices(finding), "it is one of")
    if finding.kind == "string_pattern_mismatch":
        told = _innermost(model, finding.path[:-1]).model_fields[str(finding.path[-1])].description or ""
        return told.rpartition(": ")[2]  # what it may look like stands behind what it is
    number_wanted = finding.kind in ("int_type", "int_from_float", "float_type")
    if isinstance(value, float) and number_wanted and "$" in finding.mark.text:
        return "`a // b` divides whole numbers; `int`, `round` and `ceil` make one of any other"
    if example := _example(finding, model):
        return example
    return _instead_of_text(value) if isinstance(value, str) and number_wanted else None


def _instead_of_text(text: str) -> str | None:
    """Return what a text may be meant for where a number is wanted."""
    if re.fullmatch(r"[-+.0-9]+", text):
        return "remove the quotes"
    if re.fullmatch(r"[-+.\d]+", text):
        return "write it with the digits 0 to 9"
    if text in _MEANT:
        return f"did you mean `${text}`, {_MEANT[text]}?"
    if re.match(r"[-+]?[\d.]+(e[-+]?\d+)?[A-Za-z]", text):
        return "a number and nothing behind it, such as `0.001` or `1e-3`"
    return "only a text with a `$` in it is calculated" if re.search(r"[-+*/()]", text) else None


def _example(finding: _Finding, model: type[BaseModel]) -> str | None:
    """Return how a field may look, where its model has an example."""
    field = _innermost(model, finding.path[:-1]).model_fields.get(str(finding.path[-1])) if finding.path else None
    return f"such as `{finding.path[-1]}: {field.examples[0]}`" if field is not None and field.examples else None


def meant_field(name: str, model: type[BaseModel]) -> str | None:
    """Return the field of ``model`` that was most likely meant by ``name``, which it has not, or None."""
    known = _fields(model)
    there = _elsewhere(name, model)
    return there if there in known else None if " " in there else nearest(name, known)


def is_meant(field: str, unknown: Iterable[str], model: type[BaseModel]) -> bool:
    """Return whether one of the ``unknown`` names may have been meant to be ``field``, which then is not missing."""
    return any(
        meant_field(name, model) == field or nearest(name, [field]) or set(name) == set(field)
        for name in islice(unknown, DETAILED)
    )


def _elsewhere(name: str, model: type[BaseModel]) -> str:
    return model.elsewhere.get(name.lower(), "") if issubclass(model, Strict) else ""


def _unknown(name: str, model: type[BaseModel]) -> str:
    known = _fields(model)
    if (slip := colon_slip(name, known)) is not None:
        return slip
    close, there = meant_field(name, model), _elsewhere(name, model)
    if " " in there:
        return there
    return f"did you mean `{close}`?" if close is not None else suggest(name, known, "it has")


def _fields(model: type[BaseModel]) -> list[str]:
    further = model.further_fields() if issubclass(model, Strict) else ()
    return [*(field.alias or name for name, field in model.model_fields.items()), *further]


def _innermost(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model that lies at ``path`` inside ``model``, as far as types tell."""
    for step in path:
        field = model.model_fields.get(str(step))
        inner = _model_of(field.annotation) if field else None
        if inner is not None:
            model = inner
    return model


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_of(argument)
        if found is not None:
            return found
    return None

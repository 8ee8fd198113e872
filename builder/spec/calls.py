"""Fields of an operation as a page writes them: checked before anything is expanded, expressions by their syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from builder.expressions import ExpressionError, is_expression, parse
from builder.reader import Mapping, Scalar, Sequence
from builder.validation import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.diagnostics import Collector
    from builder.ops.base import Operation
    from builder.reader import Value


def check_syntax(value: Value, problems: Collector) -> None:
    """Report every expression in ``value`` that cannot be read."""
    for scalar in scalars_of(value):
        if is_expression(scalar.value):
            try:
                parse(str(scalar.value))
            except ExpressionError as error:
                report_expression(error, scalar, problems)


def report_expression(error: ExpressionError, scalar: Scalar, problems: Collector) -> None:
    """Report what is wrong with an expression at its own characters where the text stands as it is."""
    mark, text = scalar.mark, str(scalar.value)
    written = mark.text.find(text)  # behind a quote it begins one later; escapes and folded lines hide it
    if written >= 0:
        mark = mark.within(written + error.offset, error.width)
    problems.error("bad-expression", error.message, mark, error.hint)


def check_fields(
    operation: type[Operation],
    fields: Mapping,
    problems: Collector,
    *,
    complete: bool = True,
    variables: frozenset[str] = frozenset(),
) -> None:
    """Report names and values that ``operation`` cannot take; what an expression gives is checked when it is known.

    ``complete`` asks for required fields too, which a page's ``defaults`` may give instead. ``variables`` are what may
    have been meant by a word that is none.
    """
    written = without_place(operation, fields)
    check_syntax(written, problems)
    unknown_yet = {name for name, value in written if holds_expression(value)}
    try:
        operation.model_validate(written.plain())
    except ValidationError as error:
        kept = [
            each
            for each in error.errors(include_url=False)
            if (each["type"] == "extra_forbidden" or (each["loc"] or ("",))[0] not in unknown_yet)
            and (complete or each["type"] not in ("missing", "value_error"))
        ]
        bare = {name: value for name, value in written if isinstance(value, Scalar) and value.value in variables}
        for name in dict.fromkeys(each["loc"][0] for each in kept if each["loc"] and each["loc"][0] in bare):
            value = bare[str(name)]
            message = f"`{operation.kind}`: `{name}` is the text `{value.value}`, not the parameter of this name"
            problems.error("bad-value", message, value.mark, f"write `${value.value}`")
        kept = [each for each in kept if not each["loc"] or each["loc"][0] not in bare]
        report(kept, operation, written, f"`{operation.kind}`", problems)


def without_place(operation: type[Operation], fields: Mapping) -> Mapping:
    """Return the fields that are values: all but the one that names a place of the network."""
    place = operation.place
    if place is None:
        return fields
    return Mapping(tuple(entry for entry in fields.entries if entry[0].value != place.name), fields.mark)


def holds_expression(value: Value) -> bool:
    """Return whether a text anywhere in ``value`` is an expression."""
    return any(is_expression(scalar.value) for scalar in scalars_of(value))


def scalars_of(value: Value) -> Iterator[Scalar]:
    """Yield every scalar in ``value``, however deep; keys are none."""
    match value:
        case Scalar():
            yield value
        case Sequence(items=items):
            for item in items:
                yield from scalars_of(item)
        case Mapping(entries=entries):
            for _, inner in entries:
                yield from scalars_of(inner)

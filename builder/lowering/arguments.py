"""The arguments of a template call: names known, kinds right, defaults computed in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builder.diagnostics import DETAILED, Note, nearest, suggest
from builder.lowering.scope import UNKNOWN, Scope, Unknown, UnknownValueError, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.diagnostics import Collector, Mark
    from builder.expressions import Result
    from builder.lowering.scope import Evaluator, Register
    from builder.reader import Mapping, Value
    from builder.spec.page import TemplateParameter

_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (tuple,),
    "layer": (str,),
    "text": (str,),
    "size": (int, float, tuple),
}
_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "list": "a list",
    "layer": "the name of a layer",
    "text": "a word",
    "size": "a number or a pair of numbers",
}


def bind(
    parameters: Iterable[TemplateParameter],
    given: Mapping,
    caller: Scope,
    inside: Scope,
    owner: str,
    evaluator: Evaluator,
    problems: Collector,
) -> Scope:
    """Return ``inside`` with a value for every parameter: given ones as the caller sees them, defaults as seen inside.

    ``owner`` names what has the parameters, such as "`Bottleneck`". Unknown and missing names are reported.
    """
    known = {str(parameter.name.value): parameter for parameter in parameters}
    evaluator.read(len(known) + len(given.entries), given.mark)
    unknown: list[str] = []
    for key, _ in given.entries:
        if key.value not in known:
            unknown.append(str(key.value))
            hint = partial(suggest, str(key.value), list(known), "its parameters are")
            problems.error("unknown-parameter", f"`{key.value}` is not a parameter of {owner}", key.mark, hint)
    meant = {nearest(each, known) for each in unknown[:DETAILED]}
    scope = Scope(inside, inside.registers)
    missing: list[str] = []
    for name, parameter in known.items():
        value = given.get(name)
        if value is not None:
            scope.put(name, *_evaluated(value, caller, parameter, evaluator, problems))
        elif parameter.default is not None:
            scope.put(name, *_evaluated(parameter.default, scope, parameter, evaluator, problems))
        else:
            missing += [name] if name not in meant else []
            scope.put(name, UNKNOWN, None)
    if missing:
        notes = [Note(known[name].name.mark, f"`{name}` is required here") for name in missing]
        listed = " and ".join(f"`{name}`" for name in missing)
        problems.error("missing-parameter", f"{owner} needs {listed}", given.mark, None, notes)
    return scope


def check_kind(result: Result, parameter: TemplateParameter, mark: Mark, problems: Collector) -> bool:
    """Report a value that is not of its parameter's kind; return whether it is."""
    if _is_of_kind(parameter, result):
        return True
    shown = "a list" if isinstance(result, tuple) else f"`{written(result)}`"
    note = Note(parameter.name.mark, "its kind is given here")
    message = f"`{parameter.name.value}` is {_IN_WORDS[parameter.kind]}, not {shown}"
    problems.error("bad-value", message, mark, None, (note,) if mark != parameter.name.mark else ())
    return False


def _evaluated(
    value: Value, scope: Scope, parameter: TemplateParameter, evaluator: Evaluator, problems: Collector
) -> tuple[Result | Unknown, Register | None]:
    try:
        result, register = evaluator.bound(value, scope, partial(_is_of_kind, parameter))
    except UnknownValueError:
        return UNKNOWN, None
    return (result, register) if check_kind(result, parameter, value.mark, problems) else (UNKNOWN, None)


def _is_of_kind(parameter: TemplateParameter, result: Result) -> bool:
    allowed = _KINDS.get(parameter.kind)
    return allowed is None or (
        isinstance(result, allowed) and (parameter.kind == "bool" or not isinstance(result, bool))
    )

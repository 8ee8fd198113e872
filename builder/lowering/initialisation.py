"""``init``: which function of ``torch.nn.init`` begins which parameter, with its arguments."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.diagnostics import suggest
from builder.graph import Initialisation
from builder.lowering.names import join
from builder.lowering.scope import UnknownValueError
from builder.lowering.selectors import parse_selector
from builder.ops import OPERATIONS
from builder.reader import Mapping, Scalar, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.expressions import Result
    from builder.lowering.selectors import Place, Selector
    from builder.lowering.walk import Walk
    from builder.ops.base import Parameter
    from builder.reader import Value
    from builder.spec.page import InitRule

FUNCTIONS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "kaiming_normal": ("a", "mode", "nonlinearity"),
        "kaiming_uniform": ("a", "mode", "nonlinearity"),
        "xavier_normal": ("gain",),
        "xavier_uniform": ("gain",),
        "normal": ("mean", "std"),
        "trunc_normal": ("mean", "std", "a", "b"),
        "uniform": ("a", "b", "bound"),
        "orthogonal": ("gain",),
        "zeros": (),
        "ones": (),
    }
)
"""Functions of ``torch.nn.init`` and their arguments; ``bound`` stands for ``a: -bound, b: bound``."""

_PARAMETERS = ("weight", "bias")
"""What operations learn; a rule for all instances of one may find that none has it."""

Target = tuple[str, str, tuple[tuple[str, object], ...]]


def initialisations(walk: Walk) -> tuple[Initialisation, ...]:
    """Return every rule of the page with the parameters that it reaches; mistakes go to the walk's problems."""
    learned = list(_learned(walk))
    return tuple(found for rule in walk.page.init if (found := _resolved(walk, rule, learned)) is not None)


def _learned(walk: Walk) -> Iterator[tuple[Place, str, Parameter]]:
    """Yield every learned tensor of the network: its layer's place, its key and itself."""
    for place, node in walk.layers:
        if node is not None:
            inputs = (walk.shape_of(index) for index in node.inputs)
            for each in node.operation.parameters(*inputs):
                yield place, join(node.key, each.name), each


def _resolved(walk: Walk, rule: InitRule, learned: list[tuple[Place, str, Parameter]]) -> Initialisation | None:
    target, parameter = str(rule.target.value), str(rule.parameter.value)
    operation = target if target in OPERATIONS else None
    selector = None
    if operation is None:
        try:
            text = walk.evaluator.name(rule.target, walk.scope)
        except UnknownValueError:
            return None
        selector = parse_selector(text, rule.target.mark, frozenset(walk.page.templates))
    targets: list[Target] = []
    names: set[str] = set()
    for place, key, each in learned:
        if selector.matches(place) if selector is not None else each.of == operation:
            name = each.name.rpartition(".")[2]
            names.add(name)
            if name == parameter:
                found = _function(walk, rule, each.shape[0])
                if found is None:
                    return None
                targets.append((key, *found))
    if not targets and selector is not None:
        _report_nothing(walk, rule, selector, names)
    elif not targets and parameter not in _PARAMETERS:
        hint = suggest(parameter, _PARAMETERS, "there are")
        walk.problems.error("no-such-parameter", f"`{parameter}` is no parameter", rule.parameter.mark, hint)
    template = selector.template if selector is not None else None
    return Initialisation(operation, template, parameter, tuple(targets))


def _report_nothing(walk: Walk, rule: InitRule, selector: Selector, names: set[str]) -> None:
    """Report a rule that reaches nothing, unless a mistake elsewhere hides what it means."""
    met = [(place, node) for place, node in walk.layers if selector.matches(place)]
    walked = walk.walked()
    if any(node is None for _, node in met) or walked.may_hide(selector):
        return
    if met:
        known = sorted(names)
        message = f"`{rule.target.value}` has no parameter `{rule.parameter.value}`"
        hint = suggest(str(rule.parameter.value), known, "it has")
        walk.problems.error("no-such-parameter", message, rule.parameter.mark, hint)
    elif selector.template is None or walked.is_called(selector.template):
        message, hint = walked.not_found(selector)
        walk.problems.error("no-such-place", message, rule.target.mark, hint)


def _function(walk: Walk, rule: InitRule, out: int) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    """Return function and arguments for a parameter of a layer with ``out`` channels."""
    scope = {**walk.scope, "out": out}
    try:
        value = walk.evaluator.value(rule.value, scope)
    except UnknownValueError:
        return None
    if isinstance(value, Mapping) and len(value.entries) == 1:
        (key, arguments) = value.entries[0]
        return _checked(walk, key, arguments)
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return _checked(walk, value, Mapping((), value.mark))
    if isinstance(value, Scalar) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        return "constant", (("val", value.value),)
    hint = "a number, such as 0, or a function, such as `kaiming_normal` or `{normal: {std: 0.01}}`"
    walk.problems.error("bad-init", f"a parameter cannot begin as {describe(value)}", value.mark, hint)
    return None


def _checked(walk: Walk, name: Scalar, arguments: Value) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    word = str(name.value)
    if word not in FUNCTIONS:
        hint = suggest(word, list(FUNCTIONS), "there are")
        walk.problems.error("bad-init", f"`{word}` is no function of torch.nn.init", name.mark, hint)
        return None
    if not isinstance(arguments, Mapping):
        walk.problems.error("bad-init", f"the arguments of `{word}` have names", arguments.mark)
        return None
    for key, _ in arguments.entries:
        if key.value not in FUNCTIONS[word]:
            hint = suggest(str(key.value), FUNCTIONS[word], "it takes")
            walk.problems.error("unknown-field", f"`{key.value}` is no argument of `{word}`", key.mark, hint)
            return None
    return word, tuple(_arguments(arguments))


def _arguments(arguments: Mapping) -> Iterator[tuple[str, Result]]:
    for key, value in arguments:
        plain = value.plain()
        if key == "bound" and isinstance(plain, (int, float)):
            yield "a", -plain
            yield "b", plain
        else:
            yield key, plain  # type: ignore[misc]  # scalars: `torch.nn.init` takes nothing else

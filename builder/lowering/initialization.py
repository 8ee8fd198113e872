"""``init``: which function of ``torch.nn.init`` begins which parameter, with its arguments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builder.diagnostics import suggest
from builder.graph import Initialization
from builder.lowering.edits import MAX_SEARCHING
from builder.lowering.names import join
from builder.lowering.scope import UNKNOWN, UnknownValueError
from builder.lowering.selectors import parse_selector
from builder.ops.base import LARGEST, Operation
from builder.reader import Mapping, Scalar, describe
from builder.spec.elsewhere import meant_layer
from builder.spec.initializers import ELSEWHERE, FUNCTIONS
from builder.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.diagnostics import Hint
    from builder.expressions import Result
    from builder.graph import Node
    from builder.lowering.draft import Draft
    from builder.lowering.scope import Scope, Unknown
    from builder.lowering.selectors import Place, Selector
    from builder.ops.base import Parameter
    from builder.reader import Value
    from builder.spec.page import InitRule

_NEED_TWO_AXES = ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal")

_PARAMETERS = ("weight", "bias")
"""What operations learn; a rule for all instances of one may find that none has it."""

Target = tuple[str, str, tuple[tuple[str, object], ...]]


def initializations(draft: Draft) -> tuple[Initialization, ...]:
    """Return every rule of the page with the parameters that it reaches; mistakes go to the draft's problems."""
    layers = _Layers(draft)
    if not _check_count(draft):
        return ()
    return tuple(found for rule in draft.page.init if (found := _resolved(draft, rule, layers)) is not None)


def _check_count(draft: Draft) -> bool:
    """Report more rules with wildcards than any page needs: each of them looks at every layer."""
    searching = [rule for rule in draft.page.init if set(str(rule.target.value)) & set("*?[")]
    if len(searching) > MAX_SEARCHING:
        message = f"more than {MAX_SEARCHING} rules with wildcards"
        draft.problems.error("too-many-selectors", message, searching[MAX_SEARCHING].target.mark)
    return len(searching) <= MAX_SEARCHING


class _Layers:
    """The layers of a draft, found by path at once and by wildcard one after another."""

    def __init__(self, draft: Draft) -> None:
        self.all = draft.layers
        self._by_path: dict[tuple[str, ...], list[tuple[Place, Node | None]]] = {}
        for place, node in draft.layers:
            self._by_path.setdefault(place.path, []).append((place, node))

    def met(self, selector: Selector | None) -> list[tuple[Place, Node | None]]:
        """Return the layers that a selector means, all of them where there is none."""
        if selector is None:
            return self.all
        if selector.explicit:
            return self._by_path.get(selector.segments, [])
        return [(place, node) for place, node in self.all if selector.matches(place)]


def _resolved(draft: Draft, rule: InitRule, layers: _Layers) -> Initialization | None:
    target, parameter = str(rule.target.value), str(rule.parameter.value)
    operation = target if target in draft.page.operations else None
    selector = None
    if operation is None:
        try:
            text = draft.evaluator.name(rule.target, draft.scope)
        except UnknownValueError:
            return None
        selector = parse_selector(text, rule.target.mark, frozenset(draft.page.templates))
    targets: list[Target] = []
    functions: dict[int, tuple[str, tuple[tuple[str, object], ...]] | None] = {}
    met = layers.met(selector)
    for key, each in _learned(draft, met):
        if each.name.rpartition(".")[2] == parameter and operation in (None, each.of):
            out = each.shape[0]
            if out not in functions:
                functions[out] = _function(draft, rule, out)
            found = functions[out]
            if found is None or not _fits(draft, rule, found[0], key, each):
                return None
            targets.append((key, *found))
    template = selector.template if selector is not None else None
    if targets:
        return Initialization(operation, template, parameter, tuple(targets))
    _function(draft, rule, UNKNOWN)  # the rule itself is looked at even where it reaches nothing
    return Initialization(operation, template, parameter, (), dropped=_is_dropped(draft, rule, selector, met))


def _is_dropped(draft: Draft, rule: InitRule, selector: Selector | None, met: list[tuple[Place, Node | None]]) -> bool:
    """Return whether a rule that reaches nothing is a base's, which may mean what the page has taken away.

    One of the page's own is reported.
    """
    is_called = selector is not None and (selector.template is None or draft.walked.is_called(selector.template))
    if _is_inherited(draft, rule):
        return is_called
    if selector is not None:
        _report_nothing(draft, rule, selector, met)
    else:
        _report_no_parameter(draft, rule, str(rule.target.value))
    return False


def _is_inherited(draft: Draft, rule: InitRule) -> bool:
    """Return whether a base gives the rule, which may speak of what the page has replaced."""
    return rule.target.mark.source is not draft.page.mark.source


def _fits(draft: Draft, rule: InitRule, function: str, key: str, parameter: Parameter) -> bool:
    """Report a function that counts what enters and leaves, for a tensor that has only one axis."""
    if function not in _NEED_TWO_AXES or len(parameter.shape) > 1:
        return True
    message = f"`{function}` needs a tensor of two or more axes, and `{key}` has one"
    draft.problems.error("bad-init", message, rule.value.mark, "a number, or `normal` or `uniform`")
    return False


def _report_no_parameter(draft: Draft, rule: InitRule, operation: str) -> None:
    """Report a rule for an operation that can have no such parameter; that none has it here is no mistake."""
    hint: Hint
    parameter = str(rule.parameter.value)
    alike = [node for _, node in draft.layers if node is not None and node.operation.kind == operation]
    parts = {each.of for node in alike for each in draft.learned(node)}
    if draft.page.operations[operation].parameters is Operation.parameters:
        hint = "remove the rule"
        draft.problems.error("no-such-parameter", f"`{operation}` has no parameters", rule.target.mark, hint)
    elif parts and operation not in parts:
        listed = " and ".join(f"`{part}`" for part in sorted(parts))
        message = f"the parameters of `{operation}` follow the rules for {listed}"
        hint = f"to reach only these, name their place instead of `{operation}`"
        draft.problems.error("no-such-parameter", message, rule.target.mark, hint)
    elif parameter not in _PARAMETERS:
        hint = partial(suggest, parameter, _PARAMETERS, "it has")
        message = f"`{operation}` has no parameter `{parameter}`"
        draft.problems.error("no-such-parameter", message, rule.parameter.mark, hint)


def _report_nothing(draft: Draft, rule: InitRule, selector: Selector, met: list[tuple[Place, Node | None]]) -> None:
    """Report a rule that reaches nothing, unless a mistake elsewhere hides what it means."""
    if any(node is None for _, node in met) or draft.walked.may_hide(selector):
        return
    hint: Hint
    if met:
        known = sorted({each.name.rpartition(".")[2] for _, each in _learned(draft, met)})
        message = f"`{rule.target.value}` has no parameter `{rule.parameter.value}`"
        hint = partial(suggest, str(rule.parameter.value), known, "it has")
        draft.problems.error("no-such-parameter", message, rule.parameter.mark, hint)
    elif selector.template is None or draft.walked.is_called(selector.template):
        message, advice = draft.walked.not_found(selector)
        meant = meant_layer(str(rule.target.value), [*draft.page.operations, *draft.walked.tree.roots])
        hint = f"did you mean `{meant}`?" if meant in draft.page.operations else advice
        draft.problems.error("no-such-place", message, rule.target.mark, hint)


def _learned(draft: Draft, layers: list[tuple[Place, Node | None]]) -> Iterator[tuple[str, Parameter]]:
    """Yield every tensor that layers learn, with its key."""
    for _, node in layers:
        if node is not None:
            yield from ((join(node.key, each.name), each) for each in draft.learned(node))


def _function(draft: Draft, rule: InitRule, out: int | Unknown) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    """Return function and arguments for a parameter of a layer with ``out`` channels."""
    scope: Scope = {**draft.scope, "out": out}
    try:
        value = draft.evaluator.value(rule.value, scope)
    except UnknownValueError:
        return None
    if isinstance(value, Mapping) and len(value.entries) == 1:
        (key, arguments) = value.entries[0]
        return _checked(draft, key, arguments)
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return _checked(draft, value, Mapping((), value.mark))
    number = value.value if isinstance(value, Scalar) and not isinstance(value.value, bool) else None
    if isinstance(number, (int, float)) and abs(number) <= LARGEST:
        return "constant", (("val", number),)
    hint = "a number, such as 0, or a function, such as `kaiming_normal` or `{normal: {std: 0.01}}`"
    if isinstance(number, (int, float)):
        hint = f"a number of at most {LARGEST:g}: larger ones do not survive single precision"
    draft.problems.error("bad-init", f"a parameter cannot begin as {describe(value)}", value.mark, hint)
    return None


def _checked(draft: Draft, name: Scalar, arguments: Value) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    hint: Hint
    word = str(name.value)
    if word not in FUNCTIONS:
        meant = ELSEWHERE.get(word.lower().rstrip("_"))
        hint = f"did you mean `{meant}`?" if meant else partial(suggest, word, list(FUNCTIONS), "there are")
        draft.problems.error("bad-init", f"`{word}` is not a function of torch.nn.init", name.mark, hint)
        return None
    if not isinstance(arguments, Mapping):
        example = ", ".join(f"{field}: …" for field in FUNCTIONS[word].model_fields)
        hint = f"such as `{word}: {{{example}}}`" if example else f"write `{word}`"
        draft.problems.error("bad-init", f"the arguments of `{word}` have names", arguments.mark, hint)
        return None
    fine = validate(FUNCTIONS[word], Mapping(arguments.entries, name.mark), f"`{word}`", draft.problems)
    return (word, tuple(_arguments(arguments))) if fine is not None else None


def _arguments(arguments: Mapping) -> Iterator[tuple[str, Result]]:
    for key, value in arguments:
        plain = value.plain()
        if key == "bound" and isinstance(plain, (int, float)):
            yield "a", -plain
            yield "b", plain
        else:
            yield key, plain  # type: ignore[misc]  # scalars: `torch.nn.init` takes nothing else

"""``init``: which function of ``torch.nn.init`` begins which parameter, with its arguments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builder.diagnostics import Collector, suggest, suggest_value
from builder.graph import Initialization
from builder.lowering.names import join
from builder.lowering.scope import UNKNOWN, Evaluator, Scope, UnknownValueError
from builder.lowering.selectors import Selector, check_searching, parse_selector
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
    from builder.lowering.scope import Unknown
    from builder.lowering.tape import Tape
    from builder.ops.base import Parameter
    from builder.reader import Value
    from builder.spec.page import InitRule

_NEED_TWO_AXES = ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal")

_AXES_OF_FILTERS = 4  # filters, channels, rows and columns

_PARAMETERS = ("weight", "bias")
"""What operations learn; a rule for all instances of one may find that none has it."""

Target = tuple[str, str, tuple[tuple[str, object], ...]]


def initializations(draft: Draft) -> tuple[Initialization, ...]:
    """Return every rule of the page with the parameters that it reaches; mistakes go to the draft's problems."""
    layers = _Layers(draft)
    rules = [(rule, _selector(draft, rule)) for rule in draft.page.init]
    searching = [each for _, each in rules if isinstance(each, Selector) and not each.explicit]
    if not check_searching(searching, "rules", draft.problems):
        return ()
    resolved = (_resolved(draft, rule, each, layers) for rule, each in rules if each is not None)
    return tuple(found for found in resolved if found is not None)


def _selector(draft: Draft, rule: InitRule) -> Selector | str | None:
    """Return what a rule speaks of: the word of an operation, or places; None after a mistake."""
    target = str(rule.target.value)
    if target in draft.page.operations:
        return target
    try:
        text = draft.evaluator.name(rule.target, draft.scope)
    except UnknownValueError:
        return None
    return parse_selector(text, rule.target.mark, frozenset(draft.page.templates))


Learned = tuple[str, "Parameter"]
"""A tensor that a layer learns, after its key."""


class _Layers:
    """The layers of a draft, found by path at once and by wildcard one after another, and what each learns."""

    def __init__(self, draft: Draft) -> None:
        self.all = [place for place, _ in draft.layers]
        self._nodes = [node for _, node in draft.layers]
        self._by_path: dict[tuple[str, ...], list[int]] = {}
        for number, place in enumerate(self.all):
            self._by_path.setdefault(place.path, []).append(number)
        self._learned = [self._of(draft, node) for node in self._nodes]
        self._alike: dict[tuple[str, str], list[Learned]] = {}
        self.parts: dict[str, set[str]] = {}
        """Whose rules the parameters of each kind of operation follow."""
        for node, tensors in zip(self._nodes, self._learned, strict=True):
            for key, each in tensors:
                self._alike.setdefault((each.of, _last(each)), []).append((key, each))
                self.parts.setdefault(node.operation.kind if node is not None else "", set()).add(each.of)

    def of(self, operation: str, parameter: str) -> list[Learned]:
        """Return the tensors called ``parameter`` that follow the rules for ``operation``."""
        return self._alike.get((operation, parameter), [])

    def met(self, selector: Selector) -> list[int]:
        """Return the numbers of the layers that a selector means."""
        if selector.explicit:
            return self._by_path.get(selector.segments, [])
        return [number for number, place in enumerate(self.all) if selector.matches(place)]

    def learned(self, met: list[int]) -> list[Learned]:
        """Return what the layers of these numbers learn."""
        return [tensor for number in met for tensor in self._learned[number]]

    def are_known(self, met: list[int]) -> bool:
        """Return whether no mistake hides what one of the layers is."""
        return all(self._nodes[number] is not None for number in met)

    def _of(self, draft: Draft, node: Node | None) -> list[Learned]:
        return [(join(node.key, each.name), each) for each in draft.learned(node)] if node is not None else []


def _last(parameter: Parameter) -> str:
    return parameter.name.rpartition(".")[2]


def _resolved(draft: Draft, rule: InitRule, target: Selector | str, layers: _Layers) -> Initialization | None:
    parameter = str(rule.parameter.value)
    met = layers.met(target) if isinstance(target, Selector) else []
    if isinstance(target, Selector):
        tensors = [each for each in layers.learned(met) if _last(each[1]) == parameter]
    else:
        tensors = layers.of(target, parameter)
    draft.evaluator.read(len(tensors), rule.target.mark)
    targets: list[Target] = []
    functions: dict[int, tuple[str, tuple[tuple[str, object], ...]] | None] = {}
    for key, each in tensors:
        out = each.shape[0]
        if out not in functions:
            functions[out] = _function(rule, out, draft.scope, draft.evaluator, draft.problems)
        found = functions[out]
        if found is None or not _fits(draft, rule, found[0], key, each):
            return None
        targets.append((key, *found))
    if draft.tape is not None:
        _hold(draft.tape, rule, draft.scope, targets)
    if isinstance(target, Selector):
        operation, template = None, target.template
    else:
        operation, template = target, None
    if targets:
        return Initialization(operation, template, parameter, tuple(targets))
    _function(rule, UNKNOWN, draft.scope, draft.evaluator, draft.problems)  # the rule itself is looked at all the same
    dropped = _is_dropped(draft, rule, target, met, layers)
    return Initialization(operation, template, parameter, (), dropped=dropped)


def _is_dropped(draft: Draft, rule: InitRule, target: Selector | str, met: list[int], layers: _Layers) -> bool:
    """Return whether a rule that reaches nothing is a base's, which may mean what the page has taken away.

    One of the page's own is reported.
    """
    if _is_inherited(draft, rule):
        return isinstance(target, Selector) and (target.template is None or draft.walked.is_called(target.template))
    if isinstance(target, Selector):
        _report_nothing(draft, rule, target, met, layers)
    else:
        _report_no_parameter(draft, rule, target, layers)
    return False


def _is_inherited(draft: Draft, rule: InitRule) -> bool:
    """Return whether a base gives the rule, which may speak of what the page has replaced."""
    return rule.target.mark.source is not draft.page.mark.source


def _fits(draft: Draft, rule: InitRule, function: str, key: str, parameter: Parameter) -> bool:
    """Report a function that counts what enters and leaves, or has filters, for a tensor of too few axes."""
    axes = len(parameter.shape)
    if function == "dirac" and axes < _AXES_OF_FILTERS:
        message = f"`dirac` is for the weights of convolutions, and `{key}` has {axes} axes"
    elif function in _NEED_TWO_AXES and axes < 2:
        message = f"`{function}` needs a tensor of two or more axes, and `{key}` has one"
    else:
        return True
    draft.problems.error("bad-init", message, rule.value.mark, "a number, or `normal` or `uniform`")
    return False


def _report_no_parameter(draft: Draft, rule: InitRule, operation: str, layers: _Layers) -> None:
    """Report a rule for an operation that can have no such parameter; that none has it here is no mistake."""
    hint: Hint
    parameter = str(rule.parameter.value)
    parts = layers.parts.get(operation, set())
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


def _report_nothing(draft: Draft, rule: InitRule, selector: Selector, met: list[int], layers: _Layers) -> None:
    """Report a rule that reaches nothing, unless a mistake elsewhere hides what it means."""
    if not layers.are_known(met) or draft.walked.may_hide(selector):
        return
    hint: Hint
    if met:
        known = sorted({_last(each) for _, each in layers.learned(met)})
        message = f"`{rule.target.value}` has no parameter `{rule.parameter.value}`"
        hint = partial(suggest, str(rule.parameter.value), known, "it has")
        draft.problems.error("no-such-parameter", message, rule.parameter.mark, hint)
    elif selector.template is None or draft.walked.is_called(selector.template):
        message, advice = draft.walked.not_found(selector)
        meant = meant_layer(str(rule.target.value), [*draft.page.operations, *draft.walked.tree.roots])
        hint = f"did you mean `{meant}`?" if meant in draft.page.operations else advice
        draft.problems.error("no-such-place", message, rule.target.mark, hint)


def _function(
    rule: InitRule, out: int | Unknown, scope: Scope, evaluator: Evaluator, problems: Collector
) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    """Return function and arguments for a parameter of a layer with ``out`` channels."""
    try:
        value = evaluator.value(rule.value, Scope({**scope, "out": out}))  # the tape holds the rule
    except UnknownValueError:
        return None
    if isinstance(value, Mapping) and len(value.entries) == 1:
        (key, arguments) = value.entries[0]
        return _checked(problems, key, arguments)
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return _checked(problems, value, Mapping((), value.mark))
    number = value.value if isinstance(value, Scalar) and not isinstance(value.value, bool) else None
    if isinstance(number, (int, float)) and abs(number) <= LARGEST:
        return "constant", (("val", number),)
    hint = "a number, such as 0, or a function, such as `kaiming_normal` or `{normal: {std: 0.01}}`"
    if isinstance(number, (int, float)):
        hint = f"a number of at most {LARGEST:g}: larger ones do not survive single precision"
    problems.error("bad-init", f"a parameter cannot begin as {describe(value)}", value.mark, hint)
    return None


def _hold(tape: Tape, rule: InitRule, scope: Scope, targets: list[Target]) -> None:
    """Let a tape hold that a rule suits its targets; one that gives them several functions is too much for it."""
    functions = {function for _, function, _ in targets}
    if len(functions) > 1:
        tape.stop()

    def suits(scope: Scope, out: int | None) -> bool:
        problems = Collector()
        found = _function(rule, UNKNOWN if out is None else out, scope, Evaluator(problems), problems)
        return found is not None and not problems and functions.issubset({found[0]})

    tape.checked(rule.value, scope, [key for key, *_ in targets], suits)


def _checked(problems: Collector, name: Scalar, arguments: Value) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    hint: Hint
    word = str(name.value)
    if word not in FUNCTIONS:
        meant = ELSEWHERE.get(word.lower().rstrip("_"))
        hint = f"did you mean `{meant}`?" if meant else partial(suggest_value, word, list(FUNCTIONS), "there are")
        problems.error("bad-init", f"`{word}` is not a function of torch.nn.init", name.mark, hint)
        return None
    if not isinstance(arguments, Mapping):
        example = ", ".join(f"{field}: …" for field in FUNCTIONS[word].model_fields)
        hint = f"such as `{word}: {{{example}}}`" if example else f"write `{word}`"
        problems.error("bad-init", f"the arguments of `{word}` have names", arguments.mark, hint)
        return None
    fine = validate(FUNCTIONS[word], Mapping(arguments.entries, name.mark), f"`{word}`", problems)
    return (word, tuple(_arguments(arguments))) if fine is not None else None


def _arguments(arguments: Mapping) -> Iterator[tuple[str, Result]]:
    for key, value in arguments:
        plain = value.plain()
        if key == "bound" and isinstance(plain, (int, float)):
            yield "a", -plain
            yield "b", plain
        else:
            yield key, plain  # type: ignore[misc]  # scalars: `torch.nn.init` takes nothing else

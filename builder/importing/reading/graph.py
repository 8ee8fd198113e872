"""A traced graph to steps inside calls: what every node is on a page, and which module it happened in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn

from builder.importing.reading import stacks
from builder.importing.reading.calls import call_tree
from builder.importing.reading.nodes import (
    Found,
    home_of,
    nodes_of,
    one_row,
    owner_of,
    sources_of,
    tensors_of,
    values_of,
)
from builder.importing.reading.patterns import ending_of, pattern
from builder.importing.reading.several import Several, read_cat, read_share, read_split
from builder.importing.steps import HOLE, TracedStep
from builder.importing.words import functions, modules
from builder.importing.words.arithmetic import rescaled
from builder.importing.words.learned import LEARNED, learned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.importing.reading.reader import Shapes
    from builder.importing.steps import ModuleCall

_WEIGHTED = (
    *("conv", "linear", "batchnorm", "layernorm", "layernorm2d", "groupnorm", "prelu", "scale", "shift", "affine"),
    *("stdconv", "tlu"),
)


_NO_WEIGHT = "a tensor in it is no weight that a layer of a page has, or is computed from weights"

_OF_TWO = ("add", "mul", "sub", "truediv", "maximum", "max")
"""Functions of two values, or of a value and a number or a parameter."""

NEUTRAL = {"add": 0, "mul": 1}
"""Numbers with which a sum or a product is what it was."""


@dataclass(frozen=True)
class Manner:
    """How a network is read, where there are several ways to say it and only one has its bits."""

    is_light: bool = True
    """Traced without numbers where that is possible."""
    in_order: bool = False
    """Sums in Python's own order."""
    keeps_layout: bool = False
    """With the places where numbers are laid out anew in memory."""
    channels_first: bool = False
    """With the first axis as the channels after each change of order."""


PLAIN = Manner()


class GraphReading:
    """One graph on its way into calls."""

    def __init__(self, net: nn.Module, traced: tuple[fx.Graph, list[str]], manner: Manner) -> None:
        graph, self.told = traced
        self._manner = manner
        self._net = net
        self._graph = graph
        self._stored = {*net.state_dict()}
        self.values: dict[fx.Node, Any] = {}
        """Of each node the number of its value, or what is several values: Several or Stack."""
        self._turned: dict[int, tuple[int, tuple[int, ...], bool]] = {}
        self._alias: dict[int, int] = {}
        self._next = 0
        self._grown: dict[fx.Node, tuple[fx.Node, Any]] = {}
        """What was made as large as another value, which products need not: the small one, and the other if known."""
        self.joined: dict[tuple[int, ...], int] = {}
        """The concatenations by the values that they join."""
        self.steps: list[tuple[TracedStep, tuple[tuple[str, str, Any], ...]]] = []
        self.outputs: tuple[int, ...] = ()
        """The values that leave: the output, and in training those of auxiliary heads."""
        self.ending = ""
        """What the network ends with that is part of the loss: `softmax` or `log_softmax`."""

    def run(self) -> ModuleCall:
        """Return the whole network as one call."""
        for node in self._graph.nodes:
            if node.op == "placeholder":
                if "known" in node.meta:
                    self.values[node] = -1
            elif node.op == "output":
                self.outputs = tuple(self.read(each) for each in self._before_the_loss(tuple(values_of(node.args[0]))))
            elif node.op != "get_attr" and "known" in node.meta:
                self._node(node)
        return call_tree(self._alive(), self._net, self.outputs)

    def _before_the_loss(self, values: tuple[fx.Node, ...]) -> tuple[fx.Node, ...]:
        """Return what leaves the network, without the softmax at its end: the loss computes that once more."""
        name = ending_of(values[0], self._net) if values else ""
        if not name:
            return values
        self.ending = name
        (before, *_) = values[0].args
        assert isinstance(before, fx.Node), "the logits"
        return before, *values[1:]

    def _alive(self) -> list[tuple[TracedStep, tuple[tuple[str, str, Any], ...]]]:
        """Return the steps without those that nothing needs, such as the views of which a pattern is made."""
        needed, alive = set(self.outputs), []
        for step, stack in reversed(self.steps):
            if step.value in needed or step.owns:
                needed |= {*step.inputs, *step.reads}
                alive.append((step, stack))
        return alive[::-1]

    def touched(self) -> set[str]:
        """Return the modules that are called, and the parameters that are read by themselves."""
        return {str(node.target) for node in self._graph.nodes if node.op in ("call_module", "get_attr")}

    def read(self, node: Any) -> int:
        """Return the value of a node; in place of what an operation has changed, what it made of it."""
        value = self.values.get(node)
        if not isinstance(value, int):
            return -2  # nothing that a page knows
        while value in self._alias:
            value = self._alias[value]
        return value

    def _node(self, node: Any) -> None:
        after = node.meta["known"]
        if node.op == "call_module":
            self._module(node, self._net.get_submodule(str(node.target)), after)
            return
        name = functions.name_of(node.target)
        given = functions.arguments(name, node.target, node.args, node.kwargs)
        if (found := pattern(node, name, self._net)) is not None:
            self._pattern(node, found, name)
        elif stacks.read(self, node, name, given) or (
            name in _OF_TWO and len(node.args) == 2 and self._of_two(node, name)
        ):
            return
        elif name == "cat":
            read_cat(self, node, given)
        elif name in ("chunk", "split", "tensor_split", "unbind"):
            read_split(self, node, given, name)
        elif name == "getitem" and isinstance(self.values.get(node.args[0]), Several):
            read_share(self, node)
        else:
            self._function(node, name, given, after)

    def _pattern(self, node: Any, found: Found, name: str) -> None:
        """Read several operations that are one together, with what comes before it."""
        after = node.meta["known"]
        step = self.step(node, (found.word, found.fields), (found.source,), after, key=found.key, said=name)
        step.owns = bool(found.key)
        step.inputs += tuple(self.read(each) for each in found.reads)
        for word, fields in found.before:
            shapes = found.source.meta["known"].shape, after.shape
            step.inputs = (self.emit(node, word, {**fields}, step.inputs[:1], shapes), *step.inputs[1:])
            step.channels = after.shape[1]
        self.add(node, step)

    def _of_two(self, node: Any, name: str) -> bool:
        """Read arithmetic of two values, or of a value and a number or parameter; return whether it is that."""
        after = node.meta["known"]
        if name not in ("maximum", "max"):
            self._arithmetic(node, name, after)
            return True
        if name == "maximum" and any(each.op == "get_attr" for each in node.args):
            self.add(node, self._learned(node, node.args, LEARNED[name], after, name))
        elif self._are_alike(node.args):
            self.add(node, self.step(node, ("max", {}), node.args, after, said=name))
        else:
            return False
        return True

    def _module(self, node: Any, module: nn.Module, after: Any) -> None:
        found = modules.said(module)
        inputs = tuple(each for each in node.args if isinstance(each, fx.Node))
        if isinstance(module, nn.Identity) and len(inputs) == 1 and not str(node.target).rpartition(".")[2].isdigit():
            self.values[node] = self.read(inputs[0])  # only in a list does it take a number
            return
        if isinstance(module, nn.Softmax) and stacks.read(self, node, "softmax", {"dim": module.dim}):
            return
        if len(inputs) != 1:
            found = None
        elif found is None and isinstance(module, nn.Upsample):  # to a size, of which the factor is known here
            given = {"mode": module.mode, "align_corners": module.align_corners}
            found = functions.said("interpolate", given, inputs[0].meta["known"], after)
        elif (cut := modules.cut(module)) is not None:
            self._cut(node, cut)
            return
        step = self.step(node, found, inputs, after, key=str(node.target), said=type(module).__name__)
        step.owns = any(True for _ in module.parameters(recurse=True)) or any(True for _ in module.buffers())
        step.reason = modules.refusal(module) if found is None else ""
        self.add(node, step, in_place=bool(getattr(module, "inplace", False)))

    def _cut(self, node: Any, cut: modules.Cut) -> None:
        """Read a margin of which some sides are negative: rows and columns left out, and others added."""
        value, before = self.read(node.args[0]), node.args[0].meta["known"].shape
        for word, fields in cut:
            value = self.emit(node, word, {**fields}, (value,), (before, node.meta["known"].shape))

    def _function(self, node: Any, name: str, given: dict[str, Any], after: Any) -> None:
        inputs = tuple(nodes_of((node.args, node.kwargs)))
        read = sources_of(name, inputs)
        said = name if isinstance(node.target, str) else str(getattr(node.target, "__name__", node.target))
        found, key = None, owner_of(inputs)
        if len(read) == 1 and isinstance(self.values.get(read[0]), int):
            if self._is_nothing(node, name, read[0]):
                return
            found, key = self._of_one(node, name, tensors_of(given), read[0], key)
            if found is not None and found[0] == "identity":
                self.values[node] = self.read(read[0])
                if name in ("expand", "expand_as"):
                    self._grown[node] = read[0], node.args[1] if name == "expand_as" else None
                return
            if found is not None and found[0] == "permute":
                dims: Any = found[1]["dims"]
                self.values[node] = self.turn(node, self.read(read[0]), read[0].meta["known"].shape, dims)
                return
        step = self.step(node, found, tuple(read), after, key=key or "", said=said)
        step.owns = key is not None
        if step.word == HOLE:
            step.reason = functions.REFUSALS.get(name, "")
            step.fields = {
                "name": name,
                "before": [
                    tuple(each.meta["known"].shape) for each in read if isinstance(each.meta["known"], torch.Tensor)
                ],
                "args": [a for a in node.args if not isinstance(a, fx.Node)],
            }
        in_place = bool(given.get("inplace")) or (isinstance(node.target, str) and node.target.endswith("_"))
        self.add(node, step, in_place=in_place or "inplace" in said)

    def _is_nothing(self, node: Any, name: str, source: fx.Node) -> bool:
        """Read a function after which the values are the same; return whether it is one."""
        before, after = source.meta["known"], node.meta["known"]
        if name == "contiguous" and self._manner.keeps_layout and not before.is_contiguous():
            self.add(node, self.step(node, ("contiguous", {}), (source,), after, said=name))
            return True
        if name not in functions.NOTHING or not isinstance(after, torch.Tensor) or after.dtype != before.dtype:
            return False
        self.values[node] = self.read(source)
        return True

    def _of_one(
        self, node: Any, name: str, given: dict[str, Any], source: fx.Node, key: str | None
    ) -> tuple[modules.Said, str | None]:
        """Return what a page says for a function of one value, and the module that owns its weights."""
        if name == "permute":
            given["dims"] = one_row(node.args[1:])
        if name == "getitem":
            given["index"] = node.args[1]
        found = functions.said(name, given, source.meta["known"], node.meta["known"])
        if key is None and name == "conv2d" and (home := home_of(node)) is not None:
            found = modules.standardized(self._net.get_submodule(home), found)
            key = home if found is not None else None
        if found is not None and (found[0] in _WEIGHTED) != (key is not None):
            found = None
        return found, key

    def emit(self, node: Any, word: str, fields: dict[str, object], inputs: tuple[int, ...], shapes: Shapes) -> int:
        """Return the value of a step that a node needs beside its own; ``shapes`` are those before and after."""
        before, after = shapes
        step = TracedStep(
            word, fields, inputs, -3, channels=before[1], features=before[-1], shape=tuple(after[1:]),
            said=functions.name_of(node.target), place=node.stack_trace or "",
        )  # fmt: skip
        self.add(node, step)
        return step.value

    def turn(self, node: Any, value: int, before: Sequence[int], dims: tuple[int, ...]) -> int:
        """Return a value with its axes in another order; a change that only a page needs is undone by its opposite."""
        source, done, by_page = self._turned.get(value, (value, (), False))
        is_own = functions.name_of(node.target) not in ("permute", "transpose")
        if done and (by_page or is_own) and [done[each] for each in dims] == list(range(len(dims))):
            return source
        shape = [before[each] for each in dims]
        fields: dict[str, object] = {"dims": dims}
        if not is_own and self._manner.channels_first and len(dims) == 4 and dims[-1] == 1:
            fields["channels_first"] = True
        turned = self.emit(node, "permute", fields, (value,), (before, shape))
        self._turned[turned] = value, dims, is_own
        return turned

    def _arithmetic(self, node: Any, word: str, after: Any) -> None:
        one, two = args = tuple(map(_number, node.args))
        for value, number in ((one, two), (two, one)):
            if isinstance(value, fx.Node) and not isinstance(number, (fx.Node, bool)) and number == NEUTRAL.get(word):
                self.values[node] = self.read(value)
                return
        said = {"add": "+", "mul": "*", "sub": "-", "truediv": "/"}[word]
        if word in LEARNED and any(isinstance(each, fx.Node) and each.op == "get_attr" for each in args):
            step = self._learned(node, args, LEARNED[word], after, said)
        elif one is two and word in ("mul", "add"):
            doubled: dict[str, object] = {"scale": 2.0}
            found = ("square", {}) if word == "mul" else ("rescale", doubled)
            step = self.step(node, found, (one,), after, said=said)
        elif all(isinstance(each, fx.Node) for each in args):
            step = self._combined(node, word, after, said)
        else:
            number = rescaled(word, [None if isinstance(each, fx.Node) else each for each in args])
            step = self.step(node, number, tuple(nodes_of(args)), after, said=said)
        in_place = "i" + word in str(getattr(node.target, "__name__", "")) or str(node.target).endswith("_")
        self.add(node, step, in_place=in_place)

    def _are_alike(self, values: tuple[Any, ...]) -> bool:
        """Return whether they are two values of the same shape."""
        if len(values) != 2 or not all(isinstance(self.values.get(each), int) for each in values):
            return False
        return bool(values[0].meta["known"].shape == values[1].meta["known"].shape)

    def _learned(self, node: Any, pair: tuple[Any, Any], word: str, after: Any, said: str) -> TracedStep:
        """Return the product, the sum or the larger one of a value and a parameter."""
        value, weight = pair if pair[1].op == "get_attr" else pair[::-1]
        is_weight = value.op != "get_attr" and str(weight.target) in self._stored
        found = learned(weight, value.meta["known"], word) if is_weight else None
        key = str(weight.target) if found is not None else ""
        step = self.step(node, found, pair if found is None else (value,), after, key=key, said=said)
        step.owns = found is not None
        return step

    def _combined(self, node: Any, word: str, after: Any, said: str) -> TracedStep:
        """Return a sum, a product, a quotient, or a difference, which is the sum with the opposite."""
        one, two = node.args
        same = one.meta["known"].ndim == two.meta["known"].ndim
        if not same or any(each.op == "get_attr" for each in (one, two)):
            return self.step(node, None, (one, two), after, said=said)
        if word not in ("add", "sub"):
            word = "div" if word == "truediv" else word
            return self.step(node, (word, {}), (one, two), after, said=said)
        first, second = (self._spread(node, each, other, after) for each, other in ((one, two), (two, one)))
        if first is None or second is None:
            return self.step(node, None, (one, two), after, said=said)
        if word == "sub":
            second = self.emit(node, "rescale", {"scale": -1.0}, (second,), (after.shape, after.shape))
        step = self.step(node, ("add", {}), (one, two), after, said=said)
        step.inputs = first, second
        return step

    def _spread(self, node: Any, value: Any, other: Any, after: Any) -> int | None:
        """Return a value of a sum, repeated where it has one position or one channel and the other all of them."""
        origin, wide = self._grown.get(value, (value, None if other in self._grown else other))
        small, whole = origin.meta["known"].shape, after.shape
        if small == whole:
            return self.read(value)
        if len(small) != 4 or wide is None or wide.meta["known"].shape != whole:
            return None
        fields: dict[str, object]
        if small == (*whole[:2], 1, 1):
            fields = {}
        elif small == (whole[0], 1, *whole[2:]):
            fields = {"channels": True}
        else:
            return None
        spread = self.step(origin, ("expandas", fields), (origin,), after, said=functions.name_of(node.target))
        spread.reads, spread.place = (self.read(wide),), node.stack_trace or ""
        self.add(node, spread)
        return spread.value

    def step(
        self, node: Any, found: modules.Said, inputs: tuple[Any, ...], after: Any, *, key: str = "", said: str = ""
    ) -> TracedStep:
        """Return a step that reads the values of ``inputs``: an operation with its fields, a hole without one."""
        word, fields = found if found is not None else (HOLE, {})
        flowing = tuple(each for each in inputs if not isinstance(each, fx.Node) or each.op != "get_attr")
        is_mixed = found is None and 0 < len(flowing) < len(inputs)
        inputs = flowing if is_mixed else inputs
        tensors = [
            each.meta["known"]
            for each in inputs
            if isinstance(each, fx.Node) and isinstance(each.meta.get("known"), torch.Tensor)
        ]
        first = tensors[0] if tensors else None
        return TracedStep(
            word,
            dict(fields),
            tuple(self.read(each) for each in inputs),
            -3,
            key,
            channels=int(first.shape[1]) if first is not None and first.ndim > 1 else 0,
            features=int(first.shape[-1]) if first is not None and first.ndim > 1 else 0,
            shape=tuple(after.shape[1:]) if isinstance(after, torch.Tensor) else (),
            said=said,
            place=node.stack_trace or "",
            reason=_NO_WEIGHT if is_mixed else "",
        )

    def add(self, node: Any, step: TracedStep, *, in_place: bool = False) -> None:
        """Give a step its value, which is the node's, and put it where the node was called."""
        step.value = self._next
        self._next += 1
        if not isinstance(self.values.get(node), Several):
            self.values[node] = step.value
        stack = tuple((name, kind) for name, (_, kind) in node.meta.get("nn_module_stack", {}).items())
        paths = tuple(path for _, (path, _) in node.meta.get("nn_module_stack", {}).items())
        if node.op == "call_module":
            stack, paths = stack[:-1], paths[:-1]
        self.steps.append((step, tuple((call, path, kind) for (call, kind), path in zip(stack, paths, strict=True))))
        if in_place and step.inputs and step.inputs[0] >= 0:
            self._alias[step.inputs[0]] = step.value


def _number(argument: Any) -> Any:
    """Return the number that a tensor is of which nothing is learned or stored, and other arguments as they are."""
    fixed = isinstance(argument, fx.Node) and argument.meta.get("fixed") and argument.meta["known"].numel() == 1
    return argument.meta["known"].item() if fixed else argument

"""A network to a graph of torch.fx, in which every value is known while it is traced.

Plain symbolic values stop where Python asks for a size; here each carries the tensor that the real network computes, so
that sizes, lengths and assertions are what they are when the network runs.
"""

from __future__ import annotations

import linecache
import operator
import re
import sys
import traceback
from dis import opname
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn

from builder.importing.wrappers import looked_into

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\w+)')

DROP_PATH = ("DropPath", "StochasticDepth")
"""Classes by whose name stochastic depth is known: they do nothing outside training."""


class AssignedError(Exception):
    """A part of a value is changed; the message says where."""


class Value(fx.Proxy):
    """A value on its way through the network, with the tensor (or the tuple of tensors) that it is."""

    known: Any

    def __getattr__(self, name: str) -> Any:
        """Return a size or a kind as it is; a method or a tensor as another value."""
        found = getattr(self.__dict__["known"], name)
        if callable(found):
            return lambda *args, **kwargs: self.tracer.create_proxy("call_method", name, (self, *args), kwargs)
        if isinstance(found, torch.Tensor):
            return self.tracer.create_proxy("call_function", getattr, (self, name), {})
        return found

    @property  # type: ignore[misc]  # networks ask whether they were given a tensor
    def __class__(self) -> type:
        """Return what the value is, for ``isinstance``; functions in C would take it for the memory of a tensor."""
        if "known" not in self.__dict__ or _is_in_c(sys._getframe(1)):  # noqa: SLF001 - who asks
            return fx.Proxy
        return type(self.__dict__["known"])

    def __len__(self) -> int:
        return len(self.known)

    def __bool__(self) -> bool:
        self._told()
        return bool(self.known)

    def __int__(self) -> int:
        self._told()
        return int(self.known)

    def __float__(self) -> float:
        self._told()
        return float(self.known)

    def _told(self) -> None:
        """Remember that Python was told a value, by which it may choose its way."""
        self.tracer.told.append(  # type: ignore[attr-defined]  # the tracer below
            "".join(traceback.format_list(traceback.extract_stack()[:-2]))
        )

    def __iter__(self) -> Any:
        parts = range(len(self.known))
        return iter([self.tracer.create_proxy("call_function", operator.getitem, (self, each), {}) for each in parts])

    def __setitem__(self, place: Any, value: Any) -> None:
        """Refuse what changes a part of a value: nothing that was made of it before would know."""
        stack = "".join(traceback.format_list(traceback.extract_stack()[:-1]))
        raise AssignedError(f"a value is assigned into a part of another, {where(stack)}")

    def __iadd__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __imul__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})


def _is_in_c(frame: FrameType) -> bool:
    """Return whether a frame stands at the call of a function that is no Python, and not ``isinstance``."""
    code, at = frame.f_code, frame.f_lasti
    if not opname[code.co_code[at]].startswith(("CALL", "PRECALL")):
        return False
    line, _, start, _ = next(islice(code.co_positions(), at // 2, None))
    text = linecache.getline(code.co_filename, line) if line is not None else ""
    if start is None or not text:
        return "isinstance" not in code.co_names
    return not text.encode()[start:].startswith(b"isinstance")


class Tracer(fx.Tracer):
    """Traces with values; modules of ``torch.nn`` and stochastic depth are taken as one operation each."""

    record_stack_traces = True

    def __init__(self, inputs: tuple[torch.Tensor, ...]) -> None:
        super().__init__()
        self.tensors: dict[str, torch.Tensor] = {}
        """Parameters and constants that are read as such, by the target of their node."""
        self.told: list[str] = []
        """Stacks of the places where Python asked for a value, other than a size."""
        self._waiting = list(inputs)
        self._inside = False
        self._names: dict[int, tuple[str, torch.Tensor]] = {}
        self._modules: dict[nn.Module, list[str]] = {}
        """The names of every module: most have one."""

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Return the graph of a module; ``root`` runs once, in the mode that it is in."""
        for name, each in root.named_modules(remove_duplicate=False):
            self._modules.setdefault(each, []).append(name)
        named = [*root.named_parameters(), *root.named_buffers()]
        self._names = {tensor.untyped_storage()._cdata: (name, tensor) for name, tensor in named}  # noqa: SLF001 - what a view shares with its base, also on the meta device
        with torch.no_grad():
            return super().trace(root, concrete_args)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Return whether a module is one operation."""
        return type(m).__name__ in DROP_PATH or super().is_leaf_module(m, module_qualified_name)

    def path_of_module(self, mod: nn.Module) -> str:
        """Return the name of a module; of several that by which the module around the call has it."""
        names = self._modules[mod]
        around = self.scope.module_path
        return str(next((name for name in names if name.rpartition(".")[0] == around), names[0]))

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run what is inside an operation without looking at it, and what no module has as the function that it is."""
        if self._inside or m not in self._modules:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, fx.Proxy]) -> Any:  # noqa: ARG002 - torch.fx's own
        """Return parameters as they are; where they are read, ``create_arg`` names them."""
        return attr_val

    def proxy(self, node: fx.Node) -> Value:
        """Return the value of a node."""
        value = Value(node, self)
        if node.op == "placeholder" and self._waiting:
            value.__dict__["known"] = node.meta["known"] = self._waiting.pop(0)
        return value

    def create_arg(self, a: Any) -> Any:
        """Return a node for a value, also for a parameter that is read."""
        if type(a) is Value:
            return a.node
        if isinstance(a, torch.Tensor):
            return self._tensor(a)
        if isinstance(a, torch.Size):
            return tuple(a)
        if isinstance(a, (torch.dtype, torch.device)):
            return a
        return super().create_arg(a)

    def _tensor(self, tensor: torch.Tensor) -> fx.Node:
        name, whole = self._names.get(tensor.untyped_storage()._cdata, ("", tensor))  # noqa: SLF001 - as above
        is_fixed = not name
        if not name or whole.numel() != tensor.numel():
            name = f"constant{len(self.tensors)}"
        self.tensors[name] = tensor
        node = self.create_node("get_attr", name, (), {})
        node.meta.update(known=tensor, stored=tuple(whole.shape), fixed=is_fixed and not tensor.is_meta)
        return node

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, name: Any = None, type_expr: Any = None,
        proxy_factory_fn: Any = None,
    ) -> Any:  # fmt: skip
        """Record an operation and carry it out; return what is no tensor as it is, as defaults of arguments."""
        if kind == "placeholder" and args and not self._waiting:
            return args[0]
        value = super().create_proxy(kind, target, args, kwargs, name, type_expr, proxy_factory_fn)
        if kind in ("placeholder", "output"):
            return value
        self._inside, before = True, self._inside
        try:
            known = self._run(kind, target, _known(args), _known(kwargs))
        finally:
            self._inside = before
        if not _is_tensors(known):
            self.graph.erase_node(value.node)
            return known
        value.__dict__["known"] = value.node.meta["known"] = known
        return value

    def _run(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        if kind == "call_module":
            return self.root.get_submodule(target).forward(*args, **kwargs)
        if kind == "call_method":
            return getattr(args[0], target)(*args[1:], **kwargs)
        return target(*args, **kwargs)


def _known(value: Any) -> Any:
    if type(value) is Value:
        return value.known
    if type(value) in (tuple, list):
        return type(value)(_known(each) for each in value)
    if type(value) is dict:
        return {name: _known(each) for name, each in value.items()}
    if type(value) is slice:
        return slice(_known(value.start), _known(value.stop), _known(value.step))
    return value


def _is_tensors(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return bool(value) and all(_is_tensors(each) for each in value)
    return isinstance(value, torch.Tensor)


def trace(net: nn.Module, image: torch.Tensor) -> tuple[fx.Graph, list[str]]:
    """Return the graph of a network on one batch of images; every node's ``meta`` knows its tensor.

    And the stacks of the places where its Python asked for values, by which it may choose another way for other images.
    """
    tracer = Tracer((image,))
    with looked_into(lambda each: type(each) is Value):
        return tracer.trace(net), tracer.told


def where(stack: str) -> str:
    """Return the place in the network's own Python, ``file.py:31``, of a stack; empty where it is unknown."""
    frames = [
        each for each in _FRAME.findall(stack) if "/torch/" not in each[0] and "builder/importing/" not in each[0]
    ]
    inner = [each for each in frames if each[2] == "forward"] or frames
    return f"{inner[-1][0]}:{inner[-1][1]}" if inner else ""

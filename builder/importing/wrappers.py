"""What is around a network, and is taken off, and functions that hide their Python, which are looked into."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from builder.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HELD = MappingProxyType(
    {
        "DataParallel": "module",
        "DistributedDataParallel": "module",
        "AveragedModel": "module",
        "OptimizedModule": "_orig_mod",  # what `torch.compile` returns
    }
)
"""Under which name a wrapper has the network, by its class: the keys of its weights begin with it."""

_GONE = "{} is a compiled program of torch.jit, and its Python is gone"


def unwrapped(net: nn.Module, said: str) -> nn.Module:
    """Return a network without what only runs it; raise ArchError where its Python is gone."""
    while isinstance(inner := getattr(net, _HELD.get(type(net).__name__, ""), None), nn.Module):
        net = inner
    scripted = next((name for name, each in net.named_modules() if isinstance(each, torch.jit.ScriptModule)), None)
    if scripted is not None:
        what = f"`{scripted}` of {said}" if scripted else said
        message = _GONE.format(what)
        hint = "import the class or function that makes the network before it is scripted or traced"
        raise ArchError(Diagnostic("bad-import", message, None, hint))
    return net


@contextmanager
def seen_through(net: nn.Module, is_value: Callable[[object], bool]) -> Iterator[None]:
    """Run the Python of compiled and differentiated functions on traced values, which their C++ would crash on."""
    with _scripted(is_value), _differentiated(net, is_value):
        yield


@contextmanager
def _scripted(is_value: Callable[[object], bool]) -> Iterator[None]:
    """Call what was scripted where a value is traced, as ``torch.compile`` does."""
    kind: Any = torch.jit.ScriptFunction
    compiled = kind.__call__

    def call(function: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(map(is_value, (*args, *kwargs.values()))):
            return compiled(function, *args, **kwargs)
        python: Any = getattr(function, "_torchdynamo_inline", None)
        if python is None:
            raise TypeError(_GONE.format("a function"))
        return python(*args, **kwargs)

    kind.__call__ = call
    try:
        yield
    finally:
        kind.__call__ = compiled


@contextmanager
def _differentiated(net: nn.Module, is_value: Callable[[object], bool]) -> Iterator[None]:
    """Call the forward pass alone of functions of autograd: what it keeps for a backward pass is not needed.

    ``apply`` of all of them is exchanged, and where somebody has taken one from its class before, in an attribute of a
    module or a global of its Python, that too.
    """
    function: Any = torch.autograd.Function
    plain = vars(function)["apply"]

    def forward(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(map(is_value, (*args, *kwargs.values()))):
            return plain.__get__(None, cls)(*args, **kwargs)
        is_split = cls.setup_context is not function.setup_context
        return cls.forward(*args, **kwargs) if is_split else cls.forward(_Context(), *args, **kwargs)

    taken = [
        (place, name, value)
        for place in _places(net)
        for name, value in place.items()
        if isinstance(value, MethodType | BuiltinFunctionType) and _is_apply(value)
    ]
    for place, name, value in taken:
        place[name] = partial(forward, value.__self__)
    function.apply = classmethod(forward)
    try:
        yield
    finally:
        function.apply = plain
        for place, name, value in taken:
            place[name] = value


def _is_apply(method: Any) -> bool:
    """Return whether a method is ``apply`` of a function of autograd."""
    owner = method.__self__
    return method.__name__ == "apply" and isinstance(owner, type) and issubclass(owner, torch.autograd.Function)


def _places(net: nn.Module) -> Iterator[dict[str, Any]]:
    """Yield the attributes of every module, and once the globals of each file in which their Python stands."""
    files: dict[int, dict[str, Any]] = {}
    for module in net.modules():
        yield vars(module)
        for cls in type(module).__mro__:
            names = getattr(vars(cls).get("forward"), "__globals__", None)
            if names is not None and not cls.__module__.startswith("torch."):
                files[id(names)] = names
    yield from files.values()


class _Context:
    """What a function of autograd is given, where nothing is differentiated."""

    needs_input_grad: tuple[bool, ...] = ()
    saved_tensors: tuple[torch.Tensor, ...] = ()

    def save_for_backward(self, *tensors: object) -> None:
        """Keep nothing."""

    def mark_dirty(self, *tensors: object) -> None:
        """Note nothing."""

    def mark_non_differentiable(self, *tensors: object) -> None:
        """Note nothing."""

    def set_materialize_grads(self, value: bool) -> None:
        """Note nothing."""

"""What is around a network, and is taken off, and functions that hide their Python, which are looked into."""

from __future__ import annotations

from contextlib import contextmanager
from types import MappingProxyType
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
def looked_into(is_value: Callable[[object], bool]) -> Iterator[None]:
    """Let scripted functions call what was scripted where a value is traced, as ``torch.compile`` does."""
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

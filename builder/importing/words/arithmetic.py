"""Arithmetic with numbers and statistics over axes in the words of a page."""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from builder.importing.words.modules import Said


def axes_of(dim: Any, count: int) -> tuple[int, ...]:
    """Return axes in order, counted from the first; ``count`` are those of the value."""
    if dim is None:
        return ()
    return tuple(sorted(each % count for each in (dim if isinstance(dim, (tuple, list)) else (dim,))))


def statistic(by: str, given: dict[str, Any], before: torch.Tensor) -> dict[str, object] | None:
    """Return the fields of a statistic of which every axis keeps a position."""
    if not given.get("keepdim") or isinstance(given.get("dim"), bool):
        return None
    axes = axes_of(given.get("dim"), before.ndim)
    if not axes or 0 in axes:
        return None
    more = {"correction": int(given.get("correction", given.get("unbiased", True)))} if by in ("var", "std") else {}
    return {"dims": axes, **more}


def rescaled(name: str, numbers: list[Any]) -> Said:
    """Return what a page says for arithmetic with one number; ``numbers`` has None where the value stands."""
    number = next((each for each in numbers if each is not None), None)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return None
    number, is_first = float(number), numbers[0] is not None
    if name in ("mul", "add"):
        return "rescale", {{"mul": "scale", "add": "shift"}[name]: number}
    if name == "sub":
        return "rescale", {"scale": -1.0, "shift": number} if is_first else {"shift": -number}
    if name == "truediv" and not is_first and number:
        is_exact = abs(frexp(number)[0]) == 0.5  # a power of two, whose inverse is a number
        return "rescale", {"scale": 1 / number} if is_exact else {"divisor": number}
    return None


def of_each_value(name: str, args: tuple[Any, ...]) -> Said:
    """Return an operation of each value for itself: a root, or arithmetic with a number."""
    if name in ("sqrt", "rsqrt"):
        return name, {}
    return rescaled(name, [None, args[1]]) if name in ("add", "mul", "sub", "truediv") and len(args) == 2 else None

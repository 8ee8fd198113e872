"""Parameters that stand in no layer: values are multiplied by them, or they are added, or are the least of values."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from builder.importing.words.modules import Said

LEARNED = MappingProxyType({"mul": "scale", "add": "shift", "maximum": "tlu"})
"""What a page calls arithmetic of a value and a parameter."""


def learned(weight: Any, value: torch.Tensor, word: str) -> Said:
    """Return what a page says for a value and the parameter of a node, None where it has no word.

    ``word`` is the page's for their product, their sum or the larger one of them. The shape that the parameter has in
    the ``state_dict`` counts, of which the network may have taken a view.
    """
    known, stored = weight.meta["known"], tuple(weight.meta["stored"])
    fields: dict[str, object]
    if len(stored) == 4 and value.ndim == 4 and stored in ((1, value.shape[1], 1, 1), (1, 1, 1, 1)):
        fields = {"batch": True, **({"single": True} if known.numel() == 1 and value.shape[1] > 1 else {})}
    elif known.numel() == 1 and stored in ((), (1,)):
        fields = {"single": True, **({"vector": True} if stored else {})}
    elif (vector := _is_vector(known, stored, value)) is not None:
        fields = {"vector": vector}
    else:
        return None
    first = known.flatten()[0]
    neutral = 1.0 if word == "scale" else 0.0
    return word, {"init": neutral if first.is_meta else float(first.detach()), **fields}


def _is_vector(known: torch.Tensor, stored: tuple[int, ...], value: torch.Tensor) -> bool | None:
    """Return whether a parameter with one number for each channel is a vector; None where it is something else."""
    if known.ndim == 0:
        return None
    last = known.ndim == 1 or known.shape[-1] == known.numel() > 1
    channels = value.shape[-1] if last else value.shape[1]
    if known.numel() != channels or (not last and (known.ndim < 3 or known.shape[-3] != channels or value.ndim != 4)):
        return None
    if len(stored) == 1:
        return not last
    return False if not last and stored == (channels, 1, 1) else None

"""One layer's constructor as source, outside of any class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.python.names import literal

if TYPE_CHECKING:
    from builder.ops.base import Call


def call_text(call: Call) -> str:
    """Return ``call`` as it stands in source, without the arguments that are PyTorch's defaults."""
    given = (each for each in call.arguments if not each.is_default)
    texts = (f"{each.name}={literal(each.value)}" if each.name else literal(each.value) for each in given)
    return f"{call.function}({', '.join(texts)})"

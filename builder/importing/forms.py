"""A page as a tree: layers, blocks and bodies, before repeated ones become templates and all is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Node: TypeAlias = "LayerForm | BlockForm"

ACTIVATIONS = frozenset(
    [
        *("relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh", "leakyrelu", "prelu", "elu"),
        *("celu", "selu", "mish", "softplus"),
    ]
)
"""Operations that may be a block's ``activation``."""


@dataclass(eq=False)
class LayerForm:
    """A call of an operation or a template, with every field; ``channels`` and ``features`` are what ``$in`` is."""

    word: str
    fields: dict[str, object] = field(default_factory=dict)
    channels: int = 0
    repeat: object = None
    aux: bool = False


@dataclass(eq=False)
class BodyForm:
    """Layers one after another; in a numbered body they have no names."""

    entries: list[tuple[str | None, Node]] = field(default_factory=list)

    @property
    def numbered(self) -> bool:
        """Whether it is a list."""
        return bool(self.entries) and self.entries[0][0] is None


@dataclass(eq=False)
class BlockForm:
    """A block; ``kind`` is the class it was, by which a template is called. An empty shortcut is the identity."""

    kind: str
    layers: BodyForm | None = None
    branches: list[BodyForm] | None = None
    split: bool = False
    shortcut: BodyForm | None = None
    merge: str | None = None
    activation: LayerForm | None = None
    key: str | None = None
    channels: int = 0
    aux: bool = False

    def children(self) -> list[Node]:
        """Return what stands directly inside."""
        bodies = [
            *([self.layers] if self.layers else []),
            *(self.branches or []),
            *([self.shortcut] if self.shortcut else []),
        ]
        return [*(node for body in bodies for _, node in body.entries), *([self.activation] if self.activation else [])]

"""A page as a tree: layers, blocks and bodies, before repeated ones become templates and all is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Node: TypeAlias = "LayerForm | BlockForm"

ACTIVATIONS = frozenset(
    [
        *("relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh", "leakyrelu", "prelu", "elu"),
        *("celu", "selu", "mish", "softplus", "square", "starrelu", "hardtanh"),
    ]
)
"""Operations that may be a block's ``activation``."""


@dataclass(eq=False)
class LayerForm:
    """A call of an operation or a template, with every field; ``channels`` is what ``$in`` is.

    ``value`` is what it makes and ``reads`` what it reads from elsewhere, as numbers of the trace; ``number`` is its
    number in a list.
    """

    word: str
    fields: dict[str, object] = field(default_factory=dict)
    channels: int = 0
    repeat: object = None
    aux: bool = False
    value: int | None = None
    reads: tuple[int, ...] = ()
    number: int | None = None
    again: LayerForm | None = None
    """The layer that it runs a second time."""
    key: str | None = None
    """What it is called in its module, where a page cannot call it so."""


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
    """A block; ``kind`` is the class it was, by which a template is called. An empty shortcut is the identity.

    ``source`` is what enters, ``merged`` what is made where it meets the shortcut and ``value`` what leaves, as numbers
    of the trace; ``number`` is its number in a list.
    """

    kind: str
    layers: BodyForm | None = None
    branches: list[BodyForm] | None = None
    split: bool | list[int | str] = False
    shortcut: BodyForm | None = None
    merge: str | None = None
    activation: LayerForm | None = None
    key: str | None = None
    channels: int = 0
    aux: bool = False
    source: int | None = None
    value: int | None = None
    merged: int | None = None
    number: int | None = None
    shares: tuple[int, ...] = ()
    """The values that branches begin with, where each gets a share of the channels."""

    title: str = ""
    """Its name in the block around it, empty in a list."""

    outward: bool = False
    """Whether something inside reads a value from outside by its path, so that it is no template."""

    def children(self) -> list[Node]:
        """Return what stands directly inside."""
        bodies = [
            *([self.layers] if self.layers else []),
            *(self.branches or []),
            *([self.shortcut] if self.shortcut else []),
        ]
        return [*(node for body in bodies for _, node in body.entries), *([self.activation] if self.activation else [])]

"""Where the walk stands: the block that holds what comes next, and the variables that it sees."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from builder.lowering.names import join
from builder.lowering.scope import Scope
from builder.lowering.selectors import Place

if TYPE_CHECKING:
    from builder.expressions import Result
    from builder.graph import Role
    from builder.shapes import Shape
    from builder.spec.page import Body, Insert

Flow: TypeAlias = "tuple[int, Shape] | None"
"""A value on its way: its node and its shape; None after a mistake."""


@dataclass(frozen=True)
class Frame:
    """The block whose children are being lowered.

    ``module`` is the key under which its layers live, ``beside`` that of its shortcut, ``body`` the items among which
    it looks for others that share a key, ``ordinals`` counts the operations of its lists, ``inserts`` are those whose
    inside it is: they do not act there again.
    """

    path: tuple[str, ...] = ()
    module: str = ""
    scope: Scope = field(default_factory=Scope)
    instances: tuple[tuple[int, str], ...] = ()
    ordinals: dict[str, int] = field(default_factory=dict)
    role: Role = "layer"
    inserts: tuple[Insert, ...] = ()
    beside: str = ""
    body: Body | None = None

    @property
    def place(self) -> Place:
        """The block itself, as selectors see it."""
        return Place(self.path, self.instances)

    def child(self, name: str) -> Place:
        """Return the place of a child."""
        return Place((*self.path, name), self.instances)

    def seeing(self, **variables: Result) -> Frame:
        """Return the same block with more variables."""
        return replace(self, scope=self.scope.seeing(variables))

    def at_home(self) -> Frame:
        """Return the frame of what is inserted into the block: it lives under the block's path."""
        return replace(self, module=join(*self.path))

    def at_side(self) -> Frame:
        """Return the frame of what runs beside the block's layers."""
        return replace(self, module=self.beside, role="projection")

    def ordinal(self, word: str) -> str:
        """Return the address of the next operation ``word`` in this block's list, such as ``conv2``."""
        self.ordinals[word] = self.ordinals.get(word, 0) + 1
        return f"{word}{self.ordinals[word]}"


@dataclass(frozen=True)
class ChildName:
    """What a child is called: its address on the page and its name in its module."""

    segment: str
    place: Place
    key: str
    is_nameless: bool = False

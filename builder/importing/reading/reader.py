"""What readers of single kinds of nodes need of the graph's reading: its values, and ways to add steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import fx

    from builder.importing.steps import TracedStep
    from builder.importing.words import modules

Shapes: TypeAlias = "tuple[Sequence[int], Sequence[int]]"
"""Those before and after a step."""


class Reader(Protocol):
    """A graph that is being read."""

    values: dict[fx.Node, Any]
    """Of each node the number of its value, or what is several values."""
    joined: dict[tuple[int, ...], int]
    """The concatenations by the values that they join."""

    def read(self, node: Any) -> int:
        """Return the value of a node."""

    def emit(self, node: Any, word: str, fields: dict[str, object], inputs: tuple[int, ...], shapes: Shapes) -> int:
        """Return the value of a step that a node needs beside its own."""

    def step(
        self, node: Any, found: modules.Said, inputs: tuple[Any, ...], after: Any, *, key: str = "", said: str = ""
    ) -> TracedStep:
        """Return a step that reads the values of ``inputs``."""

    def add(self, node: Any, step: TracedStep, *, in_place: bool = False) -> None:
        """Give a step its value, which is the node's."""

    def turn(self, node: Any, value: int, before: Sequence[int], dims: tuple[int, ...]) -> int:
        """Return a value with its axes in another order."""

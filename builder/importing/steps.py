"""What was traced, in the words of a page: steps in the order of execution, inside the modules that were called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Unit: TypeAlias = "TracedStep | ModuleCall"
"""What stands in a module's forward: an operation, or a module that was called as one."""

MERGES = ("add", "concat", "mul", "div", "max")
"""Steps that a page writes as ``merge:``."""

HOLE = "?"
"""The word of what a page cannot say."""

READERS = ("condconv",)
"""Steps with several inputs of which a page names all but the first by their path."""

KEYLESS = ("join", "read", "narrow", "expandas", "contiguous")
"""Words of what takes no name among the modules and no number in a list."""


class UnsayableError(Exception):
    """A page has no words for how these values meet; ``step`` is where they do."""

    def __init__(self, reason: str, step: TracedStep | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.step = step


@dataclass(eq=False)
class TracedStep:
    """One operation: the page's word for it, its fields, and the values that it reads and makes.

    ``key`` is the module that it is in the network, empty for a function; ``owns`` says whether weights lie there.
    ``channels`` are those that enter, ``shape`` is that of one image of what leaves. ``said`` and ``place`` are the
    Python that it came from.
    """

    word: str
    fields: dict[str, object]
    inputs: tuple[int, ...]
    value: int
    key: str = ""
    owns: bool = False
    channels: int = 0
    features: int = 0
    shape: tuple[int, ...] = ()
    said: str = ""
    place: str = ""
    reason: str = ""
    """Why it is no operation of a page, where more is known."""
    reads: tuple[int, ...] = ()
    """Values from earlier places, which a page names by their path."""


@dataclass(eq=False)
class ModuleCall:
    """A module that was called: its key, its class, what happened inside, what entered and what left."""

    key: str
    kind: str
    units: list[Unit] = field(default_factory=list)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    place: str = ""

    @property
    def value(self) -> int:
        """The only value that leaves."""
        return self.outputs[0]

"""The graph: what the page means once names are resolved, templates expanded and channels counted.

A flat, ordered list of nodes says what is computed; a tree of blocks says how the page declared it. The
compiler, the figures and the price all read the same two things, and nothing changes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.diagnostics import Mark
    from builder.ops.base import Operation
    from builder.shapes import Shape

Role: TypeAlias = Literal["layer", "projection", "activation", "inserted", "split", "merge"]
LaneKind: TypeAlias = Literal["layers", "shortcut", "branch"]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation at one place. ``inputs`` are indices of the nodes that it reads; -1 is the network's input.

    ``path`` is its name on the page (``block1.conv2``), ``key`` the prefix of its weights in the ``state_dict``
    (``features.6``), empty for a merge, which has no module.
    """

    index: int
    path: str
    key: str
    operation: Operation
    inputs: tuple[int, ...]
    shape: Shape
    role: Role
    mark: Mark


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the parallel ways through a block; without members it is the identity."""

    kind: LaneKind
    members: tuple[BlockMember, ...]
    output: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page, expanded: what enters, the lanes, what happens after they meet.

    In execution order: ``entry`` (inserted at ``in``), the lanes as the page writes them, the node ``merge`` (None
    for a single lane), ``exit`` (inserted at ``pre_activation``, the activation, inserted at ``out``). ``input`` is
    the value that comes in and ``output`` the one that leaves. ``module`` is the key of the module in which its layers
    live. ``points`` gives the value at each named point, after what is inserted there. A ``head`` leaves the network
    in training only: what follows it reads the block's input.
    """

    path: str
    module: str
    template: str | None
    arguments: tuple[tuple[str, object], ...]
    entry: tuple[BlockMember, ...]
    lanes: tuple[Lane, ...]
    merge: int | None
    exit: tuple[BlockMember, ...]
    input: int
    output: int
    points: Mapping[str, int]
    mark: Mark
    head: bool = False

    @property
    def members(self) -> tuple[BlockMember, ...]:
        """Nodes and blocks inside, in execution order, the merge left out."""
        return (*self.entry, *(member for lane in self.lanes for member in lane.members), *self.exit)

    @property
    def name(self) -> str:
        """The last segment of the path; empty for the whole network."""
        return self.path.rpartition(".")[2]

    def blocks(self) -> Iterator[Block]:
        """Yield this block and all blocks inside it, in execution order."""
        yield self
        for member in self.members:
            if isinstance(member, Block):
                yield from member.blocks()

    def nodes(self) -> Iterator[int]:
        """Yield the indices of all nodes inside, in execution order, merges included."""
        after_lanes = len(self.entry) + sum(len(lane.members) for lane in self.lanes)
        for position, member in enumerate(self.members):
            if position == after_lanes and self.merge is not None:
                yield self.merge
            if isinstance(member, Block):
                yield from member.nodes()
            else:
                yield member
        if self.merge is not None and not self.exit:
            yield self.merge


BlockMember: TypeAlias = int | Block
"""A node by its index, or a block."""


@dataclass(frozen=True, slots=True)
class Initialization:
    """One rule of ``init``: a function of ``torch.nn.init`` (without the underscore) or a number, for some parameters.

    ``operation`` is the word of an operation whose every instance is meant, or None; ``targets`` are the keys of the
    parameters that the rule reaches (``features.0.weight``) with their arguments. Later rules win.
    """

    operation: str | None
    template: str | None
    parameter: str
    targets: tuple[tuple[str, str, tuple[tuple[str, object], ...]], ...]
    """For each parameter reached: its key, the function's name or ``constant``, and the arguments."""
    dropped: bool = False
    """Whether a base gives the rule and an edit of the page took its place away."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole network: nodes in execution order, the blocks that declare them, and how weights begin."""

    name: str
    title: str
    input: Shape
    classes: int
    nodes: tuple[Node, ...]
    root: Block
    initializations: tuple[Initialization, ...] = ()
    heads: tuple[Block, ...] = ()
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 1
    """What PyTorch writes beside the weights, ``nn.Module._version``: some of torchvision's loaders ask for theirs."""
    page: Any = field(default=None, compare=False, repr=False)
    """The ``builder.lowering.pages.Merged`` that it was made from, with which it can be written down again."""

    def __repr__(self) -> str:
        """Return the network in a few words."""
        return f"<network {self.title}: input {self.input}, {self.classes} classes, {len(self.nodes)} operations>"

    def _repr_svg_(self) -> str:
        """Return what a notebook shows: its blocks, by the room of figures, which lies above this one."""
        figure: str = import_module("builder.emit.diagram.notebook").picture(self)
        return figure

    @property
    def output(self) -> int:
        """The node whose value is the network's output."""
        return self.root.output

    @property
    def head_nodes(self) -> frozenset[int]:
        """The nodes that run in training only."""
        return frozenset(index for head in self.heads for index in head.nodes())

    def shape(self, index: int) -> Shape:
        """Return the shape of a value; -1 is the network's input."""
        return self.input if index < 0 else self.nodes[index].shape

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Return the shapes that ``node`` reads."""
        return tuple(self.shape(index) for index in node.inputs)

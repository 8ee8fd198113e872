"""A graph as a reader sees it: strands of cells, frames around blocks, forks and the joints where lanes meet.

A strand is read from top to bottom. It is flat, so that strands of several networks can be aligned token by token;
only what runs beside it, the lane of a shortcut and the branches of a split, are strands of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeGuard

from builder.graph import Block
from builder.ops import OPERATIONS
from builder.ops.squeeze_excitation import SqueezeExcitation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from builder.choices import Shapes
    from builder.emit.diagram.scene.theme import BoxKind
    from builder.graph import BlockMember, Graph, Node
    from builder.ops.base import Operation


@dataclass(frozen=True, slots=True)
class OutlineCell:
    """A box, and the parameter-less neighbors that it carries as small lines ``before`` and ``after`` its label.

    ``value`` is the node whose value leaves it, ``shape`` the text on the line that leaves it, and ``taps`` are the
    values that it reads from elsewhere, not a single one from the cell before where it ``starts`` a stream. A
    ``folded`` cell stands for a whole block and bears its title; ``gates`` are the words in its lines that name gates,
    ``holds`` the kinds and labels of all that is inside, by which boxes differ that say the same.
    """

    path: str
    kind: BoxKind
    label: str
    nodes: tuple[int, ...]
    value: int
    shape: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    taps: tuple[int, ...] = ()
    folded: bool = False
    starts: bool = False
    gates: tuple[str, ...] = ()
    holds: tuple[tuple[BoxKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """The upper edge of a block's frame, with its title."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The lower edge of a block's frame."""

    path: str


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a value also goes another way: into the shortcut of the block ``path``, or to cells that tap it."""

    value: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Where the shortcut of the block ``path`` returns; an empty ``lane`` is the identity."""

    path: str
    cell: OutlineCell
    lane: Strand


@dataclass(frozen=True, slots=True)
class OutlineSplit:
    """Parallel branches and the cell in which they meet."""

    path: str
    branches: tuple[Strand, ...]
    cell: OutlineCell


@dataclass(frozen=True, slots=True)
class Head:
    """A block that leaves the network in training only: it reads ``value`` and returns nothing to the strand."""

    path: str
    value: int
    strand: Strand


Token: TypeAlias = OutlineCell | Opening | Closing | Fork | Join | OutlineSplit | Head
Strand: TypeAlias = tuple[Token, ...]

_KINDS: Final[Mapping[str, BoxKind]] = {
    "conv": "conv",
    "linear": "linear",
    "norm": "norm",
    "activation": "activation",
    "pool": "pool",
    "dropout": "dropout",
    "shape": "shape",
    "gate": "gate",
    "scale": "scale",
    "merge": "joint",
}
_SMALL: Final[tuple[BoxKind, ...]] = ("dropout", "shape")  # without parameters: a neighbor may carry them
_PREPARED: Final[tuple[BoxKind, ...]] = ("conv", "projection", "linear")
_FOLLOWED: Final[tuple[BoxKind, ...]] = (*_PREPARED, "pool")


def outline(
    graph: Graph, *, shapes: Shapes = "changes", compact: bool = False, whole: Callable[[Block], bool] = lambda _: False
) -> Strand:
    """Return the whole network as one strand; ``compact`` leaves out the shapes inside frames.

    Blocks for which ``whole`` holds are gates, one cell each.
    """
    strand = _Outline(graph, shapes, whole).network()
    return _without_inner_shapes(strand) if compact else strand


def cells(strand: Strand) -> Iterable[OutlineCell]:
    """Yield every cell of a strand, those of lanes and branches included."""
    for token in strand:
        match token:
            case OutlineCell():
                yield token
            case Join():
                yield from cells(token.lane)
                yield token.cell
            case OutlineSplit():
                for branch in token.branches:
                    yield from cells(branch)
                yield token.cell
            case Head():
                yield from cells(token.strand)


def humanize(path: str) -> str:
    """Return the title of a block: ``Block 1`` for block1, with its numbers ``layer1.0``, else its own name.

    >>> humanize("features.block1"), humanize("layer1.0"), humanize("net.blocks.6.0"), humanize("Mixed_5b")
    ('Block 1', 'layer1.0', 'blocks.6.0', 'Mixed_5b')
    """
    numbered = re.search(r"(?:[^.]+\.)?\d+(?:\.\d+)*$|[^.]*$", path)
    name = numbered[0] if numbered else path
    simple = re.fullmatch(r"([a-z]+)(\d*)", name)
    return f"{simple[1].capitalize()} {simple[2]}".strip() if simple else name


class _Outline:
    """Walks the blocks of one graph."""

    def __init__(self, graph: Graph, shapes: Shapes, whole: Callable[[Block], bool]) -> None:
        """Find out which values are tapped."""
        self.graph = graph
        self.shapes = shapes
        self.whole = whole
        self.tapped = {value for node in graph.nodes if node.role != "merge" for value in _taps(node)}
        self.owners = {node.key: node for node in reversed(graph.nodes) if node.key}

    def network(self) -> Strand:
        """Return the strand of the whole network."""
        source = OutlineCell("", "input", f"Input  {self.graph.input}", (), -1)
        return tuple(self._with_taps([source, *self._block(self.graph.root, framed=False)]))

    def _block(self, block: Block, *, framed: bool = True, aside: bool = False) -> list[Token]:
        """Return the tokens of a block: what is inserted before it, its lanes with their joint, what stands after."""
        if self.whole(block):
            body: list[Token] = [self._gate(block)]
        else:
            body = self._lanes(block, framed=framed and not aside, aside=aside)
        return [*self._members(block.entry, aside=aside), *body, *self._members(block.exit, aside=aside)]

    def _gate(self, block: Block) -> OutlineCell:
        """Return the cell of a block that is a gate, without what is inserted before and after it."""
        beside = {node for each in (*block.entry, *block.exit) for node in _nodes(each)}
        nodes = tuple(node for node in block.nodes() if node not in beside)
        taps = (value for node in nodes for value in _taps(self.graph.nodes[node]))
        foreign = tuple(value for value in taps if value not in nodes and value != self._value_into(block))
        return OutlineCell(block.path, "gate", block.template or humanize(block.path), nodes, nodes[-1], taps=foreign)

    def _lanes(self, block: Block, *, framed: bool, aside: bool) -> list[Token]:
        """Return the layers of a block, and with a shortcut the fork before and the joint after them."""
        main = next((lane for lane in block.lanes if lane.kind == "layers"), None)
        if main is None:
            return self._framed(block, [self._split(block, aside=aside)] if block.lanes else [], framed=framed)
        inner = self._framed(block, self._members(main.members, aside=aside), framed=framed)
        if block.merge is None:
            return inner
        lane = next(lane for lane in block.lanes if lane.kind == "shortcut")
        value = self._value_into(block)
        join = Join(block.path, self._joint(block.merge), tuple(self._members(lane.members, aside=True)))
        return [Fork(value, block.path), *inner, join]

    def _framed(self, block: Block, inner: list[Token], *, framed: bool) -> list[Token]:
        """Put a frame around ``inner``, but not around a single box nor a second one around a single block."""
        if not framed or sum(1 for _ in block.nodes()) < 2:
            return inner
        if isinstance(inner[0], Opening) and inner[-1] == Closing(inner[0].path):
            inner = inner[1:-1]
        return [Opening(block.path, _title(block)), *inner, Closing(block.path)]

    def _split(self, block: Block, *, aside: bool) -> OutlineSplit:
        """Return the branches of a block, side by side."""
        assert block.merge is not None, "branches always meet"
        branches = tuple(tuple(self._with_taps(self._members(lane.members, aside=aside))) for lane in block.lanes)
        return OutlineSplit(block.path, branches, self._joint(block.merge))

    def _joint(self, index: int) -> OutlineCell:
        """Return the cell of a merge."""
        node = self.graph.nodes[index]
        label = node.operation.label(*self.graph.input_shapes(node))
        kind: BoxKind = "sum" if node.operation.kind in ("add", "mul", "div", "max") else "joint"
        return OutlineCell(node.path, kind, label, (index,), index, self._shape_after(node))

    def _value_into(self, block: Block) -> int:
        """Return the value that reaches the lanes of a block."""
        last = block.entry[-1] if block.entry else block.input
        return last.output if isinstance(last, Block) else last

    def _members(self, members: tuple[BlockMember, ...], *, aside: bool) -> list[Token]:
        """Return the tokens of what stands in sequence; small operations join the box beside them."""
        tokens: list[Token] = []
        for member in members:
            if isinstance(member, Block) and member.head:
                strand = tuple(self._with_taps(self._block(member)))
                tokens.append(Head(member.path, member.input, strand))
            elif isinstance(member, Block):
                tokens += self._block(member, aside=aside)
            else:
                tokens.append(self._cell(self.graph.nodes[member], aside=aside))
        return self._carried_by_left(self._carried_by_right(tokens))

    def _carried_by_right(self, tokens: list[Token]) -> list[Token]:
        """Fold small operations into the layer that they prepare; a flatten belongs to what it follows."""
        result: list[Token] = []
        for token in reversed(tokens):
            carrier = result[-1] if result else None
            if self._is_small(token) and token.label != "Flatten" and _is(carrier, _PREPARED):
                both = (*token.nodes, *carrier.nodes)
                result[-1] = replace(carrier, nodes=both, before=(token.label, *carrier.before))
            else:
                result.append(token)
        return result[::-1]

    def _carried_by_left(self, tokens: list[Token]) -> list[Token]:
        """Fold the small operations that are left into the box that they follow."""
        result: list[Token] = []
        for token in tokens:
            carrier = result[-1] if result else None
            if self._is_small(token) and _is(carrier, _FOLLOWED) and carrier.value not in self.tapped:
                result[-1] = replace(
                    carrier,
                    nodes=(*carrier.nodes, *token.nodes),
                    value=token.value,
                    shape=token.shape or carrier.shape,
                    after=(*carrier.after, token.label),
                )
            else:
                result.append(token)
        return result

    def _is_small(self, token: Token) -> TypeGuard[OutlineCell]:
        """Return whether a neighbor may carry this token."""
        return _is(token, _SMALL) and token.value not in self.tapped and not token.starts

    def _cell(self, node: Node, *, aside: bool) -> OutlineCell:
        """Return the cell of one operation."""
        family = node.operation.family
        projects = family == "conv" and (aside or node.role == "projection")
        return OutlineCell(
            path=node.path,
            kind="projection" if projects else _KINDS[family],
            label=node.operation.label(*self.graph.input_shapes(node)),
            nodes=(node.index,),
            value=node.index,
            shape="" if aside else self._shape_after(node),
            after=(*_unusual(node.operation), *self._reused(node)),
            taps=_taps(node),
            starts=_starts(node),
        )

    def _reused(self, node: Node) -> tuple[str, ...]:
        """Name the layer whose weights this one has too, if there is one."""
        owner = self.owners.get(node.key, node)
        return (f"weights of {owner.path.rpartition('.')[2]}",) if owner is not node else ()

    def _shape_after(self, node: Node) -> str:
        """Return the text of the value's shape where it is news; what a linear layer gives stands in its box."""
        shapes = self.graph.input_shapes(node)
        changed = any(shape != node.shape for shape in (shapes if node.role == "merge" else shapes[:1]))
        news = changed and node.operation.family != "linear"
        return str(node.shape) if self.shapes == "all" or (self.shapes == "changes" and news) else ""

    def _with_taps(self, tokens: list[Token]) -> list[Token]:
        """Put a fork after what yields a value that is tapped, unless a fork stands there already."""
        result: list[Token] = []
        for position, token in enumerate(tokens):
            result.append(token)
            value = value_of(token)
            following = tokens[position + 1] if position + 1 < len(tokens) else None
            if value in self.tapped and not isinstance(following, Fork):
                result.append(Fork(value))
        return result


def _nodes(member: BlockMember) -> Iterable[int]:
    """Return the nodes of a member of a block."""
    return member.nodes() if isinstance(member, Block) else (member,)


def _starts(node: Node) -> bool:
    """Return whether a node reads nothing from the one before."""
    return node.operation.place is not None and node.operation.place.instead


def _taps(node: Node) -> tuple[int, ...]:
    """Return the values that a node reads from elsewhere."""
    return node.inputs if _starts(node) else node.inputs[1:]


def _unusual(operation: Operation) -> tuple[str, ...]:
    """Name the activations of a gate where they are not those of the paper.

    https://arxiv.org/abs/1709.01507
    """
    if not isinstance(operation, SqueezeExcitation) or (operation.activation, operation.gate) == ("relu", "sigmoid"):
        return ()
    return (" · ".join(OPERATIONS[each]().label() for each in (operation.activation, operation.gate)),)


def _title(block: Block) -> str:
    """Return the title of a block, spelled as its template where that has the same name: ``ECA``, not ``Eca``."""
    name = block.path.rpartition(".")[2]
    return block.template if block.template and block.template.lower() == name else humanize(block.path)


def _is(token: Token | None, kinds: tuple[BoxKind, ...]) -> TypeGuard[OutlineCell]:
    """Return whether a token is a cell of one of these kinds."""
    return isinstance(token, OutlineCell) and token.kind in kinds


def value_of(token: Token) -> int | None:
    """Return the value that leaves a token."""
    match token:
        case OutlineCell():
            return token.value
        case Join() | OutlineSplit():
            return token.cell.value
    return None


def _without_inner_shapes(strand: Strand) -> Strand:
    """Leave out the shapes between boxes inside a frame: a comparison is about what differs."""
    tokens: list[Token] = []
    depth = 0
    for token, following in zip(strand, (*strand[1:], None), strict=True):
        depth += isinstance(token, Opening) - isinstance(token, Closing)
        inner = depth > 0 and not isinstance(following, Closing)
        tokens.append(replace(token, shape="") if inner and isinstance(token, OutlineCell) else token)
    return tuple(tokens)

"""What ``import_names.py`` asks of a page beyond its outputs, found without the importer.

``residual_sums`` runs the network itself and finds its residual additions among the operators that PyTorch calls;
``shortcut_sums`` finds those of a page. ``repeated_blocks`` reads a page's YAML for blocks that differ only in numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
import yaml
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from builder.graph import Graph

Shape = tuple[int, ...]
BODIES = {"layers", "branches", "shortcut"}
"""Parts of a block that are no blocks."""


@dataclass
class Operator:
    """One operator that ran: the earlier ones whose values it read, and the shape of a sum of two equal shapes."""

    reads: tuple[int, ...]
    sums: Shape | None
    depth: int = 0
    """How many operators lie on every way to it."""
    gate: int = -1
    """The last operator that every way to it passes."""
    readers: list[int] = field(default_factory=list)


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # PyTorch says nothing of its kinds
    """Keeps every operator that reads what the image has become."""

    def __init__(self, image: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self.operators = [Operator((), None)]
        self._makers = {id(image): 0}
        self._kept: list[torch.Tensor] = [image]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        read = [each for each in tree_leaves((args, kwargs or {})) if isinstance(each, torch.Tensor)]
        found = func(*args, **(kwargs or {}))
        reads = tuple(self._makers[id(each)] for each in read if id(each) in self._makers)
        if reads:
            is_sum = func.overloadpacket in (torch.ops.aten.add, torch.ops.aten.add_) and len(reads) == 2
            shapes = {tuple(each.shape) for each in read}
            self._note(Operator(reads, shapes.pop()[1:] if is_sum and len(shapes) == 1 else None))
            for each in tree_leaves(found):
                if isinstance(each, torch.Tensor):
                    self._makers[id(each)] = len(self.operators) - 1
                    self._kept.append(each)  # so that no other tensor gets its identity
        return found

    def _note(self, made: Operator) -> None:
        gates = set(made.reads)
        while len(gates) > 1:  # the deepest goes back to what every way to it passes, until they are the same
            deepest = max(gates, key=lambda each: self.operators[each].depth)
            gates = gates - {deepest} | {self.operators[deepest].gate}
        made.gate = gates.pop()
        made.depth = self.operators[made.gate].depth + 1
        for each in set(made.reads):
            self.operators[each].readers.append(len(self.operators))
        self.operators.append(made)


def residual_sums(net: nn.Module, image: torch.Tensor) -> Counter[Shape]:
    """Return the shapes of the additions that a ``shortcut`` can say, in evaluation mode.

    Those are sums of two values of one shape that two ways from one value lead to, either of which may be the value
    itself, if nothing else reads what is made on these ways. Sums of three and more such ways are left out: they are
    ``branches``.
    """
    with torch.no_grad(), _Recorder(image) as recorder:
        net.eval()(image)
    operators = recorder.operators
    found: Counter[Shape] = Counter()
    for index, each in enumerate(operators):
        if each.sums is not None and not _is_one_of_many(operators, index) and _has_two_ways(operators, index):
            found[each.sums] += 1
    return found


def _is_one_of_many(operators: list[Operator], index: int) -> bool:
    """Return whether a sum is added to what comes from the same value, or such a sum is added here."""
    own = operators[index]

    def joins(one: int, two: int) -> bool:
        return bool(operators[two].sums) and operators[one].gate == operators[two].gate

    behind = len(own.readers) == 1 and joins(index, own.readers[0])
    return behind or any(operators[each].sums and joins(each, index) for each in own.reads)


def _has_two_ways(operators: list[Operator], index: int) -> bool:
    own = operators[index]
    ways = [_way(operators, each, own.gate) for each in own.reads]
    inside = {*ways[0], *ways[1]}
    closed = all(reader in inside or reader == index for each in inside for reader in operators[each].readers)
    return bool(inside) and not ways[0] & ways[1] and closed


def _way(operators: list[Operator], end: int, begin: int) -> set[int]:
    wanted, found = [end], set()
    while wanted:
        each = wanted.pop()
        if each != begin and each not in found:
            found.add(each)
            wanted += operators[each].reads
    return found


def shortcut_sums(graph: Graph) -> Counter[Shape]:
    """Return the shapes of the sums of a page that are shortcuts."""
    found: Counter[Shape] = Counter()
    for block in graph.root.blocks():
        if block.merge is not None and any(lane.kind == "shortcut" for lane in block.lanes):
            node = graph.nodes[block.merge]
            if node.operation.kind == "add":
                found[node.shape.sizes] += 1
    return found


def repeated_blocks(text: str) -> list[str]:
    """Return blocks that stand on a page more than once, but for their numbers, and equal neighbors, by their names.

    Blocks of a single layer are as short as a call would be, and what reads values from outside cannot be a template.
    """
    page = yaml.safe_load(text)
    seen: dict[Hashable, list[str]] = defaultdict(list)
    found: list[str] = []

    def visit(path: str, node: Any) -> None:
        if isinstance(node, list):
            found.extend(path for one, two in pairwise(node) if one == two and _is_call(one))
        before, _, own = path.rpartition(".")
        is_block = own not in BODIES and not before.endswith(".branches")
        if is_block and _size(node) > 1 and "from" not in set(_words(node)):
            seen[_plain(node)].append(path)
        for name, inner in _inside(node):
            visit(f"{path}.{name}", inner)

    for name, body in page.get("templates", {}).items():
        visit(name, {word: each for word, each in body.items() if word != "params"})
    for name, body in _inside(page["layers"]):
        visit(name, body)
    return [*found, *(" = ".join(paths) for paths in seen.values() if len(paths) > 1)]


def _is_call(entry: Any) -> bool:
    return isinstance(entry, dict) and any(word[0].isupper() for word in entry)


def _inside(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the blocks directly inside a block, and the bodies of which it consists."""
    if isinstance(node, list):
        yield from ((str(number), each) for number, each in enumerate(node) if _is_body(each))
    elif isinstance(node, dict):
        yield from ((str(name), each) for name, each in node.items() if name != "from" and _is_body(each))


def _is_body(node: Any) -> bool:
    if isinstance(node, list):
        return any(isinstance(each, (dict, str)) for each in node) and not all(isinstance(each, int) for each in node)
    return isinstance(node, dict) and any(isinstance(each, (dict, list)) for each in node.values())


def _size(node: Any) -> int:
    """Return the number of layers in a block, 0 for a body that is only a part of one."""
    if isinstance(node, list):
        return len(node)
    if isinstance(node, dict) and ("layers" in node or "branches" in node):
        return sum(len(each) for each in (node.get("layers"), node.get("branches"), node.get("shortcut")) if each)
    return 0


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, each in node.items():
            yield str(name)
            yield from _words(each)
    elif isinstance(node, list):
        for each in node:
            yield from _words(each)


def _plain(node: Any) -> Hashable:
    """Return a node without its numbers and expressions."""
    if isinstance(node, dict):
        return tuple((name, _plain(each)) for name, each in node.items())
    if isinstance(node, list):
        return ("list", *map(_plain, node))
    return "#" if not isinstance(node, str) or "$" in node else node

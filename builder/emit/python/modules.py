"""Which blocks are modules, and where every weight lives: a tree made from keys alone.

A block is a module that is called as one if it has a key of its own, all its layers live under that key and nothing
else does. Keys that belong to no such block make mere containers: ``features``, which three blocks of AlexNet share.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from builder.graph import Block

if TYPE_CHECKING:
    from builder.graph import Graph, Node


@dataclass(eq=False, slots=True)
class Layer:
    """A leaf of the tree: the module of an operation, or its bare parameter. ``node`` is the first that uses it."""

    name: str
    node: Node
    parent: Module


@dataclass(eq=False, slots=True)
class Module:
    """A block that is called as one; without ``block``, a container whose children are called one by one."""

    name: str
    parent: Module | None
    block: Block | None
    children: dict[str, ModulePart] = field(default_factory=dict)

    @property
    def owner(self) -> Module | None:
        """The module called as one around this one."""
        outer = self.parent
        while outer is not None and outer.block is None:
            outer = outer.parent
        return outer

    @property
    def is_numbered(self) -> bool:
        """Whether the children are modules called 0, 1, 2 and so on, as in ``nn.Sequential``."""
        return all(
            name == str(number) and (isinstance(child, Module) or child.node.operation.is_module)
            for number, (name, child) in enumerate(self.children.items())
        )


ModulePart: TypeAlias = Layer | Module
"""What a module consists of."""


@dataclass(frozen=True, slots=True)
class ModuleTree:
    """All modules. ``homes`` has, for every node, the module whose forward runs it; ``parts`` finds any by its key."""

    root: Module
    parts: dict[str, ModulePart]
    homes: tuple[Module, ...]

    def called(self, block: Block) -> Module | None:
        """Return the module that a block is, or None where its layers are written into the forward around it."""
        part = self.parts.get(block.module)
        return part if isinstance(part, Module) and part.block is block else None


def module_tree(graph: Graph) -> ModuleTree:
    """Return the tree of modules, children in the order in which the graph first names them."""
    blocks = _called_blocks(graph)
    root = Module("", None, graph.root)
    parts: dict[str, ModulePart] = {"": root}
    for node in graph.nodes:
        if node.key and node.key not in parts:
            _add(node, parts, blocks)
    tree = ModuleTree(root, parts, ())
    homes = [root] * len(graph.nodes)
    _settle(graph.root, root, tree, homes)
    return ModuleTree(root, parts, tuple(homes))


def _add(node: Node, parts: dict[str, ModulePart], blocks: dict[str, Block]) -> None:
    """Add a layer, and the modules on the way to it that are not there yet."""
    parent, key = parts[""], ""
    *outer, last = node.key.split(".")
    for name in outer:
        assert isinstance(parent, Module), f"{key} is a layer and cannot hold {node.key}"
        key = f"{key}.{name}" if key else name
        if key not in parts:
            parts[key] = parent.children[name] = Module(name, parent, blocks.get(key))
        parent = parts[key]
    assert isinstance(parent, Module), f"{key} is a layer and cannot hold {node.key}"
    parts[node.key] = parent.children[last] = Layer(last, node, parent)


def _settle(block: Block, home: Module, tree: ModuleTree, homes: list[Module]) -> None:
    """Note for every node inside ``block`` the module that runs it."""
    if block.merge is not None:
        homes[block.merge] = home
    for member in block.members:
        if isinstance(member, Block):
            _settle(member, tree.called(member) or home, tree, homes)
        else:
            homes[member] = home


def _called_blocks(graph: Graph) -> dict[str, Block]:
    """Return the blocks that are modules of their own, by key."""
    below = Counter(prefix for node in graph.nodes for prefix in _prefixes(node.key))
    called: dict[str, Block] = {}

    def visit(block: Block, owner: str) -> None:
        for inner in block.members:
            if not isinstance(inner, Block):
                continue
            is_called = inner.module != block.module and inner.module not in called and owns(inner, owner)
            if is_called:
                called[inner.module] = inner
            visit(inner, inner.module if is_called else owner)

    def owns(block: Block, owner: str) -> bool:
        keys = [graph.nodes[index].key for index in block.nodes() if graph.nodes[index].key]
        inside = all(key.startswith(f"{block.module}.") for key in keys)
        beneath = not owner or block.module.startswith(f"{owner}.")
        return bool(keys) and inside and beneath and len(keys) == below[block.module]

    visit(graph.root, "")
    return called


def _prefixes(key: str) -> list[str]:
    """Return the keys of all modules around ``key``."""
    segments = key.split(".")
    return [".".join(segments[:length]) for length in range(1, len(segments))]

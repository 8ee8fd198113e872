"""Chains of items to bodies: names, numbers and keys, so that every weight lies where the network has it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from builder.importing import modules
from builder.importing.forms import ACTIVATIONS, BlockForm, BodyForm, LayerForm
from builder.importing.steps import HOLE, TracedStep
from builder.importing.structure import Joint, Region, UnsayableError
from builder.lowering.names import TAKEN, join
from builder.spec.page import POINTS

if TYPE_CHECKING:
    from torch import nn

    from builder.importing.forms import Node
    from builder.importing.structure import Item, Structure

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_SHORT = {"adaptiveavgpool": "pool", "maxpool": "pool", "avgpool": "pool", "adaptivemaxpool": "pool"}
_GATES = ("relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh")


@dataclass
class Names:
    """What is taken in one module: names, and the next number."""

    taken: set[str] = field(default_factory=set)
    following: int = 0
    keyed: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    def fresh(self, wanted: str) -> str:
        """Return a name that nothing has yet."""
        name, number = wanted, 2
        while name in self.taken or name in POINTS or name in TAKEN:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return name


class PageLayout:
    """One network on its way to a body."""

    def __init__(self, net: nn.Module, structure: Structure) -> None:
        self._structure = structure
        self._modules = dict(net.named_modules())
        self._names: dict[str, Names] = {}
        self.sums = 0
        """Sums of two lanes that are no shortcut, because the language has no key for what lies on it."""
        self.used: set[str] = set()
        """Keys of the modules whose weights a layer has."""

    def body(self, items: list[Item], module: str) -> BodyForm:
        """Return the items of one module as a body in it."""
        items = self._grouped(self._gates(items), module)
        parts = self._runs(items, module)
        if len(parts) == 1 and isinstance(parts[0], list):
            return BodyForm([(None, node) for node in self._numbered(parts[0], module)])
        entries: list[tuple[str | None, Node]] = []
        for part in parts:
            if isinstance(part, list):
                inside = BodyForm([(None, node) for node in self._numbered(part, module)])
                entries.append((self._of(module).fresh("part"), BlockForm("Part", inside, key=".")))
            else:
                entries.append(self._named(part, module))
        return BodyForm(entries)

    def _of(self, module: str) -> Names:
        if module not in self._names:
            children = self._modules[module].named_children() if module in self._modules else ()
            self._names[module] = Names({name for name, _ in children})
        return self._names[module]

    def _gates(self, items: list[Item]) -> list[Item]:
        """Return the items in their simplest form; modules that are one operation on weights of their own are that."""
        result: list[Item] = []
        for each in map(simplified, items):
            result += inner if isinstance(each, Region) and (inner := opened(each)) is not None else [each]
        return result

    def _grouped(self, items: list[Item], module: str) -> list[Item]:
        """Return the items with those that lie deeper in one child put together, as that child."""
        heads = [_head(each, module) for each in items]
        result: list[Item] = []
        position = 0
        while position < len(items):
            head = heads[position]
            if head is None or not head[1]:
                result.append(items[position])
                position += 1
                continue
            end = position
            for later in range(position + 1, len(items)):
                if heads[later] == head:
                    end = later
                elif heads[later] is not None or isinstance(items[later], Joint):
                    break
            key = join(module, head[0])
            kind = type(self._modules[key]).__name__ if key in self._modules else head[0]
            result.append(Region(key, kind, items[position : end + 1], _channels(items[position])))
            position = end + 1
        return result

    def _runs(self, items: list[Item], module: str) -> list[Item | list[Item]]:
        """Return the items with those that have numbers in lists; what has none may only follow the last of a list."""
        runs: list[Item | list[Item]] = []
        for item in items:
            if _own(item, module).isdigit():
                if runs and isinstance(runs[-1], list):
                    runs[-1].append(item)
                else:
                    runs.append([item])
            else:
                runs.append(item)
        lists = [each for each in runs if isinstance(each, list)]
        if (
            len(lists) == 1
            and isinstance(runs[0], list)
            and all(isinstance(each, TracedStep) and not each.owns and each.word != HOLE for each in runs[1:])
        ):
            return [[*runs[0], *runs[1:]]]  # type: ignore[list-item]  # only the first is a list
        return runs

    def _numbered(self, items: list[Item], module: str) -> list[Node]:
        names = self._of(module)
        nodes: list[Node] = []
        for item in items:
            own = _own(item, module)
            if own.isdigit():
                if int(own) < names.following:
                    raise UnsayableError(
                        f"`{join(module, own)}` runs after a later number of its module", first_step(item)
                    )
                while names.following < int(own):
                    nodes.append(self._idle(join(module, str(names.following))))
                    names.following += 1
                names.keyed[own] = own
            nodes.append(self._node(item))
            names.following += 1
        return nodes

    def _idle(self, key: str) -> LayerForm:
        """Return what takes the number of a module that does nothing."""
        idle = self._modules.get(key)
        if idle is None:
            return LayerForm("identity")
        if any(True for _ in idle.parameters()) or any(True for _ in idle.buffers()):
            raise UnsayableError(f"`{key}` has weights and does not run, and a later number does", None)
        found = modules.said(idle)
        return (
            LayerForm(*found)
            if found is not None and found[0] in ("dropout", "stochasticdepth")
            else LayerForm("identity")
        )

    def _named(self, item: Item, module: str) -> tuple[str, Node]:
        names, own = self._of(module), _own(item, module)
        if isinstance(item, Joint):
            return names.fresh(self._joint_name(item)), self._joint(item, module)
        if own and own in names.keyed and isinstance(item, TracedStep):
            if item.owns:
                return names.fresh(f"{own}_again"), LayerForm("reuse", {"layer": names.keyed[own]})
            return names.fresh(own), self._node(item)
        if not own or (own in POINTS and isinstance(item, TracedStep) and not item.owns):
            wanted = (
                item.key.rpartition(".")[2]
                if isinstance(item, TracedStep) and _NAME.match(item.key.rpartition(".")[2])
                else _SHORT.get(getattr(item, "word", ""), getattr(item, "word", ""))
            )
            return names.fresh(wanted if _NAME.match(wanted) else "hole"), self._node(item)
        if not _NAME.match(own) or own in POINTS or own in names.keyed:
            if isinstance(item, TracedStep):
                return names.fresh("hole"), self._hole(item, f"`{own}` cannot be the name of a layer")
            return self._again(item, own, names)
        names.keyed[own] = own
        node = self._node(item)
        names.nodes[own] = node
        return own, node

    def _again(self, item: Item, own: str, names: Names) -> tuple[str, Node]:
        """Return a part of a module that the page has a block of already, or whose name it cannot have, by its key."""
        first, node = names.nodes.get(own), self._node(item)
        if not isinstance(node, BlockForm) or not isinstance(first, BlockForm | None) or not _KEY.match(own):
            return names.fresh("hole"), self._hole(first_step(item), f"`{own}` cannot be the name of a block")
        node.key = own
        if first is not None:
            first.key = own
        return names.fresh(f"{own}_part" if _NAME.match(own) else "block"), node

    def _hole(self, item: TracedStep, reason: str) -> LayerForm:
        """Return what stands for an operation that has no place on a page."""
        self._structure.holes.append((item, reason))
        return LayerForm(self._structure.hole_word(item))

    def _node(self, item: Item) -> Node:
        if isinstance(item, TracedStep):
            if item.word == HOLE:
                return LayerForm(self._structure.hole_word(item))
            if item.owns:
                self.used |= {item.key, *(f"{item.key}.{part}" for part in ("fc1", "fc2"))}
            channels = item.features if item.word in ("linear", "layernorm") else item.channels
            return LayerForm(item.word, dict(item.fields), channels)
        assert isinstance(item, Region)
        return self._block(item)

    def _block(self, region: Region) -> Node:
        """Return a module that was called as a block, or a hole where a page has no names for its layers."""
        try:
            return self._laid_out(region)
        except UnsayableError as error:
            step = error.step or first_step(region)
            return self._hole(replace(step, said=region.kind), error.reason)

    def _laid_out(self, region: Region) -> BlockForm:
        items = self._gates(region.items)
        joint = items[0] if items else None
        if isinstance(joint, Joint) and (form := _shortcut(joint)) is not None and len(items) <= 2:
            after = items[1] if len(items) == 2 else None
            if after is None or (isinstance(after, TracedStep) and after.word in ACTIVATIONS and not after.owns):
                main, side = form
                layers = self.body(main, region.key)
                shortcut = self.body(side, region.key)
                activation = (
                    LayerForm(after.word, dict(after.fields), after.channels) if isinstance(after, TracedStep) else None
                )
                merge = None if joint.word == "add" else joint.word
                return BlockForm(
                    region.kind, layers, shortcut=shortcut, merge=merge, activation=activation, channels=region.channels
                )
        if isinstance(joint, Joint) and len(items) == 1:
            block = self._joint(joint, region.key)
            block.kind, block.key = region.kind, None
            return block
        return BlockForm(region.kind, self.body(region.items, region.key), channels=region.channels)

    def _joint(self, joint: Joint, module: str) -> BlockForm:
        """Return lanes that meet among other layers; they make no level of keys."""
        form = _shortcut(joint)
        if form is not None:
            main, side = form
            layers = self.body(main, module)
            merge = None if joint.word == "add" else joint.word
            return BlockForm(
                "Joint", layers, shortcut=self.body(side, module), merge=merge, key=".", channels=joint.channels
            )
        merge = None if joint.word == "concat" else joint.word
        self.sums += joint.word == "add" and len(joint.lanes) == 2
        return BlockForm(
            "Joint",
            branches=[self.body(lane, module) for lane in joint.lanes],
            split=joint.split,
            merge=merge,
            key=".",
            channels=joint.channels,
        )

    def _joint_name(self, joint: Joint) -> str:
        return {"add": "residual", "mul": "gate", "concat": "branches"}[joint.word]


def first_step(item: Item) -> TracedStep:
    """Return the first operation of an item, by whose place in Python it is found."""
    if isinstance(item, TracedStep):
        return item
    inside = item.items if isinstance(item, Region) else [each for lane in item.lanes for each in lane]
    return first_step(inside[0]) if inside else TracedStep(HOLE, {}, (), -1)


def _shortcut(joint: Joint) -> tuple[list[Item], list[Item]] | None:
    """Return the layers and the shortcut of a joint that a block can say with them, or None."""
    if len(joint.lanes) != 2 or joint.split:
        return None
    first, second = joint.lanes
    if joint.word == "concat":
        return (second, first) if not first else None
    if joint.word == "mul":
        return (first, second) if not second else (second, first) if not first else None
    if not first or not second:
        return (first, second) if first else (second, first)
    return (first, second) if _weight(first) >= _weight(second) else (second, first)


def _weight(items: list[Item]) -> int:
    """Return how many operations a lane has."""
    total = 0
    for each in items:
        if isinstance(each, Region):
            total += _weight(each.items)
        elif isinstance(each, Joint):
            total += sum(map(_weight, each.lanes))
        else:
            total += 1
    return total


def _channels(item: Item) -> int:
    return item.channels


def _keys(item: Item) -> list[str]:
    if isinstance(item, Joint):
        return [key for lane in item.lanes for each in lane for key in _keys(each)]
    if isinstance(item, TracedStep) and not item.owns and not item.key:
        return []
    return [item.key] if item.key or isinstance(item, Region) else []


def _relative(key: str, module: str) -> str:
    if not module:
        return key
    return key[len(module) + 1 :] if key.startswith(f"{module}.") else ""


def _head(item: Item, module: str) -> tuple[str, bool] | None:
    """Return the child of ``module`` in which an item lies, and whether deeper than directly; None for neither."""
    keys = [_relative(key, module) for key in _keys(item)]
    if not keys or not all(keys):
        return None
    heads = {key.partition(".")[0] for key in keys}
    if len(heads) != 1:
        return ("", False)
    deeper = all("." in key for key in keys)
    return heads.pop(), deeper


def _own(item: Item, module: str) -> str:
    """Return the name that an item has in ``module``, empty where it has none."""
    if isinstance(item, Joint):
        return ""
    own = _relative(item.key, module)
    return own if "." not in own else ""


def simplified(item: Item) -> Item:
    """Return an item as what it is on a page: a gate, a norm over channels, a block with its shortcut."""
    if isinstance(item, Region):
        return squeeze_excitation(item) or layer_norm(item) or _wrapped(item) or item
    if (
        isinstance(item, Joint)
        and item.word == "add"
        and isinstance(inner := item.lanes[0][0] if len(item.lanes[0]) == 1 else None, Joint)
    ):
        inner = simplified(inner)
        if isinstance(inner, Joint) and inner.word == "add" and not inner.split:
            return Joint("add", [*inner.lanes, *item.lanes[1:]], item.channels)
    if isinstance(item, Joint) and len(item.lanes) == 2 and item.word in ("add", "concat") and not item.split:
        return _with_shortcut(item) or item
    return item


def _wrapped(region: Region) -> TracedStep | None:
    """Return the only operation of a module that has no weights, as that module."""
    only = region.items[0] if len(region.items) == 1 else None
    return (
        replace(only, key=region.key) if isinstance(only, TracedStep) and not only.owns and only.word != HOLE else None
    )


def _with_shortcut(joint: Joint) -> Region | None:
    """Return a called module around which its input is carried, as that module with a shortcut."""
    form = _shortcut(joint)
    if form is None or form[1] or len(form[0]) != 1 or not isinstance(form[0][0], Region):
        return None
    region = form[0][0]
    if opened(region) is not None or squeeze_excitation(region) is not None or layer_norm(region) is not None:
        return None
    if not region.items:
        return None
    lanes = [region.items if lane else [] for lane in joint.lanes]
    return Region(region.key, region.kind, [Joint(joint.word, lanes, joint.channels)], joint.channels)


def layer_norm(region: Region) -> TracedStep | None:
    """Return a layer normalization between two changes of the axes as ``layernorm2d``."""
    steps = [each for each in region.items if isinstance(each, TracedStep)]
    if [each.word for each in steps] != ["permute", "layernorm", "permute"] or len(steps) < len(region.items):
        return None
    if steps[1].key != region.key or [steps[0].fields["dims"], steps[2].fields["dims"]] != [(0, 2, 3, 1), (0, 3, 1, 2)]:
        return None
    return replace(
        steps[1], word="layernorm2d", inputs=steps[0].inputs, value=steps[2].value, channels=steps[0].channels
    )


def opened(region: Region) -> list[Item] | None:
    """Return what is inside a module that owns the weights of one of its operations, and so is no block; else None."""
    if not any(isinstance(each, TracedStep) and each.owns and each.key == region.key for each in region.items):
        return None
    return [each if not isinstance(each, TracedStep) or each.owns else replace(each, key="") for each in region.items]


def squeeze_excitation(region: Region) -> TracedStep | None:
    """Return a module that scales its input by gates of its means as ``se``, if it has torchvision's keys."""
    if len(region.items) != 1 or not isinstance(region.items[0], Joint) or region.items[0].word != "mul":
        return None
    form = _shortcut(region.items[0])
    if form is None or form[1] or len(form[0]) != 5 or not all(isinstance(each, TracedStep) for each in form[0]):
        return None
    pool, first, act, second, gate = (each for each in form[0] if isinstance(each, TracedStep))
    plain = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    if (pool.word, first.word, second.word) != ("adaptiveavgpool", "conv", "conv") or pool.fields != {"size": 1}:
        return None
    if act.word not in _GATES or gate.word not in _GATES or {**act.fields, **gate.fields}:
        return None
    if (
        any({**each.fields, **plain} != each.fields for each in (first, second))
        or first.fields["bias"] != second.fields["bias"]
    ):
        return None
    if (first.key, second.key) != (f"{region.key}.fc1", f"{region.key}.fc2"):
        return None
    fields = {"hidden": first.fields["out"], "activation": act.word, "gate": gate.word, "bias": first.fields["bias"]}
    return TracedStep(
        "se",
        fields,
        pool.inputs,
        second.value,
        region.key,
        owns=True,
        channels=pool.channels,
        shape=(),
        place=pool.place,
    )

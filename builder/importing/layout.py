"""Chains of items to bodies: names, numbers and keys, so that every weight lies where the network has it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from builder.importing.forms import ACTIVATIONS, BlockForm, BodyForm, LayerForm
from builder.importing.items import (
    activated,
    channels_of,
    exchanges,
    first_step,
    head_of,
    is_keyless,
    opened,
    own_name,
    shortcut_form,
    simplified,
    source_of,
    steps_of,
)
from builder.importing.steps import HOLE, TracedStep, UnsayableError
from builder.importing.structure import Joint, Region
from builder.importing.words import modules
from builder.lowering.names import TAKEN, join
from builder.spec.page import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from builder.importing.forms import Node
    from builder.importing.structure import Item, Structure

_NAME = re.compile(r"(?!__|_archcli)[A-Za-z_][A-Za-z0-9_-]*\Z")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_SHORT = {"adaptiveavgpool": "pool", "maxpool": "pool", "avgpool": "pool", "adaptivemaxpool": "pool"}


@dataclass
class Names:
    """What is taken in one module: names, and the next number."""

    taken: set[str] = field(default_factory=set)
    following: int = 0
    keyed: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    layers: dict[str, LayerForm] = field(default_factory=dict)
    is_activated: bool = False
    """Whether a block has an activation, whose key every other block of the module would have too."""

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
        self._layers: dict[str, LayerForm] = {}
        self.sums = 0
        """Sums of two lanes that are no shortcut, because the language has no key for what lies on it."""
        self.used: set[str] = set()
        """Keys of the modules whose weights a layer has."""

    def body(self, items: list[Item], module: str) -> BodyForm:
        """Return the items of one module as a body in it."""
        items = self._grouped(activated(self._gates(items)), module)
        parts = self._runs(items, module)
        if len(parts) == 1 and isinstance(parts[0], list):
            return BodyForm([(None, node) for node in self._numbered(parts[0], module)])
        entries: list[tuple[str | None, Node]] = []
        for part in parts:
            if isinstance(part, list):
                inside = BodyForm([(None, node) for node in self._numbered(part, module)])
                block = BlockForm("Part", inside, key=".", source=source_of(part[0]), value=part[-1].value)
                entries.append((self._of(module).fresh("part"), block))
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
        heads = [head_of(each, module) for each in items]
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
            inside = items[position : end + 1]
            result.append(Region(key, kind, inside, channels_of(inside[0]), source_of(inside[0]), inside[-1].value))
            position = end + 1
        return result

    def _runs(self, items: list[Item], module: str) -> list[Item | list[Item]]:
        """Return the items with those that have numbers in lists; what has none may only follow the last of a list."""
        runs: list[Item | list[Item]] = []
        for item in items:
            if own_name(item, module).isdigit() or (runs and isinstance(runs[-1], list) and is_keyless(item)):
                if runs and isinstance(runs[-1], list):
                    runs[-1].append(item)
                else:
                    before: list[Item] = []
                    while runs and not isinstance(runs[-1], list) and is_keyless(runs[-1]):
                        before.insert(0, runs.pop())  # type: ignore[arg-type]  # no list, as was just seen
                    runs.append([*before, item])
            else:
                runs.append(item)
        lists = [each for each in runs if isinstance(each, list)]
        if (
            len(lists) == 1
            and isinstance(runs[0], list)
            and all(isinstance(each, TracedStep) and not each.owns and each.word != HOLE for each in runs[1:])
            and not self._goes_on(runs[0], module)
        ):
            return [[*runs[0], *runs[1:]]]  # type: ignore[list-item]  # only the first is a list
        return runs

    def _goes_on(self, items: list[Item], module: str) -> bool:
        """Return whether a list of modules has a number behind those of ``items``, which nothing else may take."""
        numbers = [int(own) for each in items if (own := own_name(each, module)).isdigit()]
        children = self._modules[module].named_children() if module in self._modules else ()
        return any(name == str(max(numbers, default=-1) + 1) for name, _ in children)

    def _numbered(self, items: list[Item], module: str) -> list[Node]:
        names = self._of(module)
        nodes: list[Node] = []
        for item in items:
            own = own_name(item, module)
            if own.isdigit():
                if int(own) < names.following:
                    raise UnsayableError(
                        f"`{join(module, own)}` runs after a later number of its module", first_step(item)
                    )
                while names.following < int(own):
                    nodes.append(self._idle(join(module, str(names.following))))
                    names.following += 1
                names.keyed[own] = own
            node = self._node(item)
            nodes.append(node)
            if isinstance(node, LayerForm):
                names.layers[own] = node
            if not is_keyless(item):
                node.number = names.following
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
            if found is not None and found[0] in ("dropout", "dropout2d", "stochasticdepth")
            else LayerForm("identity")
        )

    def _named(self, item: Item, module: str) -> tuple[str, Node]:
        names, own = self._of(module), own_name(item, module)
        if isinstance(item, Joint):
            return names.fresh(self._joint_name(item)), self._joint(item, module)
        if own and own in names.keyed and isinstance(item, TracedStep):
            if item.owns:
                again = LayerForm("reuse", {}, value=item.value, again=names.layers.get(own))
                return names.fresh(f"{own}_again"), again
            return names.fresh(own), self._node(item)
        if not own or (own in POINTS and isinstance(item, TracedStep) and not item.owns):
            wanted = (
                item.key.rpartition(".")[2]
                if isinstance(item, TracedStep) and _NAME.match(item.key.rpartition(".")[2])
                else _SHORT.get(getattr(item, "word", ""), getattr(item, "word", ""))
            )
            return names.fresh(wanted if _NAME.match(wanted) else "hole"), self._node(item)
        if not _NAME.match(own) or own in POINTS or own in names.keyed:
            if own in POINTS and isinstance(item, TracedStep):
                return self._by_key(item, own, names)
            if isinstance(item, TracedStep):
                return names.fresh("hole"), self._hole(item, f"`{own}` cannot be the name of a layer")
            return self._again(item, own, names)
        names.keyed[own] = own
        node = self._node(item)
        if isinstance(node, BlockForm):
            node.title = own
        names.nodes[own] = node
        if isinstance(node, LayerForm):
            names.layers[own] = node
        return own, node

    def _by_key(self, item: TracedStep, own: str, names: Names) -> tuple[str, Node]:
        """Return a layer that is called as a point is: the page calls it by its operation, and says its key."""
        node = self._node(item)
        names.keyed[own] = own
        if isinstance(node, LayerForm):
            node.key, names.layers[own] = own, node
        return names.fresh(_SHORT.get(item.word, item.word)), node

    def _again(self, item: Item, own: str, names: Names) -> tuple[str, Node]:
        """Return a part of a module that the page has a block of already, or whose name it cannot have, by its key."""
        if own in names.keyed and self._runs_again(item):
            if isinstance(item, Region) and self._is_repeatable(item):
                again = BodyForm(self._repeated(item.items, names))
                return names.fresh(f"{own}_again"), BlockForm(
                    "Again", again, key=".", channels=item.channels, source=item.source, value=item.value
                )
            what = f"`{own}` runs a second time with the same weights, and something in it is no layer of a page"
            return names.fresh("hole"), self._hole(replace(first_step(item), said=getattr(item, "kind", own)), what)
        first, node = names.nodes.get(own), self._node(item)
        if not isinstance(node, BlockForm) or not isinstance(first, BlockForm | None) or not _KEY.match(own):
            return names.fresh("hole"), self._hole(first_step(item), f"`{own}` cannot be the name of a block")
        node.key = own
        if first is not None:
            first.key = own
        return names.fresh(f"{own}_part" if _NAME.match(own) else "block"), node

    def _is_repeatable(self, region: Region) -> bool:
        """Return whether the page has every layer of a module that runs again."""
        return all(each.word != HOLE and (not each.owns or each.key in self._layers) for each in self._steps(region))

    def _steps(self, item: Item) -> Iterator[TracedStep]:
        """Yield every step of an item, gates and norms as one."""
        if isinstance(item, TracedStep):
            yield item
            return
        for lane in [item.items] if isinstance(item, Region) else item.lanes:
            for each in self._gates(lane):
                yield from self._steps(each)

    def _repeated(self, items: list[Item], names: Names) -> list[tuple[str | None, Node]]:
        """Return what runs again as its layers that do, one after another, and lanes that meet as lanes of such."""
        entries: list[tuple[str | None, Node]] = []
        for item in self._gates(items):
            if isinstance(item, Region):
                entries += self._repeated(item.items, names)
            elif isinstance(item, Joint):
                entries.append((names.fresh(self._joint_name(item)), self._joint_again(item, names)))
            else:
                first = self._layers[item.key] if item.owns else None
                node = self._node(item) if first is None else LayerForm("reuse", {}, value=item.value, again=first)
                entries.append((names.fresh(item.word if first is None else f"{first.word}_again"), node))
        return entries

    def _joint_again(self, joint: Joint, names: Names) -> BlockForm:
        """Return lanes that meet once more."""
        form = shortcut_form(joint)
        bodies = [BodyForm(self._repeated(lane, names)) for lane in (joint.lanes if form is None else form)]
        usual = "concat" if form is None else "add"
        return BlockForm(
            "Joint", None if form is None else bodies[0], None if form is not None else bodies,
            split=bool(joint.split) if len(set(joint.split)) < 2 else list(joint.split),
            shortcut=None if form is None else bodies[1], merge=None if joint.word == usual else joint.word, key=".",
            channels=joint.channels, source=joint.source, value=joint.value, shares=joint.shares,
        )  # fmt: skip

    def _runs_again(self, item: Item) -> bool:
        """Return whether weights are in an item that a layer before has too."""
        return any(step.owns and step.key in self.used for step in steps_of([item]))

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
            form = LayerForm(item.word, dict(item.fields), channels, value=item.value, reads=item.reads)
            if item.owns:
                self._layers.setdefault(item.key, form)
            return form
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
        whole = region.items[0] if region.items else None
        if isinstance(whole, Joint) and shortcut_form(whole) is not None and isinstance(items[0], Region):
            items[0] = whole  # the shortcut is this block's own, and not that of the only block in it
        joint = items[0] if items else None
        if isinstance(joint, Joint) and (form := shortcut_form(joint)) is not None and len(items) <= 2:
            after = items[1] if len(items) == 2 else joint.activation
            is_own = len(items) == 1 or (joint.activation is None and _is_activation(after))
            if is_own:
                main, side = form
                self._of(region.key).is_activated |= after is not None
                layers = self.body(main, region.key)
                shortcut = self.body(side, region.key)
                activation = (
                    LayerForm(after.word, dict(after.fields), after.channels) if isinstance(after, TracedStep) else None
                )
                merge = None if joint.word == "add" else joint.word
                return BlockForm(
                    region.kind, layers, shortcut=shortcut, merge=merge, activation=activation,
                    channels=region.channels, source=region.source, value=items[-1].value,
                    merged=joint.value if joint.merged is None else joint.merged,
                )  # fmt: skip
        if isinstance(joint, Joint) and len(items) == 1:
            block = self._joint(joint, region.key)
            block.kind, block.key = region.kind, None
            return block
        layers = self.body(region.items, region.key)
        return BlockForm(region.kind, layers, channels=region.channels, source=region.source, value=region.value)

    def _joint(self, joint: Joint, module: str) -> BlockForm:
        """Return lanes that meet among other layers; they make no level of keys."""
        form = shortcut_form(joint)
        if form is not None:
            main, side = form
            after, names = joint.activation, self._of(module)
            was_activated, names.is_activated = names.is_activated, names.is_activated or after is not None
            layers = self.body(main, module)
            if after is not None and (was_activated or layers.numbered):
                return self._activated(joint, after, layers, self.body(side, module), names)
            merge = None if joint.word == "add" else joint.word
            activation = LayerForm(after.word, dict(after.fields), after.channels) if after is not None else None
            return BlockForm(
                "Joint", layers, shortcut=self.body(side, module), merge=merge, activation=activation, key=".",
                channels=joint.channels, source=joint.source, merged=joint.merged, value=joint.value,
            )  # fmt: skip
        merge = None if joint.word == "concat" else joint.word
        self.sums += joint.word == "add" and len(joint.lanes) == 2 and not exchanges(joint)
        return BlockForm(
            "Joint",
            branches=[self.body(lane, module) for lane in joint.lanes],
            split=bool(joint.split) if len(set(joint.split)) < 2 else list(joint.split),
            merge=merge,
            key=".",
            channels=joint.channels,
            source=joint.source,
            value=joint.value,
            shares=joint.shares,
        )

    def _activated(
        self, joint: Joint, after: TracedStep, layers: BodyForm, shortcut: BodyForm, names: Names
    ) -> BlockForm:
        """Return lanes that meet, and an activation as a layer behind them.

        As the block's ``activation`` it would have a key that is taken, or a number of the module's list.
        """
        inner = BlockForm(
            "Joint", layers, shortcut=shortcut, merge=None if joint.word == "add" else joint.word, key=".",
            channels=joint.channels, source=joint.source, value=joint.merged,
        )  # fmt: skip
        last = LayerForm(after.word, dict(after.fields), after.channels, value=joint.value)
        body = BodyForm([(self._joint_name(joint), inner), (names.fresh(after.word), last)])
        return BlockForm("Activated", body, key=".", channels=joint.channels, source=joint.source, value=joint.value)

    def _joint_name(self, joint: Joint) -> str:
        return {"add": "residual", "mul": "gate", "div": "quotient", "max": "maximum", "concat": "branches"}[joint.word]


def _is_activation(item: Item | None) -> bool:
    """Return whether an item can be the activation of a block: one without weights."""
    return isinstance(item, TracedStep) and item.word in ACTIVATIONS and not item.owns

"""Repeated blocks to templates: numbers that differ become parameters, equal neighbors a ``repeat``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from builder.importing.forms import ACTIVATIONS, BlockForm, BodyForm, LayerForm
from builder.importing.steps import HOLE
from builder.spec.page import RESERVED

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from builder.importing.forms import Node

_NUMBERED = re.compile(r"(.*?)(\d+)\Z")
WORD = "*"
"""The field of a slot that is an activation's word."""

TIMES = "×"
"""The field of a slot that is a number of repeats."""

SHARE = "share"
"""What the field of a slot begins with that is the number of a branch's channels."""

_GENERIC = ("Sequential", "ModuleList", "ModuleDict", "Module", "Part", "Joint")
"""Classes whose name says nothing of what is inside."""


@dataclass(eq=False)
class TemplateForm:
    """A block with parameters: their names with a default, or with a kind where a value is required."""

    name: str
    params: dict[str, object]
    block: BlockForm


class Varying(NamedTuple):
    """One value that instances may differ in: the layer and the field that hold it, and what ``$in`` is there.

    A block holds the channels of its branches.
    """

    layer: LayerForm | BlockForm
    field: str
    value: object
    channels: int
    label: str


class Templates:
    """Finds the templates of one page, the innermost first."""

    def __init__(self, taken: set[str]) -> None:
        self.found: list[TemplateForm] = []
        self._taken = taken

    def run(self, root: BodyForm) -> None:
        """Replace what is repeated in ``root`` by calls, level by level."""
        levels: dict[int, list[BlockForm]] = defaultdict(list)
        for _, node in root.entries:
            _heights(node, levels)
        for level in sorted(levels):
            self._level(root, levels[level])
        collapse(root)

    def _level(self, root: BodyForm, blocks: list[BlockForm]) -> None:
        groups: dict[Hashable, list[BlockForm]] = defaultdict(list)
        for block in blocks:
            for body in _bodies(block):
                collapse(body)
            if not block.outward and not _is_plain(block):
                groups[_signature(block)].append(block)
        calls: dict[BlockForm, LayerForm] = {}
        for group in groups.values():
            if len(group) > 1:
                calls.update(self._template(group))
        if calls:
            _replace(root, calls)

    def _template(self, group: list[BlockForm]) -> dict[BlockForm, LayerForm]:
        """Return the calls that stand for the blocks of one group, and keep their template."""
        name = self._name(_title(group))
        rows = [list(_slots(block)) for block in group]
        params: dict[str, list[object]] = {}
        settled: list[tuple[Varying, str]] = []
        kernels: dict[Node, tuple[str, list[object]]] = {}
        columns = [list(column) for column in zip(*rows, strict=True)]
        varying = [column for column in columns if len({_frozen(slot.value) for slot in column}) > 1]
        labels = Counter(column[0].field for column in varying)
        for column in varying:
            expression = self._expression(column, params, kernels, labels)
            settled.append((column[0], expression))
            if column[0].field == "kernel" and expression.startswith("$"):
                kernels[column[0].layer] = expression, [slot.value for slot in column]
        calls = {
            block: LayerForm(
                name, {each: values[number] for each, values in params.items()}, block.channels, aux=block.aux
            )
            for number, block in enumerate(group)
        }
        for slot, expression in settled:
            _put(slot, expression)
        defaults = {each: _default(values) for each, values in params.items()}
        group[0].aux = False  # that is the call's
        self.found.append(TemplateForm(name, defaults, group[0]))
        return calls

    def _expression(
        self,
        column: list[Varying],
        params: dict[str, list[object]],
        kernels: dict[Node, tuple[str, list[object]]],
        labels: Counter[str],
    ) -> str:
        """Return what stands at a value that differs: the channels that enter, half the kernel, or a parameter."""
        values = [slot.value for slot in column]
        if all(slot.value == slot.channels and not isinstance(slot.value, bool) for slot in column):
            return "$in"
        if column[0].field == "padding" and column[0].layer in kernels:
            kernel, sizes = kernels[column[0].layer]
            if all(isinstance(k, int) and slot.value == k // 2 for k, slot in zip(sizes, column, strict=True)):
                return f"{kernel} // 2"
        for name, known in params.items():
            if [_frozen(each) for each in known] == [_frozen(each) for each in values]:
                return f"${name}"
        field = {WORD: "act", TIMES: "depth"}.get(column[0].field, column[0].field)
        wanted = (
            field
            if labels[column[0].field] == 1 or (field not in params and column[0].label == "")
            else f"{column[0].label}_{field}".strip("_")
        )
        wanted = re.sub(r"\W", "_", wanted)
        name, number = wanted, 2
        while name in params or name in RESERVED or name == "last":
            name, number = f"{wanted}{number}", number + 1
        params[name] = values
        return f"${name}"

    def _name(self, kind: str) -> str:
        plain = re.sub(r"\W", "", kind).strip("_") or "Unit"
        wanted = plain[0].upper() + plain[1:] if plain[0].isalpha() else f"Unit{plain}"
        name, number = wanted, 2
        while name in self._taken or any(each.name == name for each in self.found):
            name, number = f"{wanted}{number}", number + 1
        return name


def _is_plain(block: BlockForm) -> bool:
    """Return whether a block only holds one layer of a list: it is as short itself as its call would be."""
    only = block.layers is not None and block.layers.numbered and len(block.layers.entries) == 1
    return only and block.shortcut is None and block.activation is None and block.kind in _GENERIC


def _title(group: Sequence[BlockForm]) -> str:
    """Return what a template is called after: its class, else its few layers, else its name or a stage."""
    block = group[0]
    if block.kind == "Joint":
        return _MEETINGS[block.merge or ("add" if block.shortcut is not None else "concat")]
    if block.kind not in _GENERIC:
        return block.kind
    layers = [each for each in block.children() if isinstance(each, LayerForm) and each.word.islower()]
    words = [_WORDS.get(each.word, "Act" if each.word in ACTIVATIONS else each.word.capitalize()) for each in layers]
    is_flat = len(layers) == len(block.children())
    if is_flat and len(words) <= _FEW:
        return "".join(words)
    names = Counter(re.sub(r"[\d_]+$", "", each.title) for each in group)
    return names.most_common(1)[0][0].capitalize() or (f"{''.join(words[:_FEW])}Etc" if is_flat else "Stage")


_FEW = 3
"""So many layers make a name."""

_MEETINGS = {"add": "Sum", "mul": "Gate", "div": "Quotient", "max": "Maximum", "concat": "Branches"}
"""What lanes that meet among other layers are called, by their merge."""

_WORDS = {"batchnorm": "Norm", "layernorm": "Norm", "layernorm2d": "Norm", "groupnorm": "Norm", "linear": "Linear"}


def _default(values: Sequence[object]) -> object:
    """Return the most frequent value, or a kind where no value is frequent or a size may be a pair."""
    kinds = {type(each) for each in values}
    if tuple in kinds:
        return "size"
    (common, count), *_ = Counter(map(_frozen, values)).most_common()
    if isinstance(common, str) and common in ACTIVATIONS:
        return common
    if count * 2 >= len(values) and count > 1:
        return next(each for each in values if _frozen(each) == common)
    return {int: "int", float: "float", bool: "bool", str: "text"}[type(values[0])]


def _frozen(value: object) -> Hashable:
    return (
        (type(value).__name__, tuple(value))
        if isinstance(value, list)
        else (type(value).__name__, value)
        if not isinstance(value, str)
        else value
    )


def _put(slot: Varying, expression: str) -> None:
    if isinstance(slot.layer, BlockForm):
        assert isinstance(slot.layer.split, list)
        slot.layer.split[int(slot.field.removeprefix(SHARE))] = expression
    elif slot.field == WORD:
        slot.layer.word = expression
    elif slot.field == TIMES:
        slot.layer.repeat = expression
    else:
        slot.layer.fields[slot.field] = expression


def _heights(node: Node, levels: dict[int, list[BlockForm]]) -> int:
    if isinstance(node, LayerForm):
        return -1
    height = 1 + max([_heights(each, levels) for each in node.children()], default=-1)
    levels[height].append(node)
    return height


def _bodies(block: BlockForm) -> list[BodyForm]:
    return [each for each in (block.layers, *(block.branches or ()), block.shortcut) if each is not None]


def _signature(node: Node) -> Hashable:
    """Return all about a node but its numbers."""
    if isinstance(node, LayerForm):
        if node.word == HOLE:
            return id(node)
        word = "activation" if _is_plain_activation(node) else node.word
        places = _frozen(node.fields[place]) if (place := _place(node)) else None
        return word, tuple(node.fields), node.repeat is not None, node.aux, node.key, places
    return (
        node.kind if node.key is None else "",
        _body_signature(node.layers),
        tuple(map(_body_signature, node.branches)) if node.branches is not None else None,
        len(node.split) if isinstance(node.split, list) else node.split,
        _body_signature(node.shortcut),
        node.merge,
        _signature(node.activation) if node.activation is not None else None,
        node.key,
    )


def _place(layer: LayerForm) -> str:
    """Return the field by which a layer names an earlier one, empty where it names none."""
    return "from" if layer.reads else "layer" if layer.again is not None else ""


def _body_signature(body: BodyForm | None) -> Hashable:
    return None if body is None else tuple((name, _signature(node)) for name, node in body.entries)


def _is_plain_activation(layer: LayerForm) -> bool:
    return layer.word in ACTIVATIONS and not layer.fields


def _slots(node: Node, label: str = "") -> Iterator[Varying]:
    """Yield every value of a node in which instances may differ, in an order that its signature fixes."""
    if isinstance(node, LayerForm):
        if _is_plain_activation(node):
            yield Varying(node, WORD, node.word, -1, label)
        for each, value in node.fields.items():
            if each == _place(node):
                continue
            yield Varying(node, each, value, node.channels, label)
        if node.repeat is not None:
            yield Varying(node, TIMES, node.repeat, -1, label)
        return
    for number, share in enumerate(node.split if isinstance(node.split, list) else ()):
        yield Varying(node, f"{SHARE}{number}", share, node.channels, label)
    for body in _bodies(node):
        for name, child in body.entries:
            own = name.partition("{")[0] if name is not None else label
            yield from _slots(child, own)
    if node.activation is not None:
        yield from _slots(node.activation, "")


def _same(one: Node, two: Node) -> bool:
    if _signature(one) != _signature(two):
        return False
    pairs = zip(_slots(one), _slots(two), strict=True)
    return all(_frozen(first.value) == _frozen(second.value) for first, second in pairs)


def collapse(body: BodyForm) -> None:
    """Write equal neighbors once, with ``repeat``; names must count, as ``layer1`` and ``layer2`` do."""
    entries: list[tuple[str | None, Node]] = []
    position = 0
    while position < len(body.entries):
        name, node = body.entries[position]
        end = position + 1
        while end < len(body.entries) and _follows(body.entries[position], body.entries[end], end - position):
            end += 1
        count = end - position
        if count > 1 and isinstance(node, LayerForm) and node.word not in ACTIVATIONS and node.repeat is None:
            node.repeat = count
            entries.append((_counting(name) if name is not None else None, node))
        else:
            count = 1
            entries.append((name, node))
        position += count
    body.entries = entries


def _counting(name: str) -> str:
    """Return the name of all copies of which this is the first: ``layer{$i + 1}`` for ``layer1``."""
    match = _NUMBERED.match(name)
    assert match is not None
    first = int(match[2])
    return f"{match[1]}{{$i + {first}}}" if first else f"{match[1]}{{$i}}"


def _follows(first: tuple[str | None, Node], later: tuple[str | None, Node], distance: int) -> bool:
    """Return whether an entry is a copy of an earlier one, its name counted on."""
    if not (isinstance(first[1], LayerForm) and isinstance(later[1], LayerForm)) or not _same(first[1], later[1]):
        return False
    if first[0] is None or later[0] is None:
        return first[0] is later[0]
    one, two = _NUMBERED.match(first[0]), _NUMBERED.match(later[0])
    return bool(
        one
        and two
        and one[1] == two[1]
        and int(two[2]) == int(one[2]) + distance
        and (len(one[2]) == 1 or not one[2].startswith("0"))
    )


def _replace(body: BodyForm, calls: dict[BlockForm, LayerForm]) -> None:
    body.entries = [
        (name, calls.get(node, node) if isinstance(node, BlockForm) else node) for name, node in body.entries
    ]
    for _, node in body.entries:
        if isinstance(node, BlockForm):
            for inner in _bodies(node):
                _replace(inner, calls)

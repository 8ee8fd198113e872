"""Items of a chain: what they are called in a module, and what they are on a page in their simplest form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from builder.importing.forms import ACTIVATIONS
from builder.importing.steps import HOLE, KEYLESS, TracedStep
from builder.importing.structure import Joint, Region
from builder.ops import OPERATIONS
from builder.ops.squeeze_excitation import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.importing.structure import Item


def first_step(item: Item) -> TracedStep:
    """Return the first operation of an item, by whose place in Python it is found."""
    if isinstance(item, TracedStep):
        return item
    inside = item.items if isinstance(item, Region) else [each for lane in item.lanes for each in lane]
    return first_step(inside[0]) if inside else TracedStep(HOLE, {}, (), -1)


def shortcut_form(joint: Joint) -> tuple[list[Item], list[Item]] | None:
    """Return the layers and the shortcut of a joint that a block can say with them, or None."""
    if len(joint.lanes) != 2 or joint.split or exchanges(joint):
        return None
    first, second = joint.lanes
    if joint.word in ("concat", "div"):
        return (second, first) if not first else None
    if joint.word == "mul":
        return (first, second) if not second else (second, first) if not first else None
    if not first or not second:
        return (first, second) if first else (second, first)
    weights = _weight(first), _weight(second)
    if weights[0] == weights[1]:  # what ran first, so that the numbers of a list come in their order
        return (first, second) if _began(first) <= _began(second) else (second, first)
    return (first, second) if weights[0] > weights[1] else (second, first)


def _began(items: list[Item]) -> int:
    """Return the number of the first value that is made."""
    return min(step.value for step in steps_of(items))


def activated(items: list[Item]) -> list[Item]:
    """Return the items with an activation behind a sum as that of the sum's block."""
    result: list[Item] = []
    for each in items:
        before = result[-1] if result else None
        if (
            isinstance(each, TracedStep)
            and each.word in ACTIVATIONS
            and not each.owns
            and not each.key.rpartition(".")[2].isdigit()
            and isinstance(before, Joint)
            and before.activation is None
            and before.word != "concat"
            and shortcut_form(before) is not None
        ):
            result[-1] = replace(before, activation=each, value=each.value, merged=before.value)
        else:
            result.append(each)
    return result


def exchanges(joint: Joint) -> bool:
    """Return whether a lane reads what an earlier one has made."""
    made = _values(joint.lanes[0])
    return any(made & set(step.reads) for step in steps_of(joint.lanes[1]))


def steps_of(items: list[Item]) -> Iterator[TracedStep]:
    """Yield every step of some items."""
    for each in items:
        if isinstance(each, TracedStep):
            yield each
        else:
            for lane in [each.items] if isinstance(each, Region) else each.lanes:
                yield from steps_of(lane)


def _values(items: list[Item]) -> set[int]:
    found = {step.value for step in steps_of(items)}
    return found | {each.value for each in items if not isinstance(each, TracedStep) and each.value is not None}


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


def channels_of(item: Item) -> int:
    """Return how many channels enter an item."""
    return item.channels


def source_of(item: Item) -> int | None:
    """Return the value that enters an item."""
    return (item.inputs[0] if item.inputs else None) if isinstance(item, TracedStep) else item.source


def is_keyless(item: Item) -> bool:
    """Return whether an item takes no number in a list."""
    return isinstance(item, TracedStep) and item.word in KEYLESS


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


def head_of(item: Item, module: str) -> tuple[str, bool] | None:
    """Return the child of ``module`` in which an item lies, and whether deeper than directly; None for neither."""
    keys = [_relative(key, module) for key in _keys(item)]
    if not keys or not all(keys):
        return None
    heads = {key.partition(".")[0] for key in keys}
    if len(heads) != 1:
        return ("", False)
    deeper = all("." in key for key in keys)
    return heads.pop(), deeper


def own_name(item: Item, module: str) -> str:
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
            lanes = [*inner.lanes, *item.lanes[1:]]
            return Joint("add", lanes, item.channels, source=item.source, value=item.value)
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
    form = shortcut_form(joint)
    if form is None or form[1] or len(form[0]) != 1 or not isinstance(form[0][0], Region):
        return None
    region = form[0][0]
    if opened(region) is not None or squeeze_excitation(region) is not None or layer_norm(region) is not None:
        return None
    if not region.items:
        return None
    lanes = [region.items if lane else [] for lane in joint.lanes]
    inside = Joint(joint.word, lanes, joint.channels, source=joint.source, value=joint.value)
    return Region(region.key, region.kind, [inside], joint.channels, joint.source, joint.value)


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
    if {each.key for each in steps_of(region.items) if each.owns} != {region.key}:
        return None
    return [each if not isinstance(each, TracedStep) or each.owns else replace(each, key="") for each in region.items]


def squeeze_excitation(region: Region) -> TracedStep | None:
    """Return a module that scales its input by gates of its means as ``se``, if it has torchvision's keys."""
    if len(region.items) != 1 or not isinstance(region.items[0], Joint) or region.items[0].word != "mul":
        return None
    form = shortcut_form(region.items[0])
    if form is None or form[1] or len(form[0]) != 5:
        return None
    lane = [(_wrapped(each) or each) if isinstance(each, Region) else each for each in form[0]]
    if not all(isinstance(each, TracedStep) for each in lane):
        return None
    pool, first, act, second, gate = (each for each in lane if isinstance(each, TracedStep))
    plain = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    if (pool.word, first.word, second.word) != ("adaptiveavgpool", "conv", "conv") or pool.fields != {"size": 1}:
        return None
    if not (_may_gate(act) and _may_gate(gate)):
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
        -1 if region.value is None else region.value,
        region.key,
        owns=True,
        channels=pool.channels,
        shape=(),
        place=pool.place,
    )


def _may_gate(step: TracedStep) -> bool:
    """Return whether ``se`` may have an activation inside: a word without fields."""
    return step.word in get_args(Gate) and OPERATIONS[step.word](**step.fields) == OPERATIONS[step.word]()

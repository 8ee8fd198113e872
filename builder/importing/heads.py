"""Auxiliary heads: what a network computes in training only, beside its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.importing.forms import BlockForm, LayerForm
from builder.importing.steps import UnsayableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from builder.importing.forms import BodyForm
    from builder.importing.layout import PageLayout
    from builder.importing.reading.graph import GraphReading
    from builder.importing.structure import Structure


def add_heads(
    body: BodyForm,
    layout: PageLayout,
    structure: Structure,
    traced: Callable[[], GraphReading],
    classes: int,
    net: nn.Module,
) -> None:
    """Put the heads of a network into its body, each behind the layer that it reads.

    They are found by tracing the network in training, and only where it has weights that evaluation does not touch.
    """
    if not _rests(net, layout.used):
        return
    try:
        reading = traced()
    except Exception:  # noqa: BLE001 - it only trains in another way; what is missing is said by the proof
        return
    root = reading.run()
    makers = {unit.value: unit for unit in root.units}
    for value in reading.outputs[1:]:
        head = makers.get(value)
        before = makers.get(head.inputs[0]) if head is not None and len(head.inputs) == 1 else None
        if head is None or before is None:
            continue
        try:
            ((_, node),) = layout.body(structure.part(root, head.inputs[0], value), "").entries
        except (UnsayableError, ValueError):
            continue
        position = next((index for index, (name, _) in enumerate(body.entries) if name == before.key), None)
        if position is None or not isinstance(node, BlockForm):
            continue
        node.aux = True
        for _, each in node.layers.entries if node.layers is not None else ():
            if isinstance(each, LayerForm) and each.fields.get("out") == classes:
                each.fields["out"] = "$classes"
        body.entries.insert(position + 1, (head.key, node))


def _rests(net: nn.Module, used: set[str]) -> bool:
    """Return whether the network has weights in modules that no layer of the page has."""
    return any(name.rpartition(".")[0] not in used and name not in used for name, _ in net.named_parameters())

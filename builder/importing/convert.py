"""One network to one page: traced, structured, laid out, written, and proven."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch
from torch import nn

from builder.diagnostics import ArchError
from builder.importing.exported import exported
from builder.importing.forms import BlockForm, BodyForm, LayerForm
from builder.importing.heads import add_heads
from builder.importing.layout import PageLayout
from builder.importing.places import Places
from builder.importing.proof import Proof, keys, prove, tied
from builder.importing.reading.graph import PLAIN, GraphReading, Manner
from builder.importing.steps import UnsayableError
from builder.importing.structure import Structure
from builder.importing.templates import Templates
from builder.importing.trace import AssignedError, trace, where
from builder.importing.writing import Writer
from builder.lowering import lower, page_from_text
from builder.quantities import plural
from builder.runtime.compile import build
from builder.spec.page import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.graph import Graph

BATCH = 2
"""Images of the batch that is traced and compared: with one, Python may take the batch's axis for another."""


class UntraceableError(Exception):
    """Neither torch.fx nor PyTorch's exporter can follow the network; the message says why."""


@dataclass(frozen=True)
class Hole:
    """Something that a page cannot say: its word there, the Python for it, where that stands, and why not."""

    word: str
    said: str
    place: str
    reason: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Imported:
    """A page, what it could not say, and what the comparison with the network found; no proof where there are holes."""

    name: str
    input: tuple[int, int, int]
    text: str
    holes: tuple[Hole, ...]
    proof: Proof | None
    graph: Graph | None
    sums: int = 0
    """Sums of two lanes that no shortcut could say."""
    refused: str = ""
    """What is wrong with a page that cannot be built, such as two names that PyTorch's modules have taken."""

    unproven: str = ""
    """Why the page may be another network, empty where it is proven."""

    idle: tuple[str, ...] = ()
    """Weights of the network that nothing uses, and that the page leaves out."""

    ending: str = ""
    """What the network ends with and the page leaves out, because it is part of the loss: `softmax`, `log_softmax`."""

    @property
    def is_equal(self) -> bool:
        """Whether the page's network is proven to be the network that was read."""
        return self.proof is not None and self.proof.equal and not self.unproven


def convert(net: nn.Module, size: tuple[int, int, int], name: str, said: str) -> Imported:
    """Return the page of a network for images of ``size``, compared with it on the spot.

    ``said`` is what the user calls the network, for the page's first line. The network is left in evaluation mode.
    Where something cannot be said, the network is traced with its numbers too: of a tensor that Python makes on the way
    nothing else tells whether it is zero. Where the outputs differ, sums are written in Python's own order, or what
    lays numbers out anew is written too. Any of these pages is taken if it is proven.
    """
    net.eval()
    found = _converted(net, size, name, said, PLAIN)
    for manner in _other_manners(found):
        try:
            other = _converted(net, size, name, said, manner)
        except (UntraceableError, UnsayableError):  # it runs without numbers alone, and something was said
            continue
        if other.is_equal:
            return other
    return found


def _other_manners(found: Imported) -> tuple[Manner, ...]:
    """Return how a network may be read where the plain way is not proven."""
    if found.holes:
        return (Manner(is_light=False),)
    if found.refused:
        first = Manner(channels_first=True)
        return first, replace(first, keeps_layout=True)
    if found.proof is None or not found.proof.loads or found.proof.equal or not found.proof.is_steady:
        return ()
    return Manner(in_order=True), Manner(keeps_layout=True), Manner(in_order=True, keeps_layout=True)


def _converted(net: nn.Module, size: tuple[int, int, int], name: str, said: str, manner: Manner) -> Imported:
    body, layout, structure, classes, reading = _described(net, size, manner)
    chooses_at = where(reading.told[0]) if reading.told else ""
    templates = Templates({each for each, _ in body.entries if each is not None})
    templates.run(body)
    holes = tuple(
        Hole(structure.hole_word(step), step.said, where(step.place), reason, step.shape)
        for step, reason in structure.holes
    )
    writer = Writer(body, templates.found)
    text = writer.page(name, size, classes, getattr(net, "_version", 1))
    if holes:
        return Imported(
            name,
            size,
            f"# NOT PROVEN: {plural(len(holes), 'operation')} of {said} cannot be said on a page.\n{text}",
            holes,
            None,
            None,
        )
    try:
        graph = lower(replace(page_from_text(text, f"{name}.yaml"), language=LANGUAGE))  # as a file of today
        proof = _proof(net, graph, size, reading.ending)
    except ArchError as error:
        refused = error.diagnostics[0].message
        first = f"# NOT PROVEN: the page of {said} is refused: {refused}"
        return Imported(name, size, f"{first}\n{text}", holes, None, None, refused=refused)
    resting = _in_training_only(net, size, proof.unexpected)
    why_not = _why_not(proof, said, chooses_at, resting) or _why_tied(net, graph)
    first = f"NOT PROVEN: {why_not}." if why_not else _proven(proof, said, reading.ending)
    page = f"# {first}\n{text}"
    found = Imported(name, size, page, holes, proof, graph, layout.sums, unproven=why_not, ending=reading.ending)
    return found if resting else replace(found, idle=proof.unexpected)


def _described(
    net: nn.Module, size: tuple[int, int, int], manner: Manner
) -> tuple[BodyForm, PageLayout, Structure, int, GraphReading]:
    """Return the body of the page before anything is repeated, the number of classes, and what was read."""
    reading = _traced(net, size, manner)
    structure = Structure(in_order=manner.in_order)
    call = reading.run()
    items = structure.network(call)
    layout = PageLayout(net, structure)
    body = layout.body(items, "")
    classes = _classes(body, structure.shapes.get(call.value, ()))
    add_heads(body, layout, structure, lambda: _traced(net, size, manner, training=True), classes, net)
    Places().run(body, -1)
    return body, layout, structure, classes, reading


def _proven(proof: Proof, said: str, ending: str) -> str:
    how = "the outputs are equal" if proof.with_outputs else "names and shapes of the weights are equal"
    without = f" without its last `{ending}`, which the loss computes" if ending else ""
    loads = "its weights load strictly"
    if proof.unexpected:
        loads = f"its weights load but for {len(proof.unexpected)} that nothing uses, `{proof.unexpected[0]}` first,"
    return f"Imported from {said}{without}; {loads} and {how}."


def _why_tied(net: nn.Module, graph: Graph) -> str:
    """Return why a page with all weights may learn otherwise; empty where no two of them are one."""
    with torch.device("meta"):
        pair = tied(net, build(graph))
    return f"`{pair[0]}` and `{pair[1]}` are one tensor, and a page has one for each" if pair is not None else ""


def _in_training_only(net: nn.Module, size: tuple[int, int, int], names: tuple[str, ...]) -> str:
    """Return the first of some weights that training may use, where evaluation does not; empty where none does."""
    if not names:
        return ""
    try:
        used = _traced(net, size, PLAIN, training=True).touched()
    except Exception:  # noqa: BLE001 - it only trains in another way, and may use any of them
        return names[0]
    return next((name for name in names if name in used or any(name.startswith(f"{each}.") for each in used)), "")


def _why_not(proof: Proof, said: str, chooses_at: str, resting: str) -> str:
    """Return why a page may be another network than the one that was read; empty where it is proven."""
    if chooses_at:
        return f"{said} chooses by values that it computes, at {chooses_at}; the page has the way of a random image"
    if resting:
        return f"training may use the weight `{resting}`, and no layer that runs in evaluation has it"
    if not proof.loads:
        return f"the weights of {said} do not load, `{(*proof.missing, *proof.misfit)[0]}` first"
    if not proof.is_finite:
        return f"the outputs of {said} are not finite (NaN or infinite), and cannot be compared"
    if not proof.is_steady:
        return f"{said} computes other outputs each time, and cannot be compared"
    return "" if proof.equal else f"the outputs differ from those of {said}, first at {proof.parts_at}"


def _proof(net: nn.Module, graph: Graph, size: tuple[int, int, int], ending: str) -> Proof:
    there = next(net.parameters(), torch.empty(0)).device
    if there.type == "meta":
        with torch.device("meta"):
            return keys(net, build(graph))
    page = build(graph).to(there).eval()
    image = torch.randn(BATCH, *size, generator=torch.Generator().manual_seed(0)).to(there)
    return prove(net, page, image, _ENDINGS.get(ending))


_ENDINGS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {"softmax": lambda logits: logits.softmax(1), "log_softmax": lambda logits: logits.log_softmax(1)}
)
"""What a network computes of the page's outputs."""


def _traced(net: nn.Module, size: tuple[int, int, int], manner: Manner, *, training: bool = False) -> GraphReading:
    """Return the steps, found on the meta device if the network runs there, else where it lies or by the exporter."""
    there = next(net.parameters(), torch.empty(0)).device
    if manner.is_light:
        try:
            copied = _weightless(net).train(training)
            return GraphReading(copied, trace(copied, torch.zeros(BATCH, *size, device="meta")), manner)
        except AssignedError as error:
            raise UnsayableError(str(error), None) from None
        except Exception:  # noqa: BLE001, S110 - it is tried with numbers
            pass
    image = torch.rand(BATCH, *size, device=there)
    if training:  # of a copy, whose running means nobody misses
        copied = copy.deepcopy(net).train()
        return GraphReading(copied, trace(copied, image), manner)
    try:
        return GraphReading(net, trace(net, image), manner)
    except Exception:  # noqa: BLE001 - PyTorch's exporter follows Python where torch.fx does not
        try:
            program = exported(net, image)
            return GraphReading(program, trace(program, image), manner)
        except Exception as error:
            raise UntraceableError(str(error).strip().partition("\n")[0] or type(error).__name__) from error


def _weightless(net: nn.Module) -> nn.Module:
    """Return a copy without numbers."""
    tensors = [*net.parameters(), *net.buffers()]
    memo = {
        id(each): nn.Parameter(torch.empty_like(each, device="meta"), requires_grad=each.requires_grad)
        if isinstance(each, nn.Parameter)
        else torch.empty_like(each, device="meta")
        for each in tensors
    }
    return copy.deepcopy(net, memo)


def _classes(root: BodyForm, shape: tuple[int, ...]) -> int:
    """Return how many numbers leave the network, and say ``$classes`` where the last layer makes them."""
    classes = prod(shape) if shape else 1
    last = _last(root)
    if last is not None and last.fields["out"] == classes:
        last.fields["out"] = "$classes"
    return classes


def _last(body: BodyForm) -> LayerForm | None:
    """Return the last layer that changes the number of channels."""
    for _, node in reversed(body.entries):
        if isinstance(node, LayerForm) and node.word in ("linear", "conv"):
            return node
        if isinstance(node, BlockForm):
            return _last(node.layers) if node.layers is not None and node.shortcut is None else None
    return None

"""Networks that differ in numbers: one is lowered with a tape, which gives ids, prices and shapes of the others."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from builder.costs import Cost, graph_cost, keeping
from builder.diagnostics import ArchError
from builder.identity import digest, graph_id, opening, ordered, pieces, reading, record
from builder.lowering.steps import Differs
from builder.lowering.tape import Tape
from builder.ops.base import FLOAT, SavedTensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from builder.costs import Keeping
    from builder.expressions import Result
    from builder.graph import Graph
    from builder.lowering.steps import TapedLayer
    from builder.shapes import Shape
    from builder.variants.pages import Differences

_MAX_REMEMBERED = 20_000
_LARGEST = 2**31  # numbers beyond are a mistake at most places, which the page's reader may find

MOST_TAPES = 8
"""How many are kept, and how many are made that serve nothing before there are no more."""


class Price(NamedTuple):
    """What a network is, by its id, and what it costs."""

    id: str
    cost: Cost


class Replays:
    """Prices and shapes of what differs in numbers, by networks that are lowered with a tape as they are needed."""

    def __init__(self, lowered: Callable[[Differences, Tape | None], Graph]) -> None:
        """Take what lowers a page, with a tape or without."""
        self._lowered = lowered
        self._known: list[tuple[object, Replay]] = []
        """Each with what it holds for; the one that served last comes first."""
        self._unused = 0

    def price(self, differences: Differences) -> Price:
        """Return id and cost of a network; raise ArchError where it can't be."""
        numbers, rest = _split(differences)
        for number, (known, replay) in enumerate(self._known):
            if known == rest:
                with suppress(Differs):
                    found = replay.price(tuple(numbers.values()))
                    self._known.insert(0, self._known.pop(number))
                    self._unused = 0
                    return found
        graph = self._recorded(differences, numbers, rest)
        return Price(graph_id(graph), graph_cost(graph))

    def shapes(self, differences: Differences) -> dict[str, Shape]:
        """Return what every layer and merge of a network gives, by its path; raise ArchError where it can't be."""
        numbers, rest = _split(differences)
        for known, replay in self._known:
            if known == rest:
                with suppress(Differs):
                    return replay.shapes(tuple(numbers.values()))
        return {node.path: node.shape for node in self._lowered(differences, None).nodes}

    def _recorded(self, differences: Differences, numbers: dict[str, Result], rest: object) -> Graph:
        """Return the network, lowered with a tape where it has numbers that others may differ in."""
        if not numbers or self._unused >= MOST_TAPES:
            return self._lowered(differences, None)
        tape = Tape(numbers)
        try:
            graph = self._lowered(differences, tape)
        except ArchError:
            return self._lowered(differences, None)  # which says it in the words of the page
        with suppress(Differs):
            self._unused += 1
            self._known = [(rest, Replay(graph, tape)), *self._known[: MOST_TAPES - 1]]
        return graph


def _split(differences: Differences) -> tuple[dict[str, Result], object]:
    """Return the parameters that are numbers, and all else with the types of these: what one tape holds for."""
    numbers: dict[str, Result] = {name: value for name, value in differences.params if _is_number(value)}
    others = [(name, value) for name, value in differences.params if name not in numbers]
    types = [(name, type(value)) for name, value in numbers.items()]
    return numbers, repr((differences.settings, others, types))


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in (int, float) and abs(value) < _LARGEST  # type: ignore[arg-type]  # a number by then


class Replay:
    """The network of a tape, and by it those with other numbers whose nodes keep the same for the backward pass."""

    def __init__(self, graph: Graph, tape: Tape) -> None:
        """Read from ``graph``, the one that ``tape`` has seen, what is the same for all numbers."""
        self._tape = tape
        self._paths = tuple(node.path for node in graph.nodes)
        wires = [node.inputs for node in graph.nodes]
        outputs = [each.output for each in (graph.root, *graph.heads)]
        self._opening = opening(graph)
        self._order = ordered(wires, outputs)
        self._reading = reading(pieces(graph), wires, outputs, self._order)
        keys = [node.key for node in graph.nodes]
        self._first_uses = [index for index, key in enumerate(keys) if key not in keys[:index]]
        idle = graph.head_nodes
        self._running = [index for index in range(len(keys)) if index not in idle]
        kept = list(keeping(graph))
        self._learning = [index for index, each in enumerate(kept) if each is not None]
        self._fresh = [index for each in kept if each is not None for index in each.fresh]
        self._tables: dict[object, _Table] = {}
        self._table_of = [self._table(each, has_key=bool(key)) for each, key in zip(kept, keys, strict=True)]
        own = tuple(tape.numbers.values())
        self._last = own, tape.play(own)
        self._forms = [each.form for each in self._facts(self._last[1])]

    def price(self, numbers: tuple[Result, ...]) -> Price:
        """Return id and cost of the network with other numbers; raise Differs where its page has to be lowered."""
        layers = self._layers(numbers)
        facts = self._facts(layers)
        if [each.form for each in facts] != self._forms:
            raise Differs
        name = digest(self._opening, self._reading, [facts[index].record for index in self._order])
        parameters = sum([facts[index].parameters for index in self._first_uses])
        macs = sum([facts[index].macs for index in self._running])
        own = sum([facts[index].own for index in self._learning])
        return Price(name, Cost(parameters, macs, own + FLOAT * sum([layers[each].elements for each in self._fresh])))

    def shapes(self, numbers: tuple[Result, ...]) -> dict[str, Shape]:
        """Return what every node of it gives, by its path; raise Differs as above."""
        layers = self._layers(numbers)
        return {path: layer.shape for path, layer in zip(self._paths, layers, strict=False)}

    def _layers(self, numbers: tuple[Result, ...]) -> list[TapedLayer]:
        """Return the layers of a network, which often is asked for its price and then for its shapes."""
        if self._last[0] != numbers:
            self._last = numbers, self._tape.play(numbers)
        return self._last[1]

    def _table(self, kept: Keeping | None, *, has_key: bool) -> _Table:
        asked = (kept.learns, kept.in_place, has_key) if kept is not None else (None, False, has_key)
        return self._tables.setdefault(asked, _Table(*asked))

    def _facts(self, layers: list[TapedLayer]) -> list[_Facts]:
        for each in self._tables.values():
            each.make_room()
        return [table[layer] for table, layer in zip(self._table_of, layers, strict=False)]


class _Facts(NamedTuple):
    """What a layer is and costs; ``form`` says what must be the same, for what it keeps to be the same values."""

    record: bytes
    parameters: int
    macs: int
    own: int
    form: tuple[object, ...]


class _Table(dict["TapedLayer", _Facts]):
    """The facts of layers whose inputs learn alike: None where neither they nor the layer do."""

    def __init__(self, learns: tuple[bool, ...] | None, in_place: bool, has_key: bool) -> None:
        super().__init__()
        self._learns = learns
        self._in_place = in_place
        self._has_key = has_key
        self._forms: dict[object, tuple[object, ...]] = {}

    def make_room(self) -> None:
        """Forget everything where it has become too much."""
        if len(self) > _MAX_REMEMBERED:
            self.clear()

    def __missing__(self, layer: TapedLayer) -> _Facts:
        operation, inputs = layer.operation, layer.inputs
        assert operation is not None, "the network's input costs nothing"
        kept = SavedTensors()
        if self._learns is not None:
            kept = operation.saved_tensors(inputs, self._learns, in_place=self._in_place)
        form = (
            bool(layer.learned),
            operation.is_alias(*inputs),
            operation.may_alias,
            operation.can_act_in_place,
            operation.is_module,
            operation.backward_reads_output,
            kept.inputs,
            kept.output,
        )
        self[layer] = found = _Facts(
            record(operation, inputs, has_key=self._has_key),
            sum([prod(each.shape) for each in layer.learned]),
            operation.macs(*inputs),
            kept.own,
            self._forms.setdefault(form, form),
        )
        return found

"""What the browser is told of a snapshot: mistakes, texts, layers with their lines, costs, and what separates pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.commands.show import describe
from builder.commands.text.diff import differing
from builder.costs import node_costs, total_cost
from builder.live.places import spots
from builder.variants.distance import distance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.commands.show import BlockRow, LayerRow
    from builder.diagnostics import Diagnostic, Mark
    from builder.graph import Graph
    from builder.live.pages import FollowedPage, Snapshot
    from builder.live.places import Spot


@dataclass(frozen=True)
class Line:
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class SeenLayer:
    """A layer as the table and the details show it, by its place in the order of execution."""

    path: str
    label: str
    block: str
    in_: str
    out: str
    parameters: int
    macs: int
    at: Line


@dataclass(frozen=True)
class SeenBlock:
    """A block, and the first and the last of its layers."""

    path: str
    template: str | None
    first: int
    last: int
    in_: str
    out: str
    parameters: int
    macs: int
    at: Line


@dataclass(frozen=True)
class SeenNetwork:
    """A network: its price, everything in it, and the spots at which something can be inserted."""

    name: str
    input: str
    classes: int
    parameters: int
    macs: int
    memory: int
    blocks: tuple[SeenBlock, ...]
    layers: tuple[SeenLayer, ...]
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class SeenPage:
    """A page: its text by the name that marks call it, those that it extends, its mistakes and its network."""

    asked: str
    file: str
    is_current: bool
    mistakes: tuple[Diagnostic, ...]
    texts: dict[str, str]
    network: SeenNetwork | None
    difference: str | None


@dataclass(frozen=True)
class View:
    """All pages at one version."""

    version: int
    pages: tuple[SeenPage, ...]


def view(snapshot: Snapshot) -> View:
    """Return what the browser shows of ``snapshot``; pages after the first one are compared with it."""
    first = snapshot.pages[0].graph
    return View(
        snapshot.version, tuple(_page(page, first if number else None) for number, page in enumerate(snapshot.pages))
    )


def _page(page: FollowedPage, first: Graph | None) -> SeenPage:
    graph = page.graph
    separates = differing(distance(first, graph)) if first is not None and graph is not None else None
    network = _network(graph) if graph is not None else None
    return SeenPage(page.asked, _name(page), page.is_current, page.mistakes, dict(_texts(page)), network, separates)


def _name(page: FollowedPage) -> str:
    """Return what marks call the file of a page."""
    own = page.graph.page.raw[-1].mark.source.name if page.graph is not None else str(page.file)
    return next(
        (each.mark.source.name for each in page.mistakes if each.mark and each.mark.source.text == page.text), own
    )


def _texts(page: FollowedPage) -> Iterator[tuple[str, str]]:
    """Yield the texts that lines are lines of, the page's own as it is now."""
    if page.graph is not None:
        yield from ((each.mark.source.name, each.mark.source.text) for each in page.graph.page.raw)
    for mistake in page.mistakes:
        for mark in (mistake.mark, *(note.mark for note in mistake.notes)):
            if mark is not None:
                yield mark.source.name, mark.source.text
    if page.text is not None:
        yield _name(page), page.text


def _network(graph: Graph) -> SeenNetwork:
    costs = node_costs(graph)
    table, cost = describe(graph, costs), total_cost(graph, costs)
    owners = {index: block.path for block in graph.root.blocks() for index in block.nodes()}
    blocks = [block for block in graph.root.blocks() if block.path]
    return SeenNetwork(
        name=table.name,
        input=str(graph.input),
        classes=graph.classes,
        parameters=cost.parameters,
        macs=cost.macs,
        memory=cost.memory,
        blocks=tuple(
            _block(row, block.mark, max(block.nodes(), default=row.first))
            for row, block in zip(table.blocks, blocks, strict=True)
        ),
        layers=tuple(
            _layer(row, node.mark, owners.get(node.index, ""))
            for row, node in zip(table.layers, graph.nodes, strict=True)
        ),
        spots=spots(graph),
    )


def _layer(row: LayerRow, mark: Mark, block: str) -> SeenLayer:
    return SeenLayer(
        row.path, row.label, block, _shape(row.in_), _shape(row.out), row.parameters, row.macs, _line(mark)
    )


def _block(row: BlockRow, mark: Mark, last: int) -> SeenBlock:
    return SeenBlock(
        row.path, row.template, row.first, last, _shape(row.in_), _shape(row.out), row.parameters, row.macs,
        _head(mark, row.path.rpartition(".")[2]),
    )  # fmt: skip


def _line(mark: Mark) -> Line:
    return Line(mark.source.name, mark.line)


def _head(mark: Mark, name: str) -> Line:
    """Return the line of a block: that of its name, where the name stands above what it means."""
    above = mark.source.line(mark.line - 1).lstrip().startswith(f"{name}:")
    return Line(mark.source.name, mark.line - above)


def _shape(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))

"""Variants that differ in numbers: prices and shapes by tape are those of their pages, and so are the mistakes."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING

import pytest

from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.identity import graph_id
from builder.lowering import find, lower, steps
from builder.lowering.pages import read_base
from builder.spec.space import Space
from builder.variants import context, replay, variants
from builder.variants.context import Origin
from builder.variants.pages import Differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from builder.variants import Variant, Variants

HEAD = """name: page
input: [3, 12, 12]
classes: 5
params: {{width: 8, kernel: 3, groups: 1, depth: 2, gain: 1.0}}
{more}
layers:
{layers}
  pool: adaptiveavgpool
  flatten: flatten
  fc: {{linear: {{out: $classes}}}}
"""

STEM = "  stem: [{conv: {out: $width, kernel: $kernel, padding: $kernel // 2}}, relu]"


LOWERED = 3
"""The base twice, for its price and its id, and one network with a tape."""


class Lowerings:
    """Counts how many pages were lowered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(context, "lower", self)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Lower a page."""
        self.count += 1
        return lower(*args, **kwargs)  # type: ignore[arg-type]  # as it was called


@pytest.fixture
def lowerings(monkeypatch: pytest.MonkeyPatch) -> Lowerings:
    """Return the count of pages that variants lower."""
    return Lowerings(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for a page."""
    return tmp_path


def page(folder: Path, layers: str = STEM, more: str = "") -> Path:
    """Write a page with numbers as parameters and these layers."""
    path = folder / "page.yaml"
    path.write_text(HEAD.format(layers=layers, more=more))
    return path


def varied(path: Path | str, **values: Iterable[object]) -> Variants:
    """Return the variants of a page for all combinations of these values of its parameters."""
    return variants(path, {name: {"params": {name: list(each)}} for name, each in values.items()})


def assert_as_lowered(found: Iterable[Variant]) -> None:
    """Compare id, shapes and cost of each variant with those of its page."""
    for each in found:
        shapes, graph = each.shapes, each.graph
        assert (each.id, each.cost) == (graph_id(graph), graph_cost(graph)), each.name
        assert shapes == {node.path: node.shape for node in graph.nodes}, each.name


def assert_answered_as_lowered(path: Path | str, values: dict[str, list[object]]) -> None:
    """Compare what is said of every combination with what its page says: id, cost and shapes, or its mistakes."""
    page, member = find(path)
    header = {"extends": page.name} | ({"member": member} if member else {})
    origin = Origin(read_base(page, member), Space(), None, header)
    for numbers in product(*values.values()):
        differences = Differences(params=tuple(zip(values, numbers, strict=True)))
        assert answer(lambda given: priced(origin, given), differences) == answer(
            lambda given: of_page(origin, given), differences
        )


def answer(asked: Callable[[Differences], object], differences: Differences) -> object:
    """Return what is said of a variant, or code, words and place of every mistake."""
    try:
        return asked(differences)
    except ArchError as error:
        marks = [(each, each.mark) for each in error.diagnostics]
        return [(each.code, each.message, mark and (mark.source.name, mark.line, mark.column)) for each, mark in marks]


def priced(origin: Origin, differences: Differences) -> object:
    """Return id, cost and shapes of a variant."""
    return *origin.replays.price(differences), origin.replays.shapes(differences)


def of_page(origin: Origin, differences: Differences) -> object:
    """Return the same of its page."""
    graph = origin.lowered(differences)
    return graph_id(graph), graph_cost(graph), {node.path: node.shape for node in graph.nodes}


class TestResnet:
    """Width and groups of ResNet-50, whose blocks all depend on both."""

    def test_each_is_as_lowered(self, lowerings: Lowerings) -> None:
        """A dozen of them; one page is lowered with a tape, and the base's."""
        found = varied("resnet50", width_per_group=[4, 64, 100, 128], groups=[1, 2, 32])
        drawn = list(found)
        assert lowerings.count == LOWERED
        assert len(drawn) == 12
        assert_as_lowered(drawn)

    @pytest.mark.slow
    def test_five_hundred_are_as_lowered(self) -> None:
        """Drawn at random from 16,000."""
        found = varied("resnet50", width_per_group=range(1, 1001), groups=range(1, 17))
        dice = Random(5)
        numbers = {(dice.randint(1, 1000), dice.randint(1, 16)) for _ in range(520)}
        for width, groups in sorted(numbers)[:500]:
            differences = Differences(params=(("width_per_group", width), ("groups", groups)))
            assert priced(found.origin, differences) == of_page(found.origin, differences)


class TestFamilies:
    """Numbers of other shipped networks, with decisions that fall one way or another."""

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("densenet121", {"growth": [8, 33], "width": [16, 64]}),
            ("mobilenet_v2", {"width": [0.25, 0.6, 1.0, 1.4]}),
            ("regnet_y_400mf", {"group": [8, 12, 16], "se": [0.0, 0.1]}),
            ("res2net50_26w_4s", {"width": [8, 14], "scale": [4, 6]}),
            ("efficientnet_b0", {"width": [0.5, 1.0]}),
        ],
    )
    def test_each_is_as_lowered(self, name: str, values: dict[str, list[object]]) -> None:
        """Prices and shapes, or the mistake where there is one."""
        assert_answered_as_lowered(name, values)


class TestDecisions:
    """A tape serves as long as the walk goes its way; for another way another page is lowered."""

    def test_fields_and_shapes_take_no_lowering(self, folder: Path, lowerings: Lowerings) -> None:
        """Thirty widths and kernels of one network: the base, and one with a tape."""
        found = list(varied(page(folder), width=range(1, 11), kernel=[1, 3, 5]))
        assert len(found) == 30
        assert lowerings.count == LOWERED
        assert_as_lowered(found)

    def test_a_condition_that_falls_otherwise_does(self, folder: Path, lowerings: Lowerings) -> None:
        """`when: $width > 12` makes two networks of different layers."""
        layers = f"{STEM}\n  more: {{conv: {{out: 4, kernel: 1}}, when: $width > 12}}"
        found = list(varied(page(folder, layers), width=range(8, 18)))
        assert lowerings.count == LOWERED + 1
        assert sum("more" in each.shapes for each in found) == 5
        assert_as_lowered(found)

    def test_a_number_of_repeats_does(self, folder: Path) -> None:
        """Each depth is another network, and the widths of each come from its tape."""
        layers = f"{STEM}\n  unit{{$i}}: {{conv: {{out: $width, kernel: 1}}, repeat: $depth}}"
        assert_as_lowered(varied(page(folder, layers), depth=[0, 1, 3], width=[2, 4, 6]))

    def test_the_channels_that_enter_decide(self, folder: Path) -> None:
        """`$in` is what another layer gives, which varies."""
        layers = f"{STEM}\n  more: {{conv: {{out: 8, kernel: 1}}, when: $in != 8}}"
        found = list(varied(page(folder, layers), width=[8, 4, 6, 10]))
        assert ["more" in each.shapes for each in found] == [False, True, True, True]
        assert_as_lowered(found)

    def test_names_do(self, folder: Path) -> None:
        """A block that is called after its width has another path."""
        layers = f"{STEM}\n  wide{{$width}}: {{conv: {{out: 8, kernel: 1}}}}"
        found = list(varied(page(folder, layers), width=[2, 4, 6]))
        assert ["wide4" in each.shapes for each in found] == [False, True, False]
        assert_as_lowered(found)

    def test_many_ways_end_the_search(self, folder: Path, lowerings: Lowerings) -> None:
        """Where no tape ever serves, each network is lowered once."""
        layers = f"{STEM}\n  unit{{$i}}: {{conv: {{out: 4, kernel: 1}}, repeat: $depth}}"
        found = list(varied(page(folder, layers), depth=range(30)))
        assert lowerings.count == LOWERED - 1 + 30
        assert_as_lowered(found[::7])


class TestWhatVaries:
    """Everything through which a number can reach a layer."""

    @pytest.mark.parametrize(
        "layers",
        [
            "  one: {Unit: {out: $width}}\n  two: {Unit: {out: $width * 2, kernel: $kernel}}",
            "  one: {layers: [{conv: {out: $width, kernel: 3, stride: 2, padding: 1}}, batchnorm], shortcut: auto}",
            "  one: {layers: [{conv: {out: $width, kernel: $kernel, padding: 1}}, batchnorm], shortcut: auto}",
            "  one: {branches: [[{conv: {out: $width, kernel: 1}}], [{conv: {out: 8, kernel: 1}}, silu]]}",
            "  one: {branches: [[relu], [{conv: {out: $in, kernel: 1}}]], split: true}",
            "  one: {branches: [[relu], [silu]], split: [2, $width - 2]}",
            "  one: {branches: [[relu], [silu]], split: [4, 4]}",
            "  one: {conv: {out: $width, kernel: 1}}\n  two: {reuse: {layer: one}}",
            "  one: {repeat: 'factor in [1, 2, 3]', conv: {out: $width * $factor, kernel: 1}}".replace("one", "u{$i}"),
            "  one: {se: {reduction: 4}}\n  two: {dropout: {p: 0.1 * $gain}}",
            "  one: {conv: {out: '$width if $width > 6 else 6', kernel: 1, bias: $gain > 0.7}}",
        ],
    )
    def test_it_is_as_lowered(self, folder: Path, layers: str) -> None:
        """Templates, projections, branches, shares, a module twice, repeats, gates."""
        templates = """
templates:
  Unit:
    params: {out: int, kernel: 3, width: $out * 2}
    layers:
      - conv: {out: $width, kernel: $kernel, padding: $kernel // 2}
      - batchnorm
      - relu
      - conv: {out: $out, kernel: 1, groups: $groups}
    shortcut: identity if $in == $out else none
"""
        for values in ({"width": [4, 8, 12, 16]}, {"kernel": [3, 5, 1]}, {"gain": [0.5, 1.0, 2]}, {"groups": [1, 2]}):
            assert_answered_as_lowered(page(folder, f"{STEM}\n{layers}", templates), values)

    def test_a_parameter_of_a_template_hides_one_of_the_page(self, folder: Path) -> None:
        """What is called `width` in it has nothing to do with the page's."""
        templates = "templates: {Unit: {params: {width: 4}, layers: [{conv: {out: $width, kernel: 1}}]}}"
        found = list(varied(page(folder, f"{STEM}\n  one: Unit", templates), width=[2, 3, 5]))
        assert {each.shapes["one.0" if "one.0" in each.shapes else "one.conv1"].channels for each in found} == {4}
        assert_as_lowered(found)

    def test_whole_numbers_and_others_are_told_apart(self, folder: Path) -> None:
        """8.0 is no number of channels, and 8 is."""
        path = page(folder)
        with pytest.raises(ArchError, match="whole number"):
            list(varied(path, width=[4, 6, 8.0]))


class TestMistakes:
    """A variant that can't be is answered as its page is."""

    @pytest.mark.parametrize(
        ("layers", "more", "values"),
        [
            ("  one: {conv: {out: 12, kernel: 1, groups: $groups}}", "", {"groups": [1, 2, 4, 5]}),
            ("  one: {conv: {out: 8, kernel: $kernel}}", "", {"kernel": [3, 5, 13]}),
            ("  one: {conv: {out: $width - 4, kernel: 1}}", "", {"width": [8, 6, 4]}),
            ("  one: {conv: {out: 64 // ($width - 4), kernel: 1}}", "", {"width": [8, 6, 4]}),
            ("  one: relu", "init: {conv: {weight: {uniform: {bound: 1 / (9 - $out)}}}}", {"width": [8, 7, 9]}),
            ("  one: {layers: [{conv: {out: 8, kernel: $kernel, padding: 1}}], shortcut: identity}", "",
             {"kernel": [3, 1]}),
            ("  one: {conv: {out: 100000 * $width, kernel: 100, padding: 100}}", "", {"width": [1, 2, 100000]}),
        ],
    )  # fmt: skip
    def test_it_is_the_page_s(self, folder: Path, layers: str, more: str, values: dict[str, list[object]]) -> None:
        """The same words at the same place, and it ends the stream."""
        path = page(folder, f"{STEM}\n{layers}", more)
        assert_answered_as_lowered(path, values)
        with pytest.raises(ArchError):
            list(varied(path, **values))


class TestMemory:
    """What is remembered is bounded."""

    def test_it_is_forgotten_and_found_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With room for ten layers, forty networks are priced as ever."""
        monkeypatch.setattr(steps, "MAX_REMEMBERED", 10)
        monkeypatch.setattr(steps, "_OFTEN", 1)
        monkeypatch.setattr(replay, "_MAX_REMEMBERED", 10)
        found = varied(page(folder), width=range(1, 41))
        assert_as_lowered(found)
        (_, kept), *_ = found.origin.replays._known
        assert sum(map(len, kept._tape._memory._tables)) < 30
        assert sum(map(len, kept._tables.values())) < 30

"""Values that are read from afar, at the level of layers."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram import draw
from builder.emit.diagram.layout.layers import layers
from builder.lowering import load
from tests.emit.diagram.geometry import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.emit.diagram.scene.scene import Point, Scene
    from builder.graph import Graph

CONV = "conv: {out: 8, kernel: 3, padding: 1}"
BRANCHES = f"""
stem: {{{CONV}}}
mixed:
  branches:
    - one: {{{CONV}}}
    - two: {{{CONV}}}
      three: {{{CONV}}}
      beside: {{join: {{from: mixed.one}}}}
      last: {{{CONV}}}
    - four: {{{CONV}}}
      far: {{join: {{from: stem}}}}
      five: {{{CONV}}}
      over: {{join: {{from: mixed.one, by: concat}}}}
    - six: {{{CONV}}}
      seven: {{{CONV}}}
tail:
  layers:
    - conv: {{out: 24, kernel: 3, padding: 1}}
    - join: {{from: mixed.six, by: concat}}
  shortcut:
    - conv: {{out: 32, kernel: 1}}
    - join: {{from: mixed.seven, by: concat}}
    - conv: {{out: 32, kernel: 1}}
"""


def ways(scene: Scene) -> list[tuple[tuple[float, float], ...]]:
    """Return the ways of values that are read from afar."""
    return [line.points for line in scene.lines if line.tone == "lane" and line.pen == 0.9]


def _covers(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Return whether two legs lie on one another over some length."""
    for axis, along in ((0, 1), (1, 0)):
        if first[0][axis] == first[1][axis] == second[0][axis] == second[1][axis]:
            (a, b), (c, d) = (sorted((leg[0][along], leg[1][along])) for leg in (first, second))
            return min(b, d) - max(a, c) > 0.1
    return False


class TestBranches:
    """Between branches run corridors."""

    def test_no_way_crosses_a_box_or_a_text(self, network: Callable[..., Graph]) -> None:
        """From outside, from the branch beside it, over another branch, and out of a branch into a lane."""
        graph = network(BRANCHES)
        scene = layers([graph])
        assert len(ways(scene)) == 5
        assert faults(scene) == []
        assert draw([graph]).svg()

    def test_a_neighbor_is_reached_without_a_detour(self, network: Callable[..., Graph]) -> None:
        """Out to the right, down between the two branches, and in from the left."""
        scene = layers([network(BRANCHES)])
        (way,) = (each for each in ways(scene) if len(each) == 4 and each[0][0] < each[-1][0])
        assert way[1][0] == way[2][0]

    def test_ways_of_two_values_do_not_run_on_one_another(self, network: Callable[..., Graph]) -> None:
        """Neither along nor across; those of one value do."""
        scene = layers([network(BRANCHES)])
        legs = [(way[0], leg) for way in ways(scene) for leg in pairwise(way)]
        for (one, first), (other, second) in combinations(legs, 2):
            assert one == other or not _covers(first, second)

    @pytest.mark.parametrize("name", ["res2net50_26w_4s"])
    def test_shipped_networks_with_joins_in_branches(self, name: str) -> None:
        """Every part of Res2Net reads the one before it."""
        scene = layers([load(name)])
        assert faults(scene) == []
        assert all(len(way) == 4 for way in ways(scene))


class TestLanes:
    """Outside of all branches."""

    def test_two_values_in_one_place_have_lanes_of_their_own(self, network: Callable[..., Graph]) -> None:
        """Where they pass the same height."""
        more = [f"c{number}: {{{CONV}}}" for number in range(3)]
        joins = ["join1: {join: {from: c0}}", "join2: {join: {from: c1}}"]
        scene = layers([network("\n".join([*more, *joins]))])
        first, second = ways(scene)
        assert first[1][0] != second[1][0]

    def test_one_after_the_other_they_share_a_lane(self, network: Callable[..., Graph]) -> None:
        """So that a network with many joins does not grow to the left."""
        lines = []
        for at in range(2):
            lines += [f"a{at}: {{{CONV}}}", f"b{at}: {{{CONV}}}", f"join{at}: {{join: {{from: a{at}}}}}"]
        first, second = ways(layers([network("\n".join(lines))]))
        assert first[1][0] == second[1][0]

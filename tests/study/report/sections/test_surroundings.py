"""On what the cells ran, and what their networks look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.study.report.sections.diagrams import BLOCKS, diagram
from builder.study.report.sections.surroundings import Said, surroundings
from builder.variants import variants

if TYPE_CHECKING:
    from pathlib import Path

SPACE = {"gate": {"insert": {"se": {"reduction": 4}}, "among": "block*.pre_activation"}}


def cell(folder: Path, name: str, **environment: object) -> Path:
    """Return a cell's folder with this environment."""
    (folder / name).mkdir()
    (folder / name / "environment.json").write_text(json.dumps(environment))
    return folder / name


class TestSurroundings:
    """Machines and versions, each with the number of cells."""

    def test_what_differs_is_counted_apart(self, tmp_path: Path) -> None:
        """The most frequent first."""
        packages = {"torch": "2.15.0", "numpy": None}
        cells = [cell(tmp_path, name, device="cpu", packages=packages) for name in "ab"]
        cells.append(cell(tmp_path, "c", device="cuda", packages=packages, git={"commit": "f00", "changed": True}))
        assert surroundings(cells) == (
            Said("device", "cpu", 2),
            Said("device", "cuda", 1),
            Said("torch", "2.15.0", 3),
            Said("git", "f00 with changed files", 1),
        )

    def test_a_cell_that_says_nothing_does_no_harm(self, tmp_path: Path) -> None:
        """No file, half a file, or another one."""
        (tmp_path / "half").mkdir()
        (tmp_path / "half" / "environment.json").write_text('{"device"')
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "environment.json").write_text("[]")
        assert surroundings([tmp_path / "half", tmp_path / "other", tmp_path / "none"]) == ()


class TestDiagram:
    """The networks side by side."""

    graphs = tuple(each.graph for each in variants("alexnet_tiny", SPACE))

    def test_light_and_dark_show_the_same_networks(self) -> None:
        """In other colors."""
        found = diagram(self.graphs)
        assert found.light != found.dark
        for graph in self.graphs:
            assert graph.name in found.light
            assert graph.name in found.dark
            assert graph.name in found.alternative

    def test_many_are_drawn_block_by_block_and_very_many_not_at_all(self) -> None:
        """And it is said how many those are."""
        found = diagram(self.graphs * 5)
        assert "block by block" in found.alternative
        assert found.left_out == 20 - BLOCKS

"""Whether trainings had ended, and what equal cost would give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builder.study.report.sections.blocks import Paragraph, Table
from builder.study.report.sections.training import convergence, equal_cost

if TYPE_CHECKING:
    from tests.study.report.conftest import Made


class TestConvergence:
    """Whether longer training would have changed something."""

    def test_what_the_last_fifth_of_the_epochs_gave_is_said(self, factors: Made) -> None:
        """Beside the difference that matters, and for each network."""
        part = convergence(factors.content)
        assert part is not None
        said, table = part.blocks
        assert isinstance(said, Paragraph)
        assert "less than the smallest difference that matters (1 point)" in said.text
        assert isinstance(table, Table)
        assert [row[1] for row in table.rows] == ["6 of 6"] * 8

    def test_a_study_of_an_earlier_version_has_none(self, plain: Made) -> None:
        """Its report stays what it was."""
        assert convergence(plain.content) is None


class TestEqualCost:
    """What each variant has reached for the price of the cheapest."""

    def test_dearer_networks_are_cut_where_they_have_cost_as_much(self, factors: Made) -> None:
        """By processor time, which is said."""
        section = factors.content.sections[0]
        _, said, table = equal_cost(factors.content, section)
        assert isinstance(said, Paragraph)
        assert said.text.startswith("Measured by processor time, alexnet_tiny is the cheapest.")
        assert isinstance(table, Table)
        costs = {row[0]: row[1:3] for row in table.rows}
        assert costs["alexnet_tiny"] == ("1.00 times", "6 of 6")
        assert {epochs for name, (_, epochs) in costs.items() if name != "alexnet_tiny"} == {"5 of 6"}

    def test_without_processor_time_multiplications_count(self, factors: Made) -> None:
        """They are the same on every machine, however busy it is."""
        section = factors.content.sections[0]
        entries = tuple(replace(each, is_timed=False) for each in section.entries)
        said = equal_cost(factors.content, replace(section, entries=entries))[1]
        assert isinstance(said, Paragraph)
        assert said.text.startswith("Measured by multiply-accumulates,")

    def test_networks_that_cost_the_same_need_no_table(self, factors: Made) -> None:
        """Nothing would be cut."""
        section = factors.content.sections[0]
        same = section.entries[0].network
        entries = tuple(replace(each, is_timed=False, network=same) for each in section.entries)
        assert equal_cost(factors.content, replace(section, entries=entries)) == []

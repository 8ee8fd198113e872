"""Which boxes of several networks stand in one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.emit.diagram.reading.alignment import are_kin, compare
from builder.emit.diagram.reading.outline import OutlineCell, outline
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")


def strands(*names: str):
    """Return the outlines of shipped networks."""
    return [outline(load(name)) for name in names]


class TestCompare:
    """Rows of the report's networks and of made-up ones."""

    def test_equal_networks_do_not_differ(self) -> None:
        """Every row is shared."""
        result = compare(strands("alexnet", "alexnet"))
        assert not any(result.differs)
        assert result.changed == frozenset()

    def test_only_the_gates_differ(self) -> None:
        """The three AlexSE networks share all rows but two."""
        result = compare(strands(*REPORT))
        rows = [row for row, differs in zip(result.rows, result.differs, strict=True) if differs]
        assert [[token.path if token else None for token in row] for row in rows] == [
            ["block1.se", None, "block1.se"],
            [None, "block2.se", "block2.se"],
        ]

    @pytest.mark.parametrize(
        "names",
        [
            ("alexnet", "alexse_block1"),
            ("alexse_block1", "alexnet"),
            ("alexnet", "alexse_block2", "alexse_both"),
            ("alexnet", "alexresnet", "alexse_cross"),
        ],
        ids="+".join,
    )
    @pytest.mark.parametrize("classes", [None, 10])
    def test_every_strand_is_kept_in_order(self, names: tuple[str, ...], classes: int | None) -> None:
        """A column without its gaps is the strand itself, whichever network stands first and has less."""
        given_strands = [outline(load(name, classes=classes)) for name in names]
        result = compare(given_strands)
        for column, strand in enumerate(given_strands):
            assert tuple(row[column] for row in result.rows if row[column]) == strand

    def test_changed_field_stays_in_its_row(self, network: Callable[..., Graph]) -> None:
        """The same layer with another number of channels is one row that differs, not two."""
        narrow = network("conv: {conv: {out: 8, kernel: 3}}\nrelu: relu", "narrow")
        wide = network("conv: {conv: {out: 16, kernel: 3}}\nrelu: relu", "wide")
        result = compare([outline(narrow), outline(wide)])
        assert result.changed == {"conv"}
        assert all(None not in row for row in result.rows)

    @settings(deadline=None, max_examples=30)
    @given(st.data())
    def test_finds_the_longest_common_subsequence(self, data: st.DataObject) -> None:
        """Taking boxes out of a network leaves the rest in rows with the original."""
        (whole,) = strands("alexnet")
        kept = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
        part = tuple(
            token for token, keep in zip(whole, kept, strict=True) if keep or not isinstance(token, OutlineCell)
        )
        result = compare([whole, part])
        assert len(result.rows) == len(whole)


class TestAreKin:
    """Whether aligning helps."""

    def test_variants_are(self) -> None:
        """A network and its variants share most boxes."""
        assert are_kin(compare(strands("alexnet", *REPORT)))

    def test_strangers_are_not(self) -> None:
        """AlexNet and ResNet-18 have little in common; their columns stand free."""
        assert not are_kin(compare(strands("alexnet", "resnet18")))

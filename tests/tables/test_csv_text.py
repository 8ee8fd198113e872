"""Tables for programs."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.tables import csv_line, csv_table
from tests.tables.test_model import SIZES


class TestCsvTable:
    """Numbers as numbers."""

    def test_numbers_have_all_digits_and_no_separators(self) -> None:
        """Columns have the names that programs use; there is no total."""
        assert csv_table(SIZES) == "name,id,macs\na,1f,1000\nbcd,2f,\n"

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1))
    def test_every_text_is_read_back(self, cells: list[str]) -> None:
        """But for the apostrophe before what would be a formula."""
        (found,) = csv.reader(StringIO(csv_line(cells), newline=""))
        assert [each.removeprefix("'") for each in found] == [each.removeprefix("'") for each in cells]

    @pytest.mark.parametrize("text", ["=HYPERLINK()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_no_text_is_a_formula(self, text: str) -> None:
        """A number may be negative all the same."""
        assert csv_line([text]).strip('"').startswith("'")
        assert csv_line([-1, -0.5]) == "-1,-0.5"

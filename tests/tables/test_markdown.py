"""Tables in Markdown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from builder.tables import escaped, markdown_table, text_table
from tests.tables.test_model import SIZES

TEXTS = st.text(max_size=8)


class TestMarkdownTable:
    """GitHub's dialect."""

    def test_a_table(self) -> None:
        """Numbers are flushed right, the total is in bold."""
        assert markdown_table(SIZES).splitlines() == [
            "| network | MACs |", "|---|---:|", "| a | 1,000 |", "| bcd |  |", "| **total** | **1,000** |",
        ]  # fmt: skip

    @given(st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
    def test_whatever_stands_in_it_every_row_is_a_line_of_as_many_cells(self, rows: list[tuple[str, str]]) -> None:
        """A bar or the end of a line would break it."""
        lines = markdown_table(text_table(["a", "b"], rows)).split("\n")
        assert len(lines) == 2 + len(rows)
        assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines} == {3}


class TestEscaped:
    """Text that is no sign."""

    def test_names_of_networks_stay_readable(self) -> None:
        """A low line inside a word is no sign."""
        assert escaped("alexse_both -> block*.out [1] _x_") == r"alexse_both -\> block\*.out \[1\] \_x\_"

"""Tables before they are written."""

from __future__ import annotations

from builder.tables import Column, Table, terminal_table, text_table

SIZES = Table(
    (Column("name", "network"), Column("id"), Column("macs", "MACs", lambda count: f"{count:,}", is_number=True)),
    (("a", "1f", 1_000), ("bcd", "2f", None)),
    ("total", None, 1_000),
)


class TestTable:
    """What people read, and what programs read."""

    def test_a_column_without_a_title_is_for_programs(self) -> None:
        """It is neither above nor below."""
        assert SIZES.titles == ["network", "MACs"]
        assert SIZES.numbers == [1]
        assert SIZES.body == [["a", "1,000"], ["bcd", ""]]

    def test_on_a_terminal_the_total_is_the_last_row(self) -> None:
        """Numbers are flushed right."""
        assert terminal_table(SIZES) == "network   MACs\na        1,000\nbcd\ntotal    1,000"

    def test_what_people_read_already_is_shown_as_it_is(self) -> None:
        """Its titles are its names."""
        made = text_table(["name", "size"], [["a", "10"]], [1])
        assert (made.titles, made.numbers, made.body) == (["name", "size"], [1], [["a", "10"]])

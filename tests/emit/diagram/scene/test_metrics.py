"""Texts are measured with the widths of the font that draws them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.emit.diagram.scene.metrics import fit, fit_end, text_width, wrap


class TestTextWidth:
    """The sum of advance widths, in pt."""

    def test_is_the_fonts(self) -> None:
        """R, e, L and U are 722, 556, 556 and 722 thousandths wide."""
        assert text_width("ReLU", 10) == pytest.approx(25.56)

    def test_bold_is_wider(self) -> None:
        """The same text needs more room in bold."""
        assert text_width("Block 1", 8, bold=True) > text_width("Block 1", 8)

    def test_unknown_characters_count_as_a_full_em(self) -> None:
        """A character that is not in the table never runs out of its box."""
        assert text_width("漢", 8) == 8

    @settings(deadline=None)
    @given(st.text(max_size=20), st.text(max_size=20))
    def test_adds_up(self, first: str, second: str) -> None:
        """No kerning: two texts in a row are as wide as both."""
        assert text_width(first + second, 7) == pytest.approx(text_width(first, 7) + text_width(second, 7))


class TestFit:
    """Cutting a text to the room there is."""

    def test_what_fits_stays(self) -> None:
        """A short text is not touched."""
        assert fit("Block 1", 50, 8) == "Block 1"

    @settings(deadline=None)
    @given(st.text(min_size=1, max_size=40), st.floats(10, 100))
    def test_fits_afterwards(self, text: str, room: float) -> None:
        """Whatever comes out is at most as wide as the room."""
        assert text_width(fit(text, room, 8), 8) <= room

    def test_shows_that_something_is_missing(self) -> None:
        """The cut is marked with an ellipsis."""
        assert fit("a rather long title", 40, 8).endswith("…")


class TestFitEnd:
    """Cutting the name of a block."""

    def test_keeps_what_tells_it_from_its_neighbors(self) -> None:
        """The end, after an ellipsis."""
        shown = fit_end("branch7x7dbl_3", 36, 6.4, bold=True)
        assert shown.startswith("…")
        assert shown.endswith("dbl_3")
        assert text_width(shown, 6.4, bold=True) <= 36

    def test_leaves_alone_what_fits(self) -> None:
        """Nothing is cut without need."""
        assert fit_end("branch1", 100, 6.4) == "branch1"


class TestWrap:
    """Breaking a text into lines."""

    def test_breaks_at_spaces(self) -> None:
        """Words stay whole where they can."""
        assert wrap("one two three", text_width("one two", 7) + 1, 7) == ["one two", "three"]

    @settings(deadline=None)
    @given(st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=12), st.floats(12, 120))
    def test_never_more_lines_or_wider_than_asked(self, words: list[str], room: float) -> None:
        """Two lines at most, each within the room."""
        lines = wrap(" ".join(words), room, 7)
        assert 1 <= len(lines) <= 2
        assert all(text_width(line, 7) <= room for line in lines)

"""Aligned columns for a terminal."""

from __future__ import annotations

import pytest

from builder.tables import one_line, table, terminal_table, text_table

CONTROLS = [*map(chr, (*range(32), *range(127, 160))), "\u2028", "\u2029", "\u202e", "\u2066"]
"""What ends a line or is obeyed by a terminal."""


class TestRows:
    """A row is a line, whatever files and classes are called."""

    @pytest.mark.parametrize("sign", CONTROLS, ids=[f"U+{ord(sign):04X}" for sign in CONTROLS])
    def test_a_control_character_is_shown_as_such(self, sign: str) -> None:
        """In the head and in cells; columns stay as wide as what is shown."""
        said = table([f"a{sign}b", "n"], [[f"cat{sign}dog", "1"], ["x", "2"]])
        assert said == "a\ufffdb      n\ncat\ufffddog  1\nx        2"
        assert terminal_table(text_table([f"a{sign}b"], [["x"]])) == "a\ufffdb\nx"

    def test_all_other_characters_stay(self) -> None:
        """Also those of other scripts, and blanks that do not break."""
        text = "Größe 3×3 – 猫 \u202f\xa0\u2009é"
        assert one_line(text) == text

"""How a mistake is drawn, ordered and counted."""

from __future__ import annotations

import pytest

from builder.diagnostics import ArchError, Collector, Diagnostic, Mark, Note, Source, nearest, render

SOURCE = Source("net.yaml", "name: net\nlayers:\n  - conv: {outt: 3}\n")


class TestRendering:
    """Headline, place, the line with a caret, notes, help: as rustc does."""

    def test_the_caret_stands_under_what_is_meant(self) -> None:
        """As wide as the text."""
        drawn = render(
            Diagnostic("unknown-field", "`outt` is not a field", Mark(SOURCE, 3, 12, 4), "did you mean `out`?")
        )
        assert drawn.splitlines() == [
            "error[unknown-field]: `outt` is not a field",
            "  --> net.yaml:3:12",
            "  |",
            "3 |   - conv: {outt: 3}",
            "  |            ^^^^",
            "  help: did you mean `out`?",
        ]

    def test_a_second_place_follows_as_a_note(self) -> None:
        """With its own line and caret."""
        note = Note(Mark(SOURCE, 1, 7, 3), "the first is here")
        drawn = render(Diagnostic("duplicate-name", "twice", Mark(SOURCE, 3, 5), None, (note,)))
        assert "note: the first is here" in drawn
        assert "1 | name: net" in drawn

    def test_control_characters_do_not_reach_the_terminal(self) -> None:
        """A page cannot move the cursor."""
        source = Source("bad.yaml", "a: \x1b[2J\n")
        assert "\x1b" not in render(Diagnostic("control-character", "no", Mark(source, 1, 4)))

    def test_a_long_line_is_shown_around_its_caret(self) -> None:
        """Never a screenful."""
        source = Source("long.yaml", "a: " + "x" * 5000)
        drawn = render(Diagnostic("bad-value", "no", Mark(source, 1, 3000, 4)))
        assert max(len(line) for line in drawn.splitlines()) < 130
        assert "^^^^" in drawn


class TestCollector:
    """One run reports every mistake, and each of them once."""

    def test_the_order_is_that_of_the_text(self) -> None:
        """Not that in which they were found."""
        problems = Collector()
        problems.error("b", "second", Mark(SOURCE, 3, 1))
        problems.error("a", "first", Mark(SOURCE, 1, 1))
        with pytest.raises(ArchError) as caught:
            problems.raise_found()
        assert [each.message for each in caught.value.diagnostics] == ["first", "second"]

    def test_the_same_mistake_is_kept_once(self) -> None:
        """A template that is called ten times has one mistake."""
        problems = Collector()
        for _ in range(10):
            problems.error("bad-value", "no", Mark(SOURCE, 3, 5))
        with pytest.raises(ArchError) as caught:
            problems.raise_found()
        assert len(caught.value.diagnostics) == 1

    def test_nothing_found_raises_nothing(self) -> None:
        """The page is right."""
        Collector().raise_found()


class TestNearest:
    """The name that was most likely meant."""

    @pytest.mark.parametrize(
        ("word", "expected"),
        [("cnov", "conv"), ("Conv", "conv"), ("batchnrom", "batchnorm"), ("zzz", None), ("", None)],
    )
    def test_a_typing_mistake_finds_it(self, word: str, expected: str | None) -> None:
        """And what is far from everything finds nothing."""
        assert nearest(word, ["conv", "linear", "batchnorm"]) == expected

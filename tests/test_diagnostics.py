"""How a mistake is drawn, ordered and counted."""

from __future__ import annotations

import pickle
import traceback

import pytest

from builder.diagnostics import (
    ArchError,
    Collector,
    Diagnostic,
    Mark,
    Note,
    RunError,
    Source,
    look_alike,
    nearest,
    render,
    suggest_value,
)

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


class TestLookAlike:
    """Characters that look like the signs of a page."""

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("\u201crelu\u201d", 'type `"` in the place of this left double quotation mark'),
            ("\u2019x\u2019", "type `'` in the place of this right single quotation mark"),
            ("1e\u20133", "type `-` in the place of this en dash"),
            ("\u22121", "type `-` in the place of this minus sign"),
            ("conv\uff1a {out", "type `:` in the place of this fullwidth colon"),
            ("1\uff0c 8", "type `,` in the place of this fullwidth comma"),
            ("kernel:\u00a03", "type an ordinary space in the place of this no-break space"),
            ("\u200bkernel", "delete this zero width space"),
        ],
    )
    def test_what_to_type_is_said(self, text: str, hint: str) -> None:
        """A word processor or another keyboard has written them."""
        assert look_alike(text) == hint

    @pytest.mark.parametrize("text", ["conv", "größe", "\u0663", "\uff13", "ﬁlter", "é", "日本", "", "\u201c" * 65])
    def test_letters_and_digits_are_what_they_are(self, text: str) -> None:
        """Digits have an answer of their own; a long text may be meant so."""
        assert look_alike(text) is None

    def test_it_is_said_instead_of_other_help(self) -> None:
        """Which would speak of a name that nobody wrote."""
        found = Collector()
        found.error("unknown-layer", "m", Mark(Source("a", "\u201crelu\u201d"), 1, 1, 6), "operations are: `conv`")
        assert found.found[0].hint == 'type `"` in the place of this left double quotation mark'


class TestNearest:
    """The name that was most likely meant."""

    @pytest.mark.parametrize(
        ("word", "expected"),
        [("cnov", "conv"), ("Conv", "conv"), ("batchnrom", "batchnorm"), ("zzz", None), ("", None)],
    )
    def test_a_typing_mistake_finds_it(self, word: str, expected: str | None) -> None:
        """And what is far from everything finds nothing."""
        assert nearest(word, ["conv", "linear", "batchnorm"]) == expected


class TestValues:
    """What is offered for a word that chooses what is computed."""

    KNOWN = ("sgd", "adam", "adamw", "multistep", "cosine", "channels_last", "cifar10", "cifar100", "tf32", "bf16")

    @pytest.mark.parametrize(
        ("word", "meant"),
        [
            ("Adam", "adam"),
            ("CIFAR-10", "cifar10"),
            ("multi_step", "multistep"),
            ("channels", "channels_last"),
            ("adm", "adam"),
            ("adaam", "adam"),
            ("sdg", "sgd"),
            ("cosime", "cosine"),
        ],
    )
    def test_a_slip_finds_what_was_meant(self, word: str, meant: str) -> None:
        """Another spelling, a beginning, or one letter missing, doubled, swapped or changed."""
        assert suggest_value(word, self.KNOWN, "there are") == f"did you mean `{meant}`?"

    @pytest.mark.parametrize(
        "word",
        ["nadam", "radam", "adamax", "adan", "asgd", "sgdw", "cosine_restarts", "channels_first", "cifar20", "cifar",
         "bf32", "tf16", "adam" * 100, "", "-"],
    )  # fmt: skip
    def test_what_may_be_another_function_finds_the_list(self, word: str) -> None:
        """NAdam for Adam would train something else."""
        assert suggest_value(word, self.KNOWN, "there are").startswith("there are: `sgd`, `adam`, ")


class TestArchError:
    """Every mistake that was found."""

    def test_is_pickled_with_its_places(self) -> None:
        """A worker of a pool hands it on; one that can't be unpickled would let the pool hang."""
        found = Collector()
        found.error("unknown-field", "`outt`", Mark(SOURCE, 3, 12, 4), lambda: "`out`", [Note(Mark(SOURCE, 1, 1), "n")])
        error = ArchError(*found.found)
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is ArchError
        assert str(back) == str(error)
        assert [render(each) for each in back.diagnostics] == [render(each) for each in error.diagnostics]


class TestRunError:
    """A run that could not go on."""

    def test_is_pickled_with_its_hint(self) -> None:
        """And the traceback's note is there once."""
        back = pickle.loads(pickle.dumps(RunError("it failed", "do this")))
        assert (back.message, back.hint, back.__notes__) == ("it failed", "do this", ["  help: do this"])

    def test_a_traceback_says_what_helps(self) -> None:
        """Who calls from Python, or unpickles, sees nothing else."""
        shown = "".join(traceback.format_exception(RunError("it failed", "do this")))
        assert shown.endswith("RunError: it failed\n  help: do this\n")

"""Pydantic's findings as diagnostics: each at the key or value that it speaks of, in plain words."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, field_validator

from builder.diagnostics import ArchError, Collector, Diagnostic
from builder.reader import read_text
from builder.validation import Strict, validate


class Inner(Strict):
    """A model inside another."""

    kind: str
    gamma: float = 1.0


class Outer(Strict):
    """What the tests write."""

    rate: Annotated[float, Field(gt=0)]
    epochs: int = 3
    width: Annotated[float, Field(le=1e37)] = 1.0
    inner: Inner | None = None
    sizes: tuple[int, ...] = ()
    share: Any = None

    @field_validator("share")
    @classmethod
    def _is_said(cls, value: object) -> object:
        if value is not None:
            raise ValueError(f"`{value}` is not a share")
        return value


def mistakes(text: str) -> list[Diagnostic]:
    """Return what is wrong with ``text`` as an Outer."""
    problems = Collector()
    assert validate(Outer, read_text(text), "a thing", problems) is None
    with pytest.raises(ArchError) as caught:
        problems.raise_found()
    return list(caught.value.diagnostics)


class TestMistakes:
    """Codes, places and words."""

    @pytest.mark.parametrize(
        ("text", "code", "line", "column", "said"),
        [
            ("rate: 1.0\nepocs: 3\n", "unknown-field", 2, 1, "`epocs`"),
            ("epochs: 3\n", "missing-field", 1, 1, "`rate` is required"),
            ("rate: 1.0\nepochs: true\n", "bad-value", 2, 9, "a whole number, not the truth value `true`"),
            ('rate: 1.0\nepochs: "3"\n', "bad-value", 2, 9, 'not the text "3"'),
            ("rate: 1.0\nepochs: 3.0\n", "bad-value", 2, 9, "a whole number"),
            ("rate: 0\n", "bad-value", 1, 7, "greater than 0"),
            ("rate: .nan\n", "bad-value", 1, 7, "`rate`"),
            ("rate: .inf\n", "bad-value", 1, 7, "`rate`"),
            ("rate: 1\ninner: {kind: 3}\n", "bad-value", 2, 15, "`inner.kind` is a text"),
            ("rate: 1\ninner: {kind: a, gama: 2.0}\n", "unknown-field", 2, 18, "`gama`"),
            ("rate: 1\nwidth: 1e38\n", "bad-value", 2, 8, "`width` is at most 1e+37, not the number `1e38`"),
            ("rate: 1\nsizes: [1, x]\n", "bad-value", 2, 12, "`x`"),
        ],
    )
    def test_each_is_told_at_its_place(self, text: str, code: str, line: int, column: int, said: str) -> None:
        """The key for a name that is unknown, the value for one that is wrong, the parent for one that is missing."""
        (found,) = mistakes(text)
        assert found.mark is not None
        assert (found.code, found.mark.line, found.mark.column) == (code, line, column)
        assert said in found.message

    def test_digits_of_another_script_are_no_number(self) -> None:
        """And are not told to lose quotes that are not there."""
        (found,) = mistakes("rate: 1\nepochs: ３\n")
        assert (found.message, found.hint) == (
            "a thing: `epochs` is a whole number, not the text `３`",
            "write it with the digits 0 to 9",
        )

    def test_all_are_told_in_one_run(self) -> None:
        """None hides another."""
        assert len(mistakes("rate: -1\nepochs: x\nother: 2\n")) == 3

    def test_a_whole_number_may_stand_for_a_fraction(self) -> None:
        """1 is as good as 1.0 where a number is asked for."""
        assert validate(Outer, read_text("rate: 1"), "a thing", Collector()) == Outer(rate=1.0)


class TestHalfCharacters:
    """A lone surrogate, as an escape writes one, is answered where it stands, though no message can hold it."""

    def test_in_a_value_that_a_message_would_name(self) -> None:
        """Pydantic raises UnicodeEncodeError there."""
        (found,) = mistakes('rate: 1.0\nshare: "a\\ud800"\n')
        assert found.message == "a thing: a text holds half a character, a lone surrogate"
        assert (found.mark.line, found.mark.column) == (2, 8)

    def test_elsewhere_in_the_same_mapping(self) -> None:
        """Every one is named, wherever it is nested."""
        found = mistakes('rate: 1.0\nshare: "\\udfff"\nsizes: ["\\ud800"]\n')
        assert [(each.mark.line, each.mark.column) for each in found] == [(2, 8), (3, 9)]

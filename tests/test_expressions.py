"""The expressions of a page: their grammar, their meaning, their limits, and where their mistakes are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.expressions import MAX_LENGTH, ExpressionError, Result, evaluate, is_expression, make_divisible, parse

SCOPE: dict[str, Result] = {
    "planes": 128,
    "first": True,
    "last": False,
    "in": 64,
    "stride": 2,
    "widths": (48, (96, 192)),
    "act": "relu",
    "se": 0.25,
}


def value(text: str) -> Result:
    """Return what ``text`` gives in SCOPE."""
    return evaluate(parse(text), SCOPE)


class TestMeaning:
    """Python's, as far as it goes."""

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("$in * 4", 256),
            ("2 + 3 * $stride - 1", 7),
            ("-$stride", -2),
            ("($in + 1) // 2", 32),
            ("$in / 4", 16.0),
            ("1e-3 * $stride", 0.002),
            ("$stride != 1 or $in == 64", True),
            ("$first and not $last", True),
            ("not not $first", True),
            ("1 < $stride < 3", True),
            ("3 > $stride > 1", True),
            ("2 if $first and $planes > 64 else 1", 2),
            ("1 if $last else 2 if $first else 3", 2),
            ("$widths.0", 48),
            ("$widths.1.1", 192),
            ("[$in, 2]", (64, 2)),
            ("zip([1, 2], [$in, 3])", ((1, 64), (2, 3))),
            ("max(1, $in // 4)", 16),
            ("round($se * $in)", 16),
            ("round(0.5) + round(1.5) + 0 * $in", 2),
            ("ceil($in / 10)", 7),
            ("int($planes * 64 / 64) * 1", 128),
            ("sqrt($in)", 8.0),
            ("make_divisible($in * 1.2)", 80),
            ("identity if $stride == 1 else none", "none"),
            ("$act", "relu"),
            ("true if $last else false", False),
        ],
    )
    def test_each_gives_what_python_would(self, text: str, result: Result) -> None:
        """A word without a dollar is itself: that is how an expression chooses between layers."""
        assert value(text) == result

    def test_only_the_chosen_side_is_evaluated(self) -> None:
        """The other may divide by zero."""
        assert value("1 // ($stride - 2) if $last else 3") == 3

    def test_and_and_or_stop_early(self) -> None:
        """As in Python."""
        assert value("$last and 1 // 0 > 0") is False
        assert value("$first or 1 // 0 > 0") is True

    @given(st.integers(1, 10_000), st.integers(1, 64))
    def test_make_divisible_stays_within_a_tenth(self, number: int, divisor: int) -> None:
        """A multiple, never more than 10 % below what was asked for."""
        result = make_divisible(number, divisor)
        assert result % divisor == 0
        assert result >= 0.9 * number


ATOMS = st.sampled_from(["0", "1", "2", "7", "0.5", "$in", "$stride", "$se", "$first", "$last"])


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts that put others together in every way that the grammar has and Python has too."""
    infix = st.sampled_from(["+", "-", "*", "/", "//", "==", "!=", "<", "<=", ">", ">=", "and", "or"])
    pair = st.tuples(inner, infix, inner).map(" ".join)
    return st.one_of(
        pair,
        pair.map("({})".format),
        inner.map("(not {})".format),
        inner.map("-({})".format),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda parts: f"{parts[0]}({parts[1]}, {parts[2]})"
        ),
        st.tuples(st.sampled_from(["int", "ceil", "round"]), inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
    )


class TestPython:
    """A text that both can read means to both the same."""

    @given(st.recursive(ATOMS, combined, max_leaves=6).filter(lambda text: len(text) <= MAX_LENGTH))
    def test_any_combination_gives_what_python_gives(self, text: str) -> None:
        """Precedence, chains of comparisons, what `and` and `or` give, and where a division fails."""
        names: dict[str, object] = {name: SCOPE[name] for name in ("in", "stride", "se", "first", "last")}
        try:
            expected = eval(
                text.replace("$", "_"), {"ceil": math.ceil}, {f"_{name}": each for name, each in names.items()}
            )
        except ZeroDivisionError:
            with pytest.raises(ExpressionError, match="division by zero"):
                value(text)
            return
        found = value(text)
        assert found == expected
        assert type(found) is type(expected)


class TestTexts:
    """What is an expression and what is not."""

    @pytest.mark.parametrize(("text", "expected"), [("$in", True), ("make_divisible(8)", False), ("a$", True)])
    def test_a_dollar_makes_one(self, text: str, expected: bool) -> None:
        """Every other text is what it looks like."""
        assert is_expression(text) is expected


class TestMistakes:
    """Words and columns together."""

    @pytest.mark.parametrize(
        ("text", "offset", "width", "said", "hint"),
        [
            ("$plane * 2", 0, 6, "`$plane` is not known here", "did you mean `$planes`?"),
            ("2 * foo($in)", 4, 3, "no function `foo`", "`sqrt`"),
            ("$widths[0]", 7, 1, "`[`", None),
            ("$in +", 5, 1, "ends too early", None),
            ("$in $in", 4, 3, "not expected here", None),
            ("($in", 4, 1, "`)` expected", None),
            ("2 if $first", 11, 1, "`else` expected", None),
            ("$in // 0", 4, 2, "division by zero", None),
            ("$act * 2", 5, 1, "takes numbers, not `relu`", None),
            ("$widths + 1", 8, 1, "takes numbers, not a list", None),
            ("$widths.7", 0, 9, "has 2 elements, counted from 0", None),
            ("$in.0", 0, 5, "is not a list", None),
            ("$in & 1", 4, 1, "`&` has no meaning", None),
            ("__import__($in)", 0, 10, "no function `__import__`", None),
            ("zip([1], [1, $in])", 0, 3, "1, 2", None),
            ("sqrt(-$in)", 0, 4, "a negative number has no root", None),
            ("zip($in, $widths)", 0, 3, "it takes lists", None),
            ("max(relu, $in)", 0, 3, "two or more numbers, or a list of them", None),
            ("max([$act])", 0, 3, "two or more numbers, or a list of them", None),
            ("min()", 0, 3, "two or more numbers, or a list of them", None),
            ("round($se, -99)", 0, 5, "it rounds to 0 to 9 digits", None),
            ("ceil($in, 2)", 0, 4, "`ceil`", None),
            ("make_divisible($in, 0)", 0, 14, "division by zero", None),
            ("$in = 2", 4, 1, "`=` has no meaning", "equality is `==`"),
            ("$", 0, 1, "`$` has no meaning", "followed by the name of a variable"),
            ("{$in}", 0, 1, "`{` has no meaning", "without braces"),
            ("$in or", 6, 1, "ends too early", None),
            ("if $in", 0, 2, "`if` is not expected here", None),
            ("$in.x", 3, 1, "`.` has no meaning", None),
            ("1.2.3 + $in", 3, 2, "`.3` is not expected here", None),
        ],
    )
    def test_each_is_told_at_its_characters(
        self, text: str, offset: int, width: int, said: str, hint: str | None
    ) -> None:
        """The caret stands under what is wrong."""
        with pytest.raises(ExpressionError) as caught:
            value(text)
        error = caught.value
        assert (error.offset, error.width) == (offset, width)
        assert said in error.message
        if hint is not None:
            assert hint in ((error.hint() if callable(error.hint) else error.hint) or "")


class TestLimits:
    """No expression costs time or memory."""

    def test_a_list_of_lists_counts_all_its_elements(self) -> None:
        """Doubling a list a few times would otherwise fill the memory."""
        doubled = parse("[$a, $a]")
        scope: dict[str, Result] = {"a": (1, 2)}
        for _ in range(10):
            scope["a"] = evaluate(doubled, scope)
        with pytest.raises(ExpressionError, match="at most 4096 elements, those of the lists inside it counted"):
            evaluate(doubled, scope)

    @pytest.mark.parametrize(
        "text",
        [
            "$in + " + "1 + " * 60 + "1",
            "(" * 20 + "$in" + ")" * 20,
            "$in * 99999999999999999",
            "9007199254740991 * $in",
            "[" * 40 + "$in",
        ],
    )
    def test_too_long_too_deep_and_too_large_are_refused(self, text: str) -> None:
        """200 characters, 16 levels, numbers under 2⁵³."""
        with pytest.raises(ExpressionError):
            value(text)

    @given(st.text(alphabet="$in()[].,+-*/ifelse andornot0123456789", max_size=80))
    def test_no_text_ends_in_anything_but_a_result_or_a_mistake(self, text: str) -> None:
        """Whatever a user writes."""
        try:
            value(text)
        except ExpressionError as error:
            assert 0 <= error.offset <= len(text)  # noqa: PT017 - a result is as right as a mistake

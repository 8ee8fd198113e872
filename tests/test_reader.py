"""YAML as a page may use it: 1.2's core schema, places for everything, and nothing dangerous."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.diagnostics import ArchError, Diagnostic
from builder.reader import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Mapping, Scalar, read_file, read_text
from tests.marked import check, unmarked

if TYPE_CHECKING:
    from pathlib import Path


def mistake(text: str) -> Diagnostic:
    """Return the only thing wrong with ``text``."""
    with pytest.raises(ArchError) as caught:
        read_text(text)
    (found,) = caught.value.diagnostics
    return found


class TestValues:
    """What a plain word means."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("no", "no"),
            ("on", "on"),
            ("NO", "NO"),
            ("true", True),
            ("False", False),
            ("~", None),
            ("12", 12),
            ("-3", -3),
            ("1e-3", 0.001),
            ("1.", 1.0),
            (".5", 0.5),
            (".inf", math.inf),
            ("12:30:45", "12:30:45"),
            ("2001-12-14", "2001-12-14"),
            ('"8"', "8"),
            ("'true'", "true"),
            ("1_000", "1_000"),
            ("=", "="),
        ],
    )
    def test_a_word_is_what_it_looks_like(self, text: str, value: object) -> None:
        """YAML 1.1 read `no` as false, 010 as 8 and 12:30:45 as 45045."""
        read = read_text(f"key: {text}").get("key")
        assert isinstance(read, Scalar)
        assert read.value == value
        assert type(read.value) is type(value)

    def test_everything_knows_its_place(self) -> None:
        """Lines and columns count from 1."""
        page = read_text("a: 1\nb:\n  - {c: word}\n")
        assert (page.key_mark("b").line, page.key_mark("b").column) == (2, 1)
        inner = page.get("b").items[0]  # type: ignore[union-attr]  # it is a list
        assert isinstance(inner, Mapping)
        word = inner.get("c")
        assert word is not None
        assert (word.mark.line, word.mark.column, word.mark.width) == (3, 9, 4)

    @given(
        st.recursive(
            st.booleans() | st.integers(-9999, 9999) | st.text("abc xyz", min_size=1).map(str.strip).filter(bool),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
            max_leaves=12,
        )
    )
    def test_what_yaml_can_say_is_read_as_it_is(self, value: object) -> None:
        """JSON is YAML: whatever it writes is read back."""

        def listed(each: object) -> object:
            if isinstance(each, tuple):
                return [listed(one) for one in each]
            return {key: listed(one) for key, one in each.items()} if isinstance(each, dict) else each

        assert listed(read_text(json.dumps({"key": value})).plain()) == {"key": value}


ANSWERS = [
    ("⟪⟫", "empty-page", "this file is empty", "`archcli init NAME` writes one to start from"),
    ("⟪#⟫ nothing\n", "empty-page", "this file is empty", "a page begins with `name:`"),
    ("⟪- a⟫\n- b\n", "not-a-mapping", "a page is a mapping of names to values, not a list", "at the left margin"),
    ("⟪word⟫\n", "not-a-mapping", "not the text `word`", "at the left margin"),
    ("⟪42⟫\n", "not-a-mapping", "not the number `42`", "at the left margin"),
    ("a: 1\n⟪---⟫\nb: 2\n", "two-documents", "a file holds one page, and here a second begins", "a file of its own"),
    ("a: 1\n...\n⟪b⟫: 2\n", "yaml-syntax", "nothing is allowed after the end of a page", "or the `...` above"),
    ("a: 1\nb: 2\n⟪a⟫: 3\n", "duplicate-key", "`a` appears twice", "the first is on line 1"),
    ("a: {b: 1, ⟪b⟫: 2}\n", "duplicate-key", "`b` appears twice", "the first is on line 1"),
    ("a:\n⟪\t⟫b: 1\n", "yaml-syntax", "a tab is used where only spaces are allowed", "indent with spaces"),
    ("a: ⟪010⟫\n", "leading-zero", "`010` could be read in two ways", "in decimals without leading zeros"),
    ("a: ⟪-010⟫\n", "leading-zero", "`-010` could be read in two ways", "quote it as a text"),
    ("a: ⟪0x1f⟫\n", "leading-zero", "`0x1f` could be read in two ways", "in decimals"),
    ("a: ⟪0o17⟫\n", "leading-zero", "`0o17` could be read in two ways", "in decimals"),
    ("a: ⟪123456789012345678901⟫\n", "number-too-large", "a number on a page has at most 20 digits", ""),
    (
        "a: ⟪!!python/object/apply:os.system⟫ [x]\n",
        "tag",
        "tags are not part of the language: a page is data",
        "leave it out",
    ),
    ("a: ⟪!foo⟫ 1\n", "tag", "tags are not part of the language", "a text that begins with ! is quoted"),
    ("a: ⟪!!set⟫ {b, c}\n", "tag", "tags are not part of the language", "leave it out"),
    ("a: ⟪!!binary⟫ aGk=\n", "tag", "tags are not part of the language", "leave it out"),
    ("a: ⟪&x⟫ [1]\nb: [*x, *x]\n", "anchor", "anchors are not part of the language", "use a template"),
    ("a: ⟪*x⟫\n", "alias", "aliases are not part of the language", "a selector that begins with * is quoted"),
    ("a: {⟪<<⟫: {b: 1}}\n", "merge-key", "merge keys are not part of the language", "a template, a default or"),
    ("? ⟪[a]⟫\n: 1\n", "bad-key", "a key is a text, not a list or a mapping", ""),
    ("⟪{a: b}⟫: 1\n", "bad-key", "a key is a text, not a list or a mapping", ""),
    ("a: ⟪\x07⟫\n", "control-character", "the control character #x0007 is not allowed in a page", "delete it"),
    ("# ⟪\0⟫\n", "control-character", "the control character #x0000 is not allowed in a page", "delete it"),
    ("a: {out: make_divisible($c, ⟪16)⟫}\n", "bad-key", "`16)` is not a name", "with a comma in quotes"),
    ("a: {out: $widths⟪[⟫0]}\n", "yaml-syntax", "',' or '}' is expected here", "write `$widths.0`, not `$widths[0]`"),
    ("at: *⟪.⟫branch\n", "yaml-syntax", "cannot begin so without quotes", "a selector that begins with * is quoted"),
    ("at: [*⟪.⟫branch, a]\n", "yaml-syntax", "cannot begin so without quotes", "`Bottleneck.branch`"),
    ("a: [{at: x.⟪{⟫$place}}]\n", "yaml-syntax", "is expected here", "inside brackets, quote a name that holds braces"),
    ("a: [b⟪{⟫$i}]\n", "yaml-syntax", "is expected here", "inside brackets, quote a name that holds braces"),
    ("a: b⟪:⟫ c\n", "yaml-syntax", "a colon is not expected here", "write the fields in braces"),
    (
        "x:\n  - conv:{out: 3, kernel⟪:⟫ 3}\n",
        "yaml-syntax",
        "a colon is not expected here",
        "a space is missing after `conv:`",
    ),
    ("x:\n  a:{b: {c: 3}⟪}⟫\n", "yaml-syntax", "`}` is not expected here", "a space is missing after `a:`"),
    ("a: {out: 3 kernel⟪:⟫ 3}\n", "yaml-syntax", "',' or '}' is expected here", "between `3` and `kernel`"),
    ("a: {out: 3; kernel⟪:⟫ 3}\n", "yaml-syntax", "',' or '}' is expected here", "between `3;` and `kernel`"),
    ("a: {b: 3}⟪}⟫\n", "yaml-syntax", "`}` is not expected here", ""),
    ("a: ⟪{⟫b: 3\n", "yaml-syntax", "the bracket that opens here is never closed", ""),
    ("a: ⟪[⟫1, 2\n", "yaml-syntax", "the bracket that opens here is never closed", ""),
    ('a: ⟪"⟫b\n', "yaml-syntax", "the quote that opens here is never closed", ""),
    ("a: 1\n⟪layers⟫\n  - a\n", "yaml-syntax", "a colon is missing after this name", "`layers: …` in a mapping"),
    ("a:\n  b: c\n  ⟪-relu⟫\n  d: e\n", "yaml-syntax", "a colon is missing", "in a list `- relu`, with a space after"),
    ("a:\n⟪\u00a0⟫- b\n", "yaml-syntax", "there is a no-break space before this line", "type an ordinary space"),
    ("a: 1\nb:⟪\u00a0⟫2\nc: 3\n", "yaml-syntax", "there is a no-break space behind `b:`", "type an ordinary space in"),
    ("a:⟪\u00a0⟫1\nb: 2\n", "yaml-syntax", "there is a no-break space behind `a:`", "type an ordinary space in"),
    ("a:\n  - b:⟪\u2003⟫{c: 3, d: 4}\n", "yaml-syntax", "there is a blank character behind `b:`", "of this em space"),
    ("a:\n  -⟪\u00a0⟫b: 3\n  - c\n", "yaml-syntax", "there is a no-break space behind `-`", "type an ordinary space"),
    ("a: {b: c ⟪[⟫1, 2]}\n", "yaml-syntax", "is expected here", "inside braces, quote a text that holds a bracket"),
    ("a: {k: (3, ⟪3)⟫}\n", "bad-key", "`3)` is not a name", "a pair is a list: `[3, 3]`"),
    ("a: {b: $⟪{⟫in}}\n", "yaml-syntax", "is expected here", "write `$in`, without braces"),
    (
        "a:\n    - b\n  ⟪-⟫ c\n",
        "yaml-syntax",
        "this line is not aligned with the lines around it",
        "in the same column",
    ),
    ("a: ⟪%⟫3\n", "yaml-syntax", "`%` cannot begin a value", "put the value into quotes"),
    ("a: ⟪@⟫3\n", "yaml-syntax", "`@` cannot begin a value", "put the value into quotes"),
    (
        'a: "\\⟪q⟫"\n',
        "yaml-syntax",
        "this escape does not exist in YAML",
        "between single quotes a backslash is itself",
    ),
    ("k" * 1100 + "⟪:⟫ 1\n", "yaml-syntax", "a colon is not expected here", "a name has at most 1,024 characters"),
]
"""A file, with what is wrong between brackets; the code, the words, and what to do."""


class TestMistakes:
    """Everything that is refused: where, what and what to do."""

    @pytest.mark.parametrize(("text", "code", "said", "hint"), ANSWERS, ids=[repr(each[0][:40]) for each in ANSWERS])
    def test_answer(self, text: str, code: str, said: str, hint: str) -> None:
        """The caret stands where one has to look, not where PyYAML noticed."""
        page, spans = unmarked(text)
        found = mistake(page)
        check([found], [(line, column, max(1, width)) for line, column, width in spans], code, said, hint)

    def test_a_bracket_that_was_forgotten_lines_ago(self) -> None:
        """The note shows where it opens."""
        found = mistake("a:\n  - conv: {out: 3\n  - relu: {}\n")
        assert found.mark is not None
        assert (found.code, found.mark.line) == ("yaml-syntax", 3)
        assert [(note.message, note.mark.line, note.mark.column) for note in found.notes] == [
            ("the bracket that opens here is not closed", 2, 11)
        ]

    def test_every_wrong_value_and_key_is_told_in_one_run(self) -> None:
        """Only what breaks the syntax stops the reading."""
        with pytest.raises(ArchError) as caught:
            read_text("a: 010\nb: {c: 1, c: 2}\na: 0x3\n")
        assert [(each.code, each.mark.line) for each in caught.value.diagnostics if each.mark] == [
            ("leading-zero", 1),
            ("duplicate-key", 2),
            ("duplicate-key", 3),
            ("leading-zero", 3),
        ]

    def test_bytes_that_are_no_utf8(self, tmp_path: Path) -> None:
        """The place is found all the same."""
        page = tmp_path / "latin.yaml"
        page.write_bytes(b"name: a\nnote: caf\xe9\n")
        with pytest.raises(ArchError) as caught:
            read_file(page)
        (found,) = caught.value.diagnostics
        assert found.mark is not None
        assert (found.code, found.mark.line, found.mark.column) == ("not-utf8", 2, 10)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """The system's own words."""
        with pytest.raises(ArchError, match="No such file"):
            read_file(tmp_path / "missing.yaml")


class TestBounds:
    """A hostile file costs a moment and nothing more."""

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("[" * (MAX_DEPTH + 1), "too-deep"),
            ("[" * 200_000, "too-deep"),
            ("{a: " * 1000, "too-deep"),
            ("- " * 50_000, "too-deep"),
            ("a: [" + "1," * (MAX_VALUES + 1) + "]", "too-many-values"),
            ("a: " + "x" * MAX_BYTES, "too-large"),
            ("#" * (MAX_BYTES + 1), "too-large"),
            (
                "a: &a [x,x]\n"
                + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(9)),
                "anchor",
            ),
            ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\n", "anchor"),
            ("a: " + "9" * 5000, "number-too-large"),
        ],
    )
    def test_each_is_refused(self, text: str, code: str) -> None:
        """Before anything is built of it."""
        assert mistake(text).code == code

    @given(st.text(max_size=120))
    def test_no_text_ends_in_anything_but_values_or_a_mistake(self, text: str) -> None:
        """Whatever stands in the file."""
        try:
            read_text(text)
        except ArchError as error:
            assert error.diagnostics  # noqa: PT017 - either outcome is right, and this one must say something

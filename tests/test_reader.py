"""YAML as a page may use it: 1.2's core schema, places for everything, and nothing dangerous."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.diagnostics import ArchError, Diagnostic
from builder.reader import MAX_DEPTH, Mapping, Scalar, read_file, read_text

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


class TestMistakes:
    """Everything that is refused, with its place."""

    @pytest.mark.parametrize(
        ("text", "code", "line", "column", "hint"),
        [
            ("", "empty-page", 1, 1, "archcli init"),
            ("# nothing\n", "empty-page", 1, 1, ""),
            ("- a\n", "not-a-mapping", 1, 1, ""),
            ("word", "not-a-mapping", 1, 1, ""),
            ("a: 1\n---\nb: 2\n", "two-documents", 2, 1, ""),
            ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, ""),
            ("a:\n\tb: 1\n", "yaml-syntax", 2, 1, "spaces"),
            ("a: 010\n", "leading-zero", 1, 4, ""),
            ("a: 0x1f\n", "leading-zero", 1, 4, ""),
            ("a: !!python/object/apply:os.system [x]\n", "tag", 1, 4, ""),
            ("a: !foo 1\n", "tag", 1, 4, ""),
            ("a: !!binary aGk=\n", "tag", 1, 4, ""),
            ("a: &x 1\n", "anchor", 1, 4, "template"),
            ("a: *x\n", "alias", 1, 4, "quoted"),
            ("a: {<<: {b: 1}}\n", "merge-key", 1, 5, ""),
            ("? [a]\n: 1\n", "bad-key", 1, 3, ""),
            ("a: \x07\n", "control-character", 1, 4, ""),
            ("a: {out: make_divisible($c, 16)}\n", "bad-key", 1, 29, "quote it"),
            ("a: {out: $widths[0]}\n", "yaml-syntax", 1, 17, "`$widths.0`"),
            ("at: *.branch\n", "yaml-syntax", 1, 6, "quoted"),
            ("a: b: c\n", "yaml-syntax", 1, 5, "quote a text"),
        ],
    )
    def test_each_is_answered_at_its_place(self, text: str, code: str, line: int, column: int, hint: str) -> None:
        """By a code, and with the way out where there is one."""
        found = mistake(text)
        assert found.mark is not None
        assert (found.code, found.mark.line, found.mark.column) == (code, line, column)
        assert hint in (found.hint or "")

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
            ("a: [" + "1," * 60_000 + "]", "too-many-values"),
            ("a: " + "x" * 1_000_001, "too-large"),
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

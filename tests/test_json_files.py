"""JSON that is read back from disk."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping  # noqa: TC003 - `from_object` asks for the types of the fields
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest

from builder import json_files
from builder.json_files import MAX_DEPTH, from_object, parse_json, read_json, read_object

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Inner:
    """Part of a value."""

    epoch: int
    loss: float


@dataclass(frozen=True)
class Outer:
    """A value with every kind of field."""

    name: str
    ok: bool
    best: float | None
    final: Inner
    step: str | None = None


@dataclass(frozen=True)
class Many:
    """A value of values."""

    names: tuple[str, ...]
    counts: Mapping[str, int]
    stage: Literal["first", "second"]
    share: float
    kind: Literal["one", "other"] | None = None
    inner: Inner | None = None


RIGHT = {"name": "a", "ok": True, "best": 1, "final": {"epoch": 2, "loss": 0.5}}


class TestParse:
    """Text to values."""

    @pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
    @pytest.mark.parametrize("times", [MAX_DEPTH + 1, 990, 100_000])
    def test_what_is_nested_too_deeply_is_refused(self, opening: str, times: int) -> None:
        """Below Python's own limit too: whatever goes through it afterwards has that limit as well."""
        closing = {"[": "]", '{"a":': "}", '[{"a":': "}]"}[opening]
        for text in (opening * times, opening * times + "1" + closing * times):
            with pytest.raises(ValueError, match=r"nested more than 64 levels deep|Expecting value"):
                parse_json(text)

    def test_what_is_nested_less_is_read(self) -> None:
        """Everything that is written here."""
        text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
        assert repr(parse_json(text)) == text

    @pytest.mark.parametrize("text", ["", "nul", "{", "[1,]", "1" * 5000, "\x00"])
    def test_what_is_no_json_is_a_value_error(self, text: str) -> None:
        """Also a number of more digits than Python turns into one."""
        with pytest.raises(ValueError):  # noqa: PT011 - whatever json says
            parse_json(text)

    def test_a_number_that_json_lacks_is_read(self) -> None:
        """Python has written some."""
        assert math.isnan(parse_json("NaN"))


class TestRead:
    """Files to values."""

    def test_bytes_that_are_no_text_are_a_value_error(self, tmp_path: Path) -> None:
        """Not Unicode."""
        (tmp_path / "a.json").write_bytes(b"\xff\xfe")
        with pytest.raises(ValueError, match="utf-8"):
            read_json(tmp_path / "a.json")

    def test_a_file_that_is_too_large_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before it is parsed."""
        monkeypatch.setattr(json_files, "MAX_BYTES", 10)
        (tmp_path / "a.json").write_text("[" + "1," * 10 + "1]")
        with pytest.raises(OSError, match="it is larger than 10 bytes"):
            read_json(tmp_path / "a.json")

    @pytest.mark.parametrize("item", ["[]", "{}", "1", '{"a": 1}', '"a"'])
    def test_more_values_than_a_file_has_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, item: str
    ) -> None:
        """Before they are made: a megabyte of empty lists fills thirty."""
        monkeypatch.setattr(json_files, "MAX_VALUES", 50)
        made: list[str] = []
        monkeypatch.setattr(json_files.json, "loads", made.append)
        (tmp_path / "a.json").write_text(f"[{', '.join([item] * 52)}]")
        with pytest.raises(ValueError, match="it has more than 50 values"):
            read_json(tmp_path / "a.json")
        assert made == []

    @pytest.mark.parametrize("text", ["5", "[]", "null", '"a"', "true"])
    def test_what_is_no_object_is_refused(self, tmp_path: Path, text: str) -> None:
        """Where one is wanted."""
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(ValueError, match="it holds no JSON object"):
            read_object(tmp_path / "a.json")

    @pytest.mark.parametrize("found", [{"x" * 20_001: 1}, {"a": ["x" * 20_001]}, {"a": {"b": "x" * 20_001}}])
    def test_a_text_that_nobody_can_read_is_refused(self, tmp_path: Path, found: object) -> None:
        """What is read is shown: the message has none of it."""
        path = tmp_path / "it.json"
        path.write_text(json.dumps(found))
        with pytest.raises(ValueError, match=r"^a text in it has more than 20,000 letters$"):
            read_json(path)

    def test_texts_with_a_letter_for_each_image_may_be_long(self, tmp_path: Path) -> None:
        """Labels and predictions."""
        path, found = tmp_path / "it.json", {"labels": "x" * 100_000, "runs": [{"test_predictions": "x" * 100_000}]}
        path.write_text(json.dumps(found))
        assert read_json(path) == found


class TestFromObject:
    """Objects to dataclasses."""

    def test_right_values_become_fields(self) -> None:
        """A whole number is a number too, and a field with a default may be left out."""
        assert from_object(Outer, RIGHT) == Outer("a", True, 1, Inner(2, 0.5))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"name": 5}, "`name` is to be a text"),
            ({"ok": 1}, "`ok` is to be true or false"),
            ({"best": "1"}, "`best` is to be a number or null"),
            ({"best": True}, "`best` is to be a number or null"),
            ({"final": 5}, "it holds no JSON object"),
            ({"final": {"epoch": 1.5, "loss": 1}}, "`epoch` is to be a whole number"),
            ({"final": {"epoch": 1}}, "`loss` is missing"),
            ({"more": 1}, "it has no field `more`"),
        ],
    )
    def test_wrong_ones_are_named(self, change: dict[str, object], said: str) -> None:
        """The first of them."""
        with pytest.raises(ValueError, match=said):
            from_object(Outer, RIGHT | change)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"names": "ab"}, "`names` is to be a list"),
            ({"names": ["a", 1]}, "`names` is to be a text"),
            ({"counts": [1]}, "`counts` is to be an object"),
            ({"counts": {"a": 1.5}}, "`counts.a` is to be a whole number"),
            ({"stage": "third"}, "`stage` is to be `first` or `second`"),
            ({"share": math.nan}, "`share` is to be a number"),
            ({"share": 10**400}, "`share` is to be a number"),
            ({"kind": "third"}, "`kind` is to be `one` or `other` or null"),
            ({"inner": 5}, "it holds no JSON object"),
        ],
    )
    def test_values_in_lists_and_objects_are_named_too(self, change: dict[str, object], said: str) -> None:
        """And numbers with which nothing can be reckoned are none."""
        right = {"names": ["a"], "counts": {"a": 1}, "stage": "first", "share": 0.5}
        assert from_object(Many, right) == Many(("a",), {"a": 1}, "first", 0.5)
        assert from_object(Many, right | {"kind": None, "inner": None}) == from_object(Many, right)
        assert from_object(Many, right | {"kind": "one"}).kind == "one"
        with pytest.raises(ValueError, match=said):
            from_object(Many, right | change)

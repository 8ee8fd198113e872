"""The JSON Schema of a page: it accepts what the program accepts, and editors mark what it marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from builder.reader import Mapping, Sequence, Value, read_file, read_text
from builder.shipped import shipped_folder
from builder.spec.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALIDATOR = Draft202012Validator(json_schema())


def properties(schema: object, above: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Yield every property that a schema names, with where it does."""
    if isinstance(schema, dict):
        given = schema.get("properties")
        if isinstance(given, dict):
            yield from ((f"{above}.{name}", each) for name, each in given.items())
        for name, inner in schema.items():
            yield from properties(inner, f"{above}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner, above)


def plain(value: Value) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value}
    return [plain(each) for each in value.items] if isinstance(value, Sequence) else value.plain()


class TestSchema:
    """Made from the same records that check a page."""

    def test_it_is_a_schema(self) -> None:
        """By the standard's own schema."""
        Draft202012Validator.check_schema(json_schema())

    def test_every_field_is_described(self) -> None:
        """In its own words or in those of what it refers to, which an editor shows."""
        schema = json_schema()

        def described(each: dict[str, object]) -> bool:
            referred = str(each.get("$ref", "")).rpartition("/")[2].replace("%20", " ")
            return bool(each.get("description") or schema["$defs"].get(referred, {}).get("description"))

        assert [place for place, each in properties(schema) if not described(each)] == []

    @pytest.mark.parametrize("page", sorted(shipped_folder().glob("*.yaml")), ids=lambda path: path.stem)
    def test_it_accepts_every_shipped_page(self, page: Path) -> None:
        """Nothing right is marked."""
        assert list(VALIDATOR.iter_errors(plain(read_file(page)))) == []

    @pytest.mark.parametrize(
        "text",
        [
            "layerss: [relu]",
            "layers: [cnov]",
            "layers: [{cnov: {out: 3}}]",
            "layers: [{conv: {outt: 3, kernel: 1}}]",
            'layers: [{conv: {out: "8", kernel: 1}}]',
            "layers: [relu]\nmerge: sum",
            "layers: [relu]\nshortcut: maybe",
            "layers: [relu]\ninsert: [{se: {}}]",
            "layers: [relu]\ndefaults: {conv: {bas: false}}",
            "layers: [relu]\ninput: [3, 0, 224]",
            "layers: [relu]\nclasses: null",
            "layers: [relu]\nkey: a",
            "layers: [relu]\ninit: {conv: {weight: kaiming_norml}}",
            "layers: [relu]\nvariants: {a: {insert: {cnov: {}}, at: relu1}}",
        ],
    )
    def test_it_marks_what_the_program_marks(self, text: str) -> None:
        """As one types."""
        assert list(VALIDATOR.iter_errors(plain(read_text(f"name: net\n{text}\n"))))

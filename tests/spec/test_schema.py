"""The JSON Schema of a page: it accepts what the program accepts, and editors mark what it marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from builder.lowering.pages import shipped_folder
from builder.reader import Mapping, Sequence, Value, read_file, read_text
from builder.spec import json_schema

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = Draft202012Validator(json_schema())


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
        ],
    )
    def test_it_marks_what_the_program_marks(self, text: str) -> None:
        """As one types."""
        assert list(VALIDATOR.iter_errors(plain(read_text(f"name: net\n{text}\n"))))

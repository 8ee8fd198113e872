"""``archcli schema``: the JSON Schema of a page or a recipe, for editors that complete and check while one types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.ops.plugins import with_plugins
from builder.spec.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


Kind: TypeAlias = Literal["page", "recipe"]


@dataclass(frozen=True)
class Schema:
    """The schema as text, and the file that it was written to, if any."""

    text: str
    file: Path | None


def run(kind: Kind, output: Path | None, plugins: Sequence[Path] = ()) -> Schema:
    """Return the schema of a page or of a recipe, and write it to ``output`` if that is given."""
    from builder.training.durable import write_text
    from builder.training.recipe import recipe_json_schema

    content = json_schema(with_plugins(plugins)) if kind == "page" else recipe_json_schema()
    text = json.dumps(content, indent=2) + "\n"
    if output is not None:
        write_text(output, text)
    return Schema(text, output)


def markdown(kind: Kind) -> str:
    """Return the reference of pages or of recipes, as the documentation has it."""
    from builder.commands.reference import page_reference, recipe_reference

    return (page_reference() if kind == "page" else recipe_reference()).rstrip("\n")

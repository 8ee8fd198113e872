"""``archcli schema``: the JSON Schema of a page, recipe or study, for completion and checks in editors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.ops.plugins import with_plugins
from builder.spec.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.choices import SchemaKind


@dataclass(frozen=True)
class Schema:
    """The schema as text, and the file that it was written to, if any."""

    text: str
    file: Path | None


def run(kind: SchemaKind, output: Path | None, plugins: Sequence[Path] = ()) -> Schema:
    """Return the schema of a page, a recipe or a study, and write it to ``output`` if that is given."""
    from builder.files import write_text
    from builder.study.page.page import study_json_schema
    from builder.training.recipe.recipe import recipe_json_schema

    if kind == "page":
        content = json_schema(with_plugins(plugins))
    else:
        content = recipe_json_schema() if kind == "recipe" else study_json_schema()
    text = json.dumps(content, indent=2) + "\n"
    if output is not None:
        write_text(output, text)
    return Schema(text, output)


def markdown(kind: SchemaKind) -> str:
    """Return the reference of pages, recipes or studies, as the documentation has it."""
    from builder.commands.reference import page_reference, recipe_reference, study_reference

    reference = {"page": page_reference, "recipe": recipe_reference, "study": study_reference}[kind]
    return reference().rstrip("\n")

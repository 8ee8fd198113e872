"""``archcli schema``: the JSON Schema of a page, for editors that complete and check while one types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.commands.files import write
from builder.spec import json_schema

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Schema:
    """The schema as text, and the file that it was written to, if any."""

    text: str
    file: Path | None


def run(output: Path | None) -> Schema:
    """Return the schema and write it to ``output`` if that is given."""
    text = json.dumps(json_schema(), indent=2) + "\n"
    if output is not None:
        write(output, text)
    return Schema(text, output)

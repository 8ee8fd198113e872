"""Results as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

from builder.diagnostics import Diagnostic, Mark, Source
from builder.json_output import encode


@dataclass(frozen=True)
class Inner:
    """A value with a field whose name Python reserves."""

    in_: tuple[int, ...]


@dataclass(frozen=True)
class Outer:
    """A value with all kinds of fields."""

    path: Path
    inner: tuple[Inner, ...]
    loss: float
    table: dict[str, int | None]


class TestEncode:
    """The fields of a value are the schema."""

    def test_nested_values_become_objects_and_lists(self) -> None:
        """Dataclasses, tuples, dicts and paths keep their names and order."""
        value = Outer(Path("runs/a-001"), (Inner((3, 32, 32)),), 0.5, {"best": None})
        assert json.loads(encode(value)) == {
            "path": "runs/a-001",
            "inner": [{"in": [3, 32, 32]}],
            "loss": 0.5,
            "table": {"best": None},
        }

    def test_what_json_lacks_is_null(self) -> None:
        """A loss that is not finite would make the text unreadable for other programs."""
        assert json.loads(encode(Outer(Path(), (), float("nan"), {})))["loss"] is None

    def test_a_mistake_names_its_place_and_not_the_whole_text(self) -> None:
        """A mark is file, line, column and width."""
        mark = Mark(Source("page.yaml", "name: a\nlayers: 8\n"), 2, 9)
        assert json.loads(encode(Diagnostic("bad-value", "no", mark)))["mark"] == {
            "file": "page.yaml",
            "line": 2,
            "column": 9,
            "width": 1,
        }

"""What a module needs, from its source alone, and digests that only what it does can change."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from builder.study.workers.closure import closure

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "__init__.py": "import nowhere_at_all",
    "start.py": """
        from __future__ import annotations
        import sys
        from typing import TYPE_CHECKING
        import pack.plain
        from pack import beside
        from pack.inner import named, Thing
        from .relative import thing
        if TYPE_CHECKING:
            from pack.types import Alone
        else:
            from pack.otherwise import Alone
        def work(kind):
            with open(kind):
                try:
                    import pack.tried
                except ImportError:
                    from pack.failing import it
                finally:
                    import pack.last
            match kind:
                case 1:
                    from pack import matched
            return lambda: 1
        class Holder:
            async def later(self):
                from pack.drawing.curves import draw
        """,
    "plain.py": "from pack import start, deep",
    "inner/__init__.py": "class Thing:\n    from pack.inner.sibling import one",
    "inner/sibling.py": "from ..up import two; from . import named; from elsewhere import *",
    "drawing/curves.py": "import pack.pens",
    **{f"{name}.py": "" for name in ("beside", "relative", "types", "otherwise", "tried", "failing", "last", "deep")},
    **{f"{name}.py": "" for name in ("matched", "up", "pens", "unused", "inner/named", "inner/unnamed")},
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Return a package whose modules import each other in every way; importing any of it would fail."""
    folder = tmp_path / "pack"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


class TestClosure:
    """What is needed."""

    def test_everything_that_can_run_is_needed(self, pack: Path) -> None:
        """At the top, in functions, in every branch, by whole and by relative names; a circle ends."""
        assert list(closure(pack, ["pack.start"], ["pack.drawing"])) == sorted(
            ["start.py", "plain.py", "beside.py", "inner/__init__.py", "inner/named.py", "inner/sibling.py", "up.py"]
            + [f"{name}.py" for name in ("relative", "otherwise", "tried", "failing", "last", "matched", "deep")]
        )

    def test_what_is_left_out_takes_along_what_it_alone_needs(self, pack: Path) -> None:
        """A whole package, or one module."""
        assert {"drawing/curves.py", "pens.py"} <= set(closure(pack, ["pack.start"]))
        assert "drawing/curves.py" not in closure(pack, ["pack.start"], ["pack.drawing.curves"])
        assert "pens.py" not in closure(pack, ["pack.start"], ["pack.drawing.curves"])
        assert "drawing/curves.py" in closure(pack, ["pack.start"], ["pack.draw"])

    def test_the_package_itself_is_no_part_unless_it_is_asked(self, pack: Path) -> None:
        """Its face changes, and what lies below does not."""
        assert list(closure(pack, ["pack"])) == ["__init__.py"]
        assert list(closure(pack, ["pack.VERSION"])) == ["__init__.py"]
        assert "__init__.py" not in closure(pack, ["pack.start"])


class TestDigest:
    """When a file counts as another."""

    BEFORE = 'LIMIT = 3\n\n\ndef work(value: int = 1) -> str:\n    return f"{value + LIMIT} of 3"\n'

    def digest(self, folder: Path, text: str) -> str:
        """Return the digest of a module of that text."""
        (folder / "one.py").write_text(text)
        return closure(folder, [f"{folder.name}.one"])["one.py"]

    @pytest.mark.parametrize(
        "text",
        [
            '"""A module."""\n' + BEFORE,
            BEFORE.replace("= 3\n", '= 3  # the most\n"""What is said of a constant."""\n'),
            BEFORE.replace("    return", '    """Return a text."""\n    # three\n    return'),
            BEFORE.replace("(value: int = 1)", "(\n    value: int = 1,\n)"),
            BEFORE.replace('f"{value + LIMIT} of 3"', '(f"{value + LIMIT}"\n            " of 3")'),
            BEFORE.replace("value + LIMIT", "(value + LIMIT)"),
        ],
        ids=["docstring", "constant", "function", "lines", "pieces", "brackets"],
    )
    def test_what_only_reads_otherwise_is_the_same(self, text: str, tmp_path: Path) -> None:
        """Comments, docstrings, line breaks, brackets that nothing needs."""
        assert text != self.BEFORE
        assert self.digest(tmp_path, text) == self.digest(tmp_path, self.BEFORE)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("LIMIT = 3", "LIMIT = 4"),
            ("LIMIT = 3", "LIMIT = 3.0"),
            ("LIMIT = 3", "LIMIT = '3'"),
            ("value + LIMIT", "value - LIMIT"),
            ("value + LIMIT", "LIMIT + value"),
            ("of 3", "of 4"),
            ("int = 1", "int = True"),
            ("    return", "    LIMIT\n    return"),
        ],
    )
    def test_what_does_otherwise_is_another(self, before: str, after: str, tmp_path: Path) -> None:
        """A number, its kind, an operator, an order, a text that is used."""
        assert self.digest(tmp_path, self.BEFORE.replace(before, after)) != self.digest(tmp_path, self.BEFORE)

"""Every text of every file that is read, as long as a file may be: refused or answered in a few lines, never echoed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from benchmarks.fuzzing import folders
from benchmarks.fuzzing.kinds import target_of
from builder.diagnostics import ArchError, RunError, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = {"page": 200_000, "recipe": 200_000, "study": 200_000, "run": 1_000_000, "study_folder": 1_000_000}
"""Letters of the text for each kind of file: pages end at 250,000 bytes, JSON at 64 million."""

LONGEST = 8_000
"""Letters of an answer: many times what any message needs."""

Changed = tuple[str, bytes]
"""Where the text stands, and the file."""


def texts(tree: Any, path: str = "") -> Iterator[tuple[str, Callable[[str], Any]]]:
    """Yield every text in ``tree``, and every key, by its path, with what puts another there."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        here = f"{path}.{key}"

        def put(text: str, key: Any = key) -> Any:
            return {**tree, key: text} if isinstance(tree, dict) else [*tree[:key], text, *tree[key + 1 :]]

        if isinstance(value, str):
            yield here, put
        if isinstance(key, str):
            yield f"{here} (key)", lambda text, key=key: {text if k == key else k: v for k, v in tree.items()}
        for inner, change in texts(value, here):
            yield inner, lambda text, change=change, put=put: put(change(text))


def changed(kind: str, letters: int) -> list[Changed]:
    """Return the seeds of the fuzzer for ``kind``, each with one text of so many letters, every text once."""
    found: dict[str, bytes] = {}
    for seed in target_of(kind).seeds():
        name, _, content = seed.partition(b"\n") if kind in {"run", "study_folder"} else (b"", b"", seed)
        try:
            tree = json.loads(content) if name else yaml.safe_load(content)
        except ValueError:
            continue
        for path, change in texts(tree):
            text = json.dumps(change("x" * letters))  # JSON is YAML, and quicker to write
            data = b"\n".join([name, text.encode()]) if name else text.encode()
            found.setdefault(f"{name.decode()}{path}", data)
    return list(found.items())


def said(kind: str, data: bytes, folder: Path) -> str:
    """Return all that is said of a file: its mistakes, or what a command prints of it."""
    try:
        target_of(kind).read(data, folder)
    except ArchError as error:
        assert error.diagnostics  # noqa: PT017 - a file may be right
        return "\n".join(map(render, error.diagnostics))
    except RunError as error:
        return f"{error.message}\n{error.hint}"
    return ""


@pytest.fixture(autouse=True)
def _printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """See that nothing which a command prints of a file holds a megabyte."""

    def short(*printed: str) -> None:
        for each in printed:
            assert "x" * 20_000 not in each

    monkeypatch.setattr(folders, "_printed", short)


class TestLongTexts:
    """A text of 200,000 letters on a page, of a million in JSON."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_some_are_answered_in_a_few_lines(self, kind: str, tmp_path: Path) -> None:
        """Twelve of each kind of file; the slow test has all of them."""
        every = changed(kind, KINDS[kind])
        for path, data in random.Random(kind).sample(every, 12):
            assert len(said(kind, data, tmp_path)) < LONGEST, path

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_is_answered_in_a_few_lines(self, kind: str, tmp_path: Path) -> None:
        """Values and keys alike, wherever they stand."""
        long = [path for path, data in changed(kind, KINDS[kind]) if len(said(kind, data, tmp_path)) >= LONGEST]
        assert long == []

    @pytest.mark.parametrize("kind", ["page", "recipe", "study"])
    def test_a_page_of_a_megabyte_is_refused(self, kind: str, tmp_path: Path) -> None:
        """Before it is read."""
        _, data = changed(kind, 1_000_000)[0]
        assert "is larger than 250,000 bytes, which no page needs" in said(kind, data, tmp_path)

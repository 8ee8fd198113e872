"""Which program draws, and what is said where it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.emit.diagram import renderer

if TYPE_CHECKING:
    from pathlib import Path

ONE_BOX = 'digraph { a [pos="20,20", label="×→"] }'


class TestSvg:
    """The wheel's program."""

    def test_text_stays_text(self) -> None:
        """Letters, the times sign and the arrow are in the file as they are."""
        assert ">×→</text>" in renderer.svg(ONE_BOX)

    def test_a_text_that_is_no_graph_is_an_error_of_the_run(self) -> None:
        """With the program's own words."""
        with pytest.raises(RunError, match=r"could not draw the figure: .*syntax error"):
            renderer.svg("no graph {")

    def test_missing_program_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The answer is the command that installs it."""
        monkeypatch.setattr(renderer.shutil, "which", lambda *_, **__: None)
        with pytest.raises(RunError, match="figures need the package `graphviz-pure`") as caught:
            renderer.svg(ONE_BOX)
        assert caught.value.hint == "pip install graphviz-pure"


class TestPng:
    """Pictures for print."""

    def test_has_300_dots_per_inch(self) -> None:
        """A page of 72 pt, an inch, is 300 pixels wide."""
        page = 'digraph { graph [pad=0]; a [shape=box, fixedsize=true, width=1, height=1, pos="36,36"] }'
        picture = renderer.png(page)
        assert int.from_bytes(picture[16:20], "big") == 300


class TestPdf:
    """The system's Graphviz, where there is one."""

    def test_missing_program_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The answer says what to install."""
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(RunError, match="PDF needs Graphviz's program `dot`") as caught:
            renderer.pdf(ONE_BOX)
        assert "install Graphviz" in str(caught.value.hint)

    def test_is_written_by_the_systems_program(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """It is told to keep the pinned positions."""
        program = tmp_path / "dot"
        program.write_text('#!/bin/sh\necho "%PDF $*"\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        assert renderer.pdf(ONE_BOX) == b"%PDF -Kneato -n2 -Tpdf\n"

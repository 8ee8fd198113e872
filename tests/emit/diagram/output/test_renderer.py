"""Which program draws, and what is said where it is missing."""

from __future__ import annotations

import pytest

from builder.diagnostics import RunError
from builder.emit.diagram.output import renderer

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

    def test_a_program_that_is_gone_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the folder in which the package put it, and the command that puts it there again."""
        monkeypatch.setattr(renderer.shutil, "which", lambda *_, **__: None)
        monkeypatch.setattr(renderer, "_folders_of_the_wheel", lambda: ["/env/bin"])
        with pytest.raises(RunError, match="is installed, and its program is gone from /env/bin") as caught:
            renderer.svg(ONE_BOX)
        assert caught.value.hint == "pip install --force-reinstall graphviz-pure"

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer is the command that installs it."""
        monkeypatch.setattr(renderer.shutil, "which", lambda *_, **__: None)
        monkeypatch.setattr(renderer, "_folders_of_the_wheel", list)
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

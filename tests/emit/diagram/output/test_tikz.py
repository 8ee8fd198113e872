"""A figure as a LaTeX document."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram import DrawOptions, draw
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

    from builder.choices import Level


class TestTikz:
    """The text of the document."""

    def test_every_position_is_given(self) -> None:
        """One path for each box and line, one node for each text."""
        text = draw([load("alexnet")]).tikz()
        assert text.startswith("\\documentclass{article}\n")
        assert text.endswith("\\end{document}\n")
        assert "Conv 11\\texttimes{}11, 64, /4" in text

    def test_what_latex_would_obey_is_escaped(self) -> None:
        """A title is text."""
        text = draw([replace(load("alexnet"), title="50 % of $x_1$ & \\end")]).tikz()
        assert r"50 \% of \$x\_1\$ \& \textbackslash{}end" in text

    def test_same_input_same_bytes(self, tmp_path: Path) -> None:
        """And the suffix of a file asks for it."""
        for name in ("a.tex", "b.tex"):
            draw([load("se_resnet50")], level="block").write(tmp_path / name)
        assert (tmp_path / "a.tex").read_bytes() == (tmp_path / "b.tex").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="the system has no `pdflatex` (TeX Live)")
class TestCompiled:
    """With TeX Live as Debian has it."""

    @pytest.mark.parametrize(
        ("names", "level", "options"),
        [
            (("alexse_block1", "alexse_block2", "alexse_both"), "layer", DrawOptions(width="183mm", height="170mm")),
            (("se_resnet50",), "block", DrawOptions(width="89mm", theme="dark")),
            (("alexnet", "alexse_cross"), "block", DrawOptions(legend=True)),
        ],
        ids=["figure6", "dark", "legend"],
    )
    def test_is_one_page_of_the_figures_size(
        self, names: tuple[str, ...], level: Level, options: DrawOptions, tmp_path: Path
    ) -> None:
        """With its words as text."""
        drawing = draw([load(name) for name in names], level=level, options=options)
        drawing.write(tmp_path / "figure.tex")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "figure.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        if "helvet.sty" in done.stdout and "not found" in done.stdout:
            pytest.skip("TeX Live has no Helvetica (texlive-fonts-recommended)")
        assert done.returncode == 0, done.stdout[-2000:]
        assert "(1 page" in done.stdout
        if shutil.which("pdftotext") is not None:
            subprocess.run(["pdftotext", "figure.pdf"], cwd=tmp_path, check=True)
            text = (tmp_path / "figure.txt").read_text("utf-8")
            assert all(name in text for name in names)

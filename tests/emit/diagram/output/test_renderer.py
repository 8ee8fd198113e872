"""Which program draws, and what is said where it is missing."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.emit.diagram import draw
from builder.emit.diagram.output import renderer
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")
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
        assert renderer.pdf(ONE_BOX) == b"%PDF -Kneato -Tpdf -n2\n"

    def test_a_program_that_fails_is_an_error_of_the_run(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """With its own last words."""
        program = tmp_path / "dot"
        program.write_text("#!/bin/sh\necho 'Format: \"pdf\" not recognized' >&2\nexit 1\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        with pytest.raises(RunError, match='`dot` could not draw the figure: Format: "pdf" not recognized'):
            renderer.pdf(ONE_BOX)

    def test_the_time_of_writing_is_blanked_out(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """And nothing moves, because a PDF says at which byte its parts begin."""
        program = tmp_path / "dot"
        program.write_text('#!/bin/sh\necho "<< /CreationDate (D:20260101) >>"\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        assert renderer.pdf(ONE_BOX) == b"<<" + b" " * 28 + b">>\n"


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return figure 6 as a PDF by the system's Graphviz."""
    path = tmp_path_factory.mktemp("pdf") / "figure6.pdf"
    draw([load(name) for name in REPORT]).write(path)
    return path


@pytest.mark.skipif(shutil.which("dot") is None, reason="the system has no Graphviz (`dot`)")
class TestSystemsPdf:
    """A real PDF of figure 6, as a publisher's check reads it."""

    @pytest.mark.skipif(shutil.which("pdffonts") is None, reason="the system has no `pdffonts` (poppler-utils)")
    def test_fonts_are_embedded_and_none_is_of_type_3(self, figure: Path) -> None:
        """What journals ask for."""
        listed = subprocess.run(["pdffonts", figure], capture_output=True, text=True, check=True).stdout
        fonts = listed.splitlines()[2:]
        assert fonts
        assert all(font.split()[-5] == "yes" and "Type 3" not in font for font in fonts)

    @pytest.mark.skipif(shutil.which("pdffonts") is None, reason="the system has no `pdffonts` (poppler-utils)")
    def test_fonts_have_the_widths_that_the_boxes_were_made_for(self, figure: Path) -> None:
        """Helvetica or a font of its measures, never a wider one that runs out of the boxes."""
        listed = subprocess.run(["pdffonts", figure], capture_output=True, text=True, check=True).stdout
        names = {line.split()[0].partition("+")[2] for line in listed.splitlines()[2:]}
        assert all(name.startswith(("Helvetica", "Arial", "Arimo", "LiberationSans", "NimbusSans")) for name in names)

    @pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="the system has no `pdfinfo` (poppler-utils)")
    def test_the_page_is_the_figure(self, figure: Path) -> None:
        """No margin is added: what fits a column as SVG fits it as PDF."""
        shown = subprocess.run(["pdfinfo", figure], capture_output=True, text=True, check=True).stdout
        width = float(shown.partition("Page size:")[2].split()[0])
        svg = draw([load(name) for name in REPORT]).svg()
        assert width == pytest.approx(float(svg.partition('width="')[2].partition("pt")[0]), abs=1)

    def test_same_input_same_bytes(self, figure: Path) -> None:
        """Written again, it is the same file."""
        graphs = [load(name) for name in REPORT]
        assert draw(graphs).pdf() == figure.read_bytes()

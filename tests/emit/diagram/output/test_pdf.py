"""PDF, as a publisher's check reads it: nothing of the system is needed to write it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fontTools.ttLib import TTFont

from builder.emit.diagram import DrawOptions, draw
from builder.emit.diagram.output.pdf import FONTS
from builder.emit.diagram.scene.metrics import text_width
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return figure 6 as a PDF for two columns."""
    path = tmp_path_factory.mktemp("pdf") / "figure6.pdf"
    draw([load(name) for name in REPORT], options=DrawOptions(width="183mm", height="170mm")).write(path)
    return path


def told(program: str, *arguments: object) -> str:
    """Return what a program of poppler says, or skip."""
    if shutil.which(program) is None:
        pytest.skip(f"the system has no `{program}` (poppler-utils)")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


class TestPdf:
    """A real file."""

    def test_same_input_same_bytes(self, figure: Path) -> None:
        """It has no time stamp and no random names."""
        graphs = [load(name) for name in REPORT]
        again = draw(graphs, options=DrawOptions(width="183mm", height="170mm")).pdf()
        assert again == figure.read_bytes()
        assert again.startswith(b"%PDF")

    def test_fonts_are_embedded_and_none_is_of_type_3(self, figure: Path) -> None:
        """What journals ask for."""
        fonts = told("pdffonts", figure).splitlines()[2:]
        assert fonts
        assert all(font.split()[-5] == "yes" and "Type 3" not in font for font in fonts)
        assert {font.split()[0].partition("+")[2] for font in fonts} == {"Arimo", "Arimo-Bold"}

    def test_text_is_text(self, figure: Path) -> None:
        """With its arrows and times signs, to search for and to copy."""
        text = told("pdftotext", "-layout", figure, "-")
        assert text.count("SE 384→24→384") == 2
        assert text.count("Conv 11×11, 64, /4") == 3

    def test_the_page_is_the_figure(self, figure: Path) -> None:
        """No margin is added: what fits a column as SVG fits it as PDF."""
        shown = told("pdfinfo", figure)
        width, height = shown.partition("Page size:")[2].split()[:3:2]
        assert float(width) <= 183 / 25.4 * 72
        assert float(height) == pytest.approx(170 / 25.4 * 72, abs=0.1)

    def test_a_sign_of_a_title_is_a_sign(self) -> None:
        """A dollar begins no formula, and what the font lacks is an empty box, without a word."""
        graph = replace(load("alexnet"), title="$x$ 한")
        assert draw([graph], level="block").pdf().startswith(b"%PDF")


class TestFont:
    """The font that comes with this package."""

    @pytest.mark.parametrize("bold", [False, True])
    def test_has_the_widths_for_which_the_boxes_were_made(self, bold: bool) -> None:
        """Letter by letter."""
        font = TTFont(FONTS / f"Arimo-{'Bold' if bold else 'Regular'}.ttf")
        glyphs, widths, unit = font.getBestCmap(), font["hmtx"].metrics, font["head"].unitsPerEm
        for letter in "AZaz09×→·–—…′²’,/+|":
            wide = widths[glyphs[ord(letter)]][0] / unit * 1000
            assert text_width(letter, 1000, bold=bold) == pytest.approx(wide, abs=1)

    def test_its_license_comes_with_it(self) -> None:
        """The Open Font License asks for it."""
        assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text("utf-8")

"""The letters of an SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from builder.emit.diagram import draw
from builder.emit.diagram.output.lettering import FAMILIES, lettered
from builder.emit.diagram.scene.metrics import text_width
from builder.lowering import load

ONE = '<text xml:space="preserve" x="1" y="2" font-family="Helvetica,sans-Serif" font-size="8.00" fill="#1a1">%s</text>'


class TestLettered:
    """Any viewer shows each text as wide as its box was made for."""

    def test_every_text_of_a_figure_has_fonts_and_a_width(self) -> None:
        """Whatever the system has, Helvetica or only DejaVu."""
        texts = re.findall(r"<text [^>]*>", draw([load("alexse_both")]).svg())
        assert texts
        assert all(f'font-family="{FAMILIES}"' in each and "textLength=" in each for each in texts)

    @pytest.mark.parametrize(("said", "text"), [("Conv 3×3, 64", "Conv 3×3, 64"), ("a &amp; b", "a & b")])
    def test_the_width_is_the_measured_one(self, said: str, text: str) -> None:
        """Of what is read, not of how XML writes it."""
        element = ET.fromstring(lettered(ONE % said).replace("xml:space", "space"))
        assert float(element.attrib["textLength"]) == pytest.approx(text_width(text, 8), abs=0.01)
        assert element.attrib["lengthAdjust"] == "spacingAndGlyphs"

    def test_bold_letters_are_wider(self) -> None:
        """And measured so."""
        bold = lettered((ONE % "SE").replace(' font-size="8.00"', ' font-weight="bold" font-size="8.00"'))
        assert f'textLength="{text_width("SE", 8, bold=True):.2f}"' in bold

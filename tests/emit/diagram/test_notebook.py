"""Networks, figures and variants in a notebook."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from builder import load
from builder.emit.diagram import draw
from builder.variants import Sample, variants

SPACE = {"which": {"insert": "se", "among": "block*.pre_activation"}}
CELLS = (
    "import archcli\narchcli.load('resnet50')",
    "archcli.draw([archcli.load('alexnet')], level='block')",
    f"archcli.variants('alexnet', {SPACE!r})",
    "print(repr(archcli.load('resnet50')))",
)


class TestGraph:
    """What ``load`` returns."""

    def test_its_repr_is_short(self) -> None:
        """ResNet-50's had 66,691 characters."""
        assert repr(load("resnet50")) == "<network resnet50: input 3×224×224, 1000 classes, 175 operations>"

    def test_it_shows_its_blocks(self) -> None:
        """In lines as wide as a cell."""
        svg = load("resnet50")._repr_svg_()
        assert "Layer 3 ×6" in svg
        assert float(svg.partition('width="')[2].partition("pt")[0]) <= 519

    def test_a_figures_repr_is_short(self) -> None:
        """Its SVG is its picture, not its text."""
        assert repr(draw([load("alexnet")])) == "Drawing()"


class TestVariants:
    """What ``variants`` returns."""

    def test_its_repr_counts(self) -> None:
        """Nothing is enumerated for it."""
        assert repr(variants("alexnet", SPACE)) == "<variants of alexnet: 4 choices>"
        assert "of which 2 are drawn" in repr(variants("alexnet", SPACE, sample=Sample(2)))

    def test_it_shows_a_table(self) -> None:
        """Names, changes and prices."""
        table = variants("alexnet", SPACE)._repr_html_()
        assert table.count("<tr>") == 5
        assert "<td>block1.pre_activation, block2.pre_activation</td>" in table
        assert '<td style="text-align: right">61.10 M</td>' in table

    def test_of_many_it_shows_the_first(self) -> None:
        """A stream may have ten thousand."""
        table = variants("resnet50", {"which": {"insert": "se", "among": "Bottleneck.branch"}})._repr_html_()
        assert table.count("<tr>") == 21
        assert "The first 20 are shown." in table


@pytest.mark.slow
@pytest.mark.skipif(find_spec("nbclient") is None or find_spec("ipykernel") is None, reason="no Jupyter (nbclient)")
class TestJupyter:
    """A real kernel."""

    def test_shows_figures_and_tables(self) -> None:
        """By the kind of each output."""
        import nbformat  # noqa: PLC0415 - may be absent
        from nbclient import NotebookClient  # noqa: PLC0415 - the same

        cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
        notebook = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
        network, figure, table, printed = (cell["outputs"][0] for cell in notebook["cells"])
        assert network["data"]["image/svg+xml"].rstrip().endswith("</svg>")
        assert len(network["data"]["text/plain"]) < 100
        assert "image/svg+xml" in figure["data"]
        assert table["data"]["text/html"].startswith("<p>variants of alexnet")
        assert printed["text"].startswith("<network resnet50")

"""The figure as a whole: its formats, its bytes, its honesty."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.emit.diagram import draw
from builder.lowering import load

if TYPE_CHECKING:
    from builder.choices import Level

REPORT = ("alexse_block1", "alexse_block2", "alexse_both")


class TestDraw:
    """From graphs to a figure."""

    @pytest.mark.parametrize("level", ["layer", "block"])
    def test_same_input_same_bytes(self, level) -> None:
        """Twice, SVG and PNG."""
        first, second = (draw([load(name) for name in REPORT], level=level) for _ in range(2))
        assert first.svg() == second.svg()
        assert first.png() == second.png()

    def test_title_and_parameters_are_written(self) -> None:
        """The counts of figure 6 are computed, not typed."""
        text = draw([load(name) for name in REPORT]).svg()
        assert [f">{count} M params</text>" in text for count in ("57.064", "57.053", "57.072")] == [True] * 3

    def test_gate_is_explained_once(self) -> None:
        """A comparison with gates has one inset; a single network has none."""
        assert draw([load(name) for name in REPORT]).svg().count(">SE(C, r)</text>") == 1
        assert "SE(C, r)" not in draw([load("alexse_both")]).svg()

    def test_differences_have_a_band(self) -> None:
        """Two for the two places of the gates."""
        assert draw([load(name) for name in REPORT]).dot.count('fillcolor="#FFF4DC"') == 2

    def test_strangers_have_none(self) -> None:
        """Everything would be in it."""
        assert "#FFF4DC" not in draw([load("alexnet"), load("resnet18")]).dot

    def test_a_name_with_markup_is_shown_as_it_is(self) -> None:
        """What a page calls a network is text, never a label's markup."""
        graph = replace(load("alexnet"), title='<b>"x" & \\n')
        assert "&lt;b&gt;&quot;x&quot; &amp; \\n</text>" in draw([graph]).svg()

    @pytest.mark.parametrize("level", ["layer", "block"])
    @pytest.mark.parametrize(
        "insert",
        [
            "{se: {squeeze: block1.conv1}, at: block2.conv1}",
            "{join: {from: block1.conv1, by: mul}, at: block1.relu1}",
            "{join: {from: block1.out}, at: block2.conv1}",
        ],
    )
    def test_a_value_inside_a_block_may_be_read(self, tmp_path: Path, level: Level, insert: str) -> None:
        """From the same block or another; at block level the line begins at the box that holds it."""
        page = tmp_path / "net.yaml"
        page.write_text(f"name: net\nextends: alexnet\ninsert: [{insert}]\n", "utf-8")
        assert draw([load(page)], level=level).svg()

    def test_torch_and_matplotlib_are_not_imported(self) -> None:
        """A drawing starts in a blink."""
        code = (
            "import sys; from builder.lowering import load; from builder.emit.diagram import draw; "
            "draw([load('alexnet')]).png(); print(sorted({'torch', 'matplotlib', 'graphviz'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestWrite:
    """Files by their suffix."""

    @pytest.mark.parametrize(
        ("suffix", "beginning"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("dot", b"digraph"), ("PNG", b"\x89PNG")]
    )
    def test_suffix_says_the_format(self, tmp_path: Path, suffix: str, beginning: bytes) -> None:
        """Upper case or not."""
        path = tmp_path / f"figure.{suffix}"
        draw([load("alexnet")]).write(path)
        assert path.read_bytes().startswith(beginning)

    @pytest.mark.parametrize("name", ["figure.gif", "figure"])
    def test_another_suffix_is_an_error_that_names_those_there_are(self, tmp_path: Path, name: str) -> None:
        """Nothing is written."""
        with pytest.raises(RunError, match="a figure cannot be written") as caught:
            draw([load("alexnet")]).write(tmp_path / name)
        assert caught.value.hint == "use one of .svg, .png, .pdf, .tex, .dot"
        assert not (tmp_path / name).exists()

    def test_a_folder_that_is_not_there_is_an_error_of_the_run(self, tmp_path: Path) -> None:
        """With the system's reason."""
        with pytest.raises(RunError, match=r"cannot write .*No such file or directory"):
            draw([load("alexnet")]).write(tmp_path / "missing" / "figure.svg")


class TestGolden:
    """The report's figures, byte for byte as they stand in the documentation."""

    @pytest.mark.parametrize(("name", "pages"), [("figure3", ("alexresnet",)), ("figure6", REPORT)])
    def test_is_the_picture_in_the_docs(self, name: str, pages: tuple[str, ...]) -> None:
        """After a change that is meant, look at the new picture and run ``python benchmarks/figures.py``."""
        golden = Path(__file__).parents[3] / "docs" / "figures" / f"{name}.svg"
        assert draw([load(page) for page in pages]).svg() == golden.read_text(encoding="utf-8")

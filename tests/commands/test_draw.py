"""Figures as files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.command_line import Archcli


class TestDraw:
    """Figures land where they are asked for."""

    def test_every_output_is_written(self, archcli: Archcli, tmp_path: Path) -> None:
        """One run gives several formats of one figure, and lists their paths."""
        svg, png, dot = (tmp_path / f"alexnet.{suffix}" for suffix in ("svg", "png", "dot"))
        outcome = archcli("draw", "alexnet", "-o", svg, "-o", png, "-o", dot)
        assert outcome == (0, f"{svg}\n{png}\n{dot}\n", "")
        assert "<svg" in svg.read_text("utf-8")
        assert png.read_bytes().startswith(b"\x89PNG")
        assert "graph" in dot.read_text("utf-8")

    def test_without_an_output_it_is_named_after_the_network(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Several networks together are a comparison."""
        monkeypatch.chdir(tmp_path)
        assert archcli("draw", "alexnet").out == "alexnet.svg\n"
        outcome = archcli("draw", "alexnet", "alexse_both", "--json")
        assert json.loads(outcome.out) == {"networks": ["alexnet", "alexse_both"], "files": ["comparison.svg"]}
        assert Path("comparison.svg").exists()

    def test_an_unknown_format_is_refused_before_anything_is_drawn(self, archcli: Archcli, tmp_path: Path) -> None:
        """The answer lists what there is, and no other output is written either."""
        outcome = archcli("draw", "alexnet", "-o", tmp_path / "a.svg", "-o", tmp_path / "a.bmp")
        assert (outcome.code, outcome.out) == (2, "")
        assert "a.bmp" in outcome.err
        assert "`svg`, `png`, `pdf`, `tex`, `dot`" in outcome.err
        assert list(tmp_path.iterdir()) == []

    def test_the_mistakes_of_all_pages_are_shown(self, archcli: Archcli) -> None:
        """As ``check`` does."""
        outcome = archcli("draw", "alexnett", "resnet81")
        assert outcome.code == 2
        assert "alexnett" in outcome.err
        assert "resnet81" in outcome.err

    def test_a_folder_that_is_not_there_is_no_success(self, archcli: Archcli, tmp_path: Path) -> None:
        """The run failed, and the answer names the file."""
        outcome = archcli("draw", "alexnet", "-o", tmp_path / "no" / "a.svg")
        assert (outcome.code, outcome.out) == (1, "")
        assert f"cannot write {tmp_path / 'no' / 'a.svg'}" in outcome.err


class TestChoices:
    """The options, each seen in the figure."""

    def drawn(self, archcli: Archcli, tmp_path: Path, *arguments: object) -> str:
        """Return the figure as SVG."""
        path = tmp_path / "figure.svg"
        assert archcli("draw", *arguments, "-o", path) == (0, f"{path}\n", "")
        return path.read_text("utf-8")

    def test_theme(self, archcli: Archcli, tmp_path: Path) -> None:
        """Dark paper."""
        assert "#16181d" in self.drawn(archcli, tmp_path, "alexnet", "--theme", "dark").lower()

    def test_shapes(self, archcli: Archcli, tmp_path: Path) -> None:
        """None but the input's."""
        assert "64×27×27" in self.drawn(archcli, tmp_path, "alexnet")
        assert "64×27×27" not in self.drawn(archcli, tmp_path, "alexnet", "--shapes", "none")

    def test_highlight(self, archcli: Archcli, tmp_path: Path) -> None:
        """No bands."""
        pages = ("alexse_block1", "alexse_both")
        assert "#fff4dc" in self.drawn(archcli, tmp_path, *pages).lower()
        assert "#fff4dc" not in self.drawn(archcli, tmp_path, *pages, "--highlight", "none").lower()

    def test_legend(self, archcli: Archcli, tmp_path: Path) -> None:
        """The kinds of boxes in words."""
        assert ">convolution</text>" in self.drawn(archcli, tmp_path, "alexnet", "--legend")

    def test_fold_and_expand(self, archcli: Archcli, tmp_path: Path) -> None:
        """Both can be given more than once."""
        folded = self.drawn(archcli, tmp_path, "resnet18", "--fold", "layer1.*", "--fold", "layer2.*")
        assert ">layer1.0–1 ×2</text>" in folded
        opened = self.drawn(archcli, tmp_path, "alexnet", "--level", "block", "--expand", "block1")
        assert ">3×3, 384</text>" in opened

    def test_a_figure_that_does_not_fit_is_not_written(self, archcli: Archcli, tmp_path: Path) -> None:
        """The answer names the text that would be too small, the figure's own size, and ways out."""
        outcome = archcli("draw", "alexnet", "alexse_both", "-o", tmp_path / "a.svg", "--width", "89mm")
        assert (outcome.code, outcome.out) == (1, "")
        assert "at 89mm the text" in outcome.err
        assert "mm; choose a wider column" in outcome.err
        assert list(tmp_path.iterdir()) == []

    def test_a_block_that_is_not_there_is_a_mistake_of_usage(self, archcli: Archcli) -> None:
        """With the nearest right name."""
        outcome = archcli("draw", "alexnet", "--fold", "blok1")
        assert outcome.code == 2
        assert "no block is called `blok1`" in outcome.err
        assert "did you mean `block1`?" in outcome.err

    def test_an_option_that_would_change_nothing_is_refused(self, archcli: Archcli) -> None:
        """Folding is for layers, opening for blocks."""
        assert "add --level block" in archcli("draw", "alexnet", "--expand", "block1").err
        assert archcli("draw", "alexnet", "--fold", "block1", "--level", "block").code == 2

    def test_pdf_without_matplotlib_says_what_to_install(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The light installation has none, and draws everything else."""
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        outcome = archcli("draw", "alexnet", "-o", tmp_path / "a.pdf")
        assert outcome.code == 1
        assert "this needs the package `matplotlib`, which is not installed" in outcome.err
        assert "`pip install matplotlib` for figures as PDF" in outcome.err

    def test_classes(self, archcli: Archcli, tmp_path: Path) -> None:
        """Of every network, as `diff` has them."""
        text = self.drawn(archcli, tmp_path, "alexnet", "alexse_both", "--classes", "7")
        assert text.count(">FC 7</text>") == 2
        assert "with 7 classes" not in text

    def test_a_papers_column(self, archcli: Archcli, tmp_path: Path) -> None:
        """Width, height and direction."""
        text = self.drawn(
            archcli, tmp_path, "resnet50", "--level", "block", "--width", "3.5in", "--height", "170mm",
            "--direction", "vertical",
        )  # fmt: skip
        assert float(text.partition('width="')[2].partition("pt")[0]) <= 252

    def test_a_length_that_is_none(self, archcli: Archcli) -> None:
        """A usage error, with an example."""
        outcome = archcli("draw", "alexnet", "--width", "89")
        assert outcome.code == 2
        assert "`width` is a length such as `89mm` or `page`, not '89'" in outcome.err


class TestBaseBesideItsVariant:
    """The number of classes is no difference between a network and what was inserted into it."""

    def test_base_has_its_variants_classes_and_says_so(self, archcli: Archcli, tmp_path: Path) -> None:
        """AlexNet's own page has 1000 classes, the report's variants have 10."""
        path = tmp_path / "figure.svg"
        archcli("draw", "alexnet", "alexse_both", "-o", path)
        text = path.read_text("utf-8")
        assert ">base, with 10 classes</text>" in text
        assert ">57.045 M params</text>" in text
        assert "FC 1000" not in text

    def test_a_copy_of_the_base_is_the_base(self, archcli: Archcli, tmp_path: Path) -> None:
        """Where variants are written to a folder, a copy lies beside them."""
        page = "name: small\ninput: [3, 8, 8]\nclasses: 100\nlayers: [flatten, {linear: {out: $classes}}]\n"
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "small.yaml").write_text(page, "utf-8")
        variant = tmp_path / "two" / "other.yaml"
        variant.write_text("name: other\nextends: small.yaml\nclasses: 10\n", "utf-8")
        path = tmp_path / "figure.svg"
        archcli("draw", tmp_path / "one" / "small.yaml", variant, "-o", path)
        assert "with 10 classes" in path.read_text("utf-8")

    def test_alone_or_beside_a_stranger_it_keeps_its_own(self, archcli: Archcli, tmp_path: Path) -> None:
        """Nothing is changed that is not asked for."""
        path = tmp_path / "figure.svg"
        archcli("draw", "alexnet", "alexnet32", "-o", path)
        assert "FC 1000" in path.read_text("utf-8")

"""Figures as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.commands.conftest import Archcli


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
        assert "`svg`, `png`, `pdf`, `dot`" in outcome.err
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

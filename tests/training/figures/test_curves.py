"""The figures of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from builder.training.figures.curves import TRAINING, VALIDATION, draw_curves
from builder.training.folder.metrics import EpochMetrics

if TYPE_CHECKING:
    from pathlib import Path


def rows(count: int) -> list[EpochMetrics]:
    """Return epochs that get better until the last but one."""
    return [
        EpochMetrics(
            epoch, 2 / epoch, 1 - 0.9 / epoch, 2.2 / epoch, 0.8 - 0.7 / epoch - 0.2 * (epoch == count), 0.001, 9
        )
        for epoch in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the curves of seven epochs."""
    folder = tmp_path_factory.mktemp("curves")
    draw_curves(rows(7), folder)
    return folder


class TestDrawCurves:
    """Accuracy and loss, each as SVG and PNG."""

    def test_the_same_numbers_are_the_same_four_files(self, drawn: Path, tmp_path: Path) -> None:
        """Byte for byte: no date, no random ids."""
        paths = draw_curves(rows(7), tmp_path)
        assert [path.name for path in paths] == ["accuracy.svg", "accuracy.png", "loss.svg", "loss.png"]
        assert sorted(tmp_path.iterdir()) == sorted(paths)
        assert [path.read_bytes() for path in paths] == [(drawn / path.name).read_bytes() for path in paths]
        assert "<dc:date>" not in (drawn / "loss.svg").read_text()

    def test_the_figure_is_large_enough_for_print(self, drawn: Path) -> None:
        """A thousand pixels wide, and not blank."""
        with Image.open(drawn / "accuracy.png") as image:
            assert image.width >= 1000
            assert len(image.convert("RGB").getcolors(100_000)) > 10

    def test_both_curves_go_through_every_epoch(self, drawn: Path) -> None:
        """Read back from the SVG: a path of as many points in each curve's color."""
        text = (drawn / "accuracy.svg").read_text()
        for line in (TRAINING, VALIDATION):
            paths = re.findall(rf'<path d="([^"]*)"[^>]*stroke: {line.color.lower()}[^>]*stroke-width: 1.6', text)
            assert [len(re.findall("[ML]", path)) for path in paths] == [7]

    def test_the_best_epoch_is_named(self, drawn: Path) -> None:
        """Matplotlib keeps texts as comments; the best of these rows is the last but one."""
        assert f"<!-- best epoch 6: {80 - 70 / 6:.2f} % -->" in (drawn / "accuracy.svg").read_text()
        assert f"<!-- best epoch 6: {2.2 / 6:.3f} -->" in (drawn / "loss.svg").read_text()

    def test_they_differ_without_color_too(self) -> None:
        """For grayscale print."""
        assert TRAINING.dashes != VALIDATION.dashes
        assert TRAINING.marker != VALIDATION.marker

    @pytest.mark.parametrize("count", [1, 200])
    def test_few_and_many_epochs_can_be_drawn(self, tmp_path: Path, count: int) -> None:
        """Without a warning, which tests take for an error."""
        assert len(draw_curves(rows(count), tmp_path)) == 4

    def test_no_epochs_are_no_figure(self, tmp_path: Path) -> None:
        """A run that was stopped in its first epoch."""
        assert draw_curves([], tmp_path) == []

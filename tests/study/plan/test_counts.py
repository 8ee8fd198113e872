"""How many images each cell has, known before anything is loaded; what can't be trained is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.study.page.page import read_study
from builder.study.plan.counts import counted, images_of_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.study.page.page import Study

DIGITS = {"train": 1500, "test": 297}


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Study]:
    """Give what reads a study of digits with these words about its data, and these fields of its recipe."""

    def read(data: str = "", changes: str = "validation: 300", more: str = "") -> Study:
        page = tmp_path / "study.yaml"
        page.write_text(
            f"name: few\nbase: alexnet_tiny\ndata: {{name: digits{data}}}\nset: {{size: 32, {changes}}}\n"
            f"seeds: 3\n{more}"
        )
        return read_study(page)

    return read


class TestImagesOfCells:
    """What is left to train on beside what is held out."""

    def test_validation_images_are_held_out_of_those_for_training(self, study: Callable[..., Study]) -> None:
        """A count of them, or a part."""
        assert images_of_cells(study(), DIGITS) == {"train": 1200, "validation": 300, "test": 297}
        assert images_of_cells(study(changes="validation: 0.1"), DIGITS)["validation"] == 150

    def test_a_subset_is_of_what_is_left_then(self, study: Callable[..., Study]) -> None:
        """As `train --subset` has it: 400 are trained on, and validation stays whole."""
        assert images_of_cells(study(", subset: 400"), DIGITS) == {"train": 400, "validation": 300, "test": 297}

    def test_a_validation_split_of_the_data_stays(self, study: Callable[..., Study]) -> None:
        """And nothing is held out."""
        found = images_of_cells(study(", subset: 400"), DIGITS | {"validation": 90})
        assert found == {"train": 400, "validation": 90, "test": 297}

    @pytest.mark.parametrize(
        ("data", "changes", "more", "said"),
        [
            ("", "validation: 1500", "", "digits has 1,500 training images, and the recipe holds out 1,500"),
            ("", "validation: 300", "grid: {validation: [300, 1500]}", "and the recipe holds out 1,500"),
            (", subset: 1201", "validation: 300", "",
             "`subset` asks for 1,201 training images, and digits has 1,200 beside the 300 of validation"),
        ],
    )  # fmt: skip
    def test_what_would_leave_nothing_or_too_little_is_refused(
        self, study: Callable[..., Study], data: str, changes: str, more: str, said: str
    ) -> None:
        """At the line of the data, for every setting of a grid."""
        with pytest.raises(ArchError, match=said) as raised:
            images_of_cells(study(data, changes, more), DIGITS)
        mark = raised.value.diagnostics[0].mark
        assert mark is not None
        assert mark.line == 3


class TestCounted:
    """What there is of a data set."""

    def test_test_images_are_all_or_as_many_as_the_page_says(self, study: Callable[..., Study]) -> None:
        """A subset of the training images leaves them whole: fewer would only make the answer less sure."""
        assert counted(study(", subset: 400")).test == 297
        assert counted(study(", test: 40")).test == 40

    def test_more_than_there_are_is_refused(self, study: Callable[..., Study]) -> None:
        """With both numbers."""
        with pytest.raises(ArchError, match="digits has 297 test images, and `test` asks for 298"):
            counted(study(", test: 298"))

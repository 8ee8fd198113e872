"""What differs class by class, as a report says it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builder.study.report.data import as_json
from builder.study.report.sections.blocks import Paragraph, Table
from builder.study.report.sections.classes import classes
from tests.study.report.conftest import made
from tests.study.report.studies import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.study.report.conftest import Made


class TestClasses:
    """Main effects, or variants beside the base, on the images of each class."""

    def test_all_of_them_are_one_family(self, factors: Made) -> None:
        """Three main effects on ten classes; how many are clear is said first."""
        part = classes(factors.content)
        assert part is not None
        said, table = part.blocks
        assert isinstance(said, Paragraph)
        assert said.text.startswith("None of 30 effects on single classes is clear. They are one family of their own")
        assert isinstance(table, Table)
        assert len(table.rows) == 30
        assert {row[1] for row in table.rows} == {"se at block1", "se at block2", "block*.shortcut = auto"}

    def test_a_variant_that_is_far_ahead_is_so_on_classes(self, tmp_path: Path) -> None:
        """Ten points show on 200 images, and stand first; JSON has them with the class's name."""
        accuracy = {name: value + 10 * name.endswith("_block2") for name, value in PLAIN.accuracy.items()}
        found = made(tmp_path, replace(PLAIN, accuracy=accuracy, compare="base"))
        part = classes(found.content)
        assert part is not None
        said, table = part.blocks
        assert isinstance(said, Paragraph)
        assert said.text.startswith("20 of 30 differences on single classes are clear.")
        assert isinstance(table, Table)
        assert [row[4] for row in table.rows] == ["clear"] * 20 + ["cannot tell"] * 10
        first = as_json(found.content)["classes"][0]
        assert (first["class"], first["a"], first["b"], first["images"]) == (
            "airplane", "alexnet_tiny_se_block1", "alexnet_tiny", 200
        )  # fmt: skip

    def test_a_study_of_an_earlier_version_has_none(self, plain: Made) -> None:
        """Its report stays what it was."""
        assert classes(plain.content) is None

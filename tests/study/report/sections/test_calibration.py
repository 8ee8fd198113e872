"""Whether probabilities can be trusted, as a report says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.study.report.sections.blocks import Table
from builder.study.report.sections.calibration import calibration

if TYPE_CHECKING:
    from tests.study.report.conftest import Made


class TestCalibration:
    """Log loss and calibration error of each variant."""

    def test_each_stands_beside_the_base(self, factors: Made) -> None:
        """With an interval over their seeds; the base has none."""
        part = calibration(factors.content)
        assert part is not None
        table = part.blocks[1]
        assert isinstance(table, Table)
        rows = {row[0]: row for row in table.rows}
        assert len(rows) == 8
        assert rows["alexnet_tiny"][3:5] == ("–", "–")
        assert rows["se_block2"][3].startswith("−")
        low, high = rows["se_block2"][4].split(" to ")
        assert low.startswith("−")
        assert high.startswith("−")

    def test_what_was_not_measured_is_not_shown(self, plain: Made) -> None:
        """Results of an earlier version have no probabilities."""
        assert calibration(plain.content) is None

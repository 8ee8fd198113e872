"""Tables for programs."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.tables import csv_line, csv_table
from tests.study.report.studies import PLAIN, make_study
from tests.tables.test_model import SIZES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli, Trained


class TestCsvTable:
    """Numbers as numbers."""

    def test_numbers_have_all_digits_and_no_separators(self) -> None:
        """Columns have the names that programs use; there is no total."""
        assert csv_table(SIZES) == "name,id,macs\na,1f,1000\nbcd,2f,\n"

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1))
    def test_every_text_is_read_back(self, cells: list[str]) -> None:
        """But for the apostrophe before what would be a formula."""
        (found,) = csv.reader(StringIO(csv_line(cells), newline=""))
        assert [each.removeprefix("'") for each in found] == [each.removeprefix("'") for each in cells]

    @pytest.mark.parametrize("text", ["=HYPERLINK()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_no_text_is_a_formula(self, text: str) -> None:
        """A number may be negative all the same."""
        assert csv_line([text]).strip('"').startswith("'")
        assert csv_line([-1, -0.5]) == "-1,-0.5"


@pytest.mark.slow
class TestPandas:
    """What pandas makes of it."""

    def test_numbers_are_numbers_in_the_tables_of_all_commands(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """Costs, accuracies, seconds and intervals; what is missing is no text."""
        pandas = pytest.importorskip("pandas")
        study = make_study(tmp_path / "study", PLAIN).path
        asked = {
            ("show", "resnet18"): {"parameters", "macs"},
            ("diff", "alexnet", "alexse_cross"): {"parameters", "more_parameters", "macs", "memory"},
            ("variants", "alexnet", "--insert", "se", "--among", "block*.out"): {"parameters", "more_macs", "memory"},
            ("compare", trained.folder): {"best_val_accuracy", "best_epoch", "parameters", "seconds"},
            ("report", study, "-o", tmp_path / "report"): {"difference", "interval_low", "interval_high", "p"},
        }
        for words, numbers in asked.items():
            read = pandas.read_csv(StringIO(archcli(*words, "--csv").out))
            assert numbers - set(read.select_dtypes("number").columns) == set(), words

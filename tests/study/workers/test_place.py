"""The folder of a cell, for the coordinator and for a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.results.cells import read_cell
from builder.study.results.folder import CellFolder, StudyFolder
from builder.study.workers.place import claimed, forget_cell, plan_fingerprint, prepare_cell, sees
from tests.study.conftest import make_plan, write_study

if TYPE_CHECKING:
    from pathlib import Path

(CELL, *_) = make_plan().cells("confirm", make_plan().arms)


class TestPrepare:
    """What training a cell needs."""

    def test_it_has_its_page_and_what_defines_it(self, tmp_path: Path) -> None:
        """As every run has its page."""
        place = CellFolder(tmp_path / "a" / CELL.id)
        prepare_cell(place, CELL, "name: net0\n")
        assert place.network.read_text() == "name: net0\n"
        assert read_cell(place.definition) == CELL

    def test_one_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        """It may have a checkpoint."""
        place = CellFolder(tmp_path / CELL.id)
        for page in ("name: net0\n", "name: other\n"):
            prepare_cell(place, CELL, page)
        assert place.network.read_text() == "name: net0\n"

    def test_one_that_was_half_made_is_made_again(self, tmp_path: Path) -> None:
        """What defines it is written last."""
        place = CellFolder(tmp_path / CELL.id)
        place.path.mkdir()
        place.network.write_text("na")
        prepare_cell(place, CELL, "name: net0\n")
        assert place.network.read_text() == "name: net0\n"

    def test_where_none_can_be_made_that_is_said(self, tmp_path: Path) -> None:
        """A file is in its way."""
        (tmp_path / "cells").touch()
        with pytest.raises(RunError, match="cannot write"):
            prepare_cell(CellFolder(tmp_path / "cells" / CELL.id), CELL, "")


class TestSees:
    """Whether a worker shares the study's folder."""

    def test_it_does_where_the_same_plan_lies(self, folder: StudyFolder) -> None:
        """By a checksum: another study may lie under the same path on another machine."""
        fingerprint = plan_fingerprint(folder)
        assert sees(folder, fingerprint)
        write_study(folder, make_plan(3))
        assert not sees(folder, fingerprint)

    def test_it_does_not_where_there_is_none(self, tmp_path: Path) -> None:
        """As on a machine without a common file system."""
        assert not sees(StudyFolder(tmp_path / "nowhere"), "0")


class TestClaim:
    """One process a cell."""

    def test_a_second_one_is_told(self, tmp_path: Path) -> None:
        """And has it after the first."""
        place = CellFolder(tmp_path)
        with claimed(place) as first, claimed(place) as second:
            assert (first, second) == (True, False)
        with claimed(place) as third:
            assert third


class TestForget:
    """A worker's own folder."""

    def test_the_cell_is_gone(self, tmp_path: Path) -> None:
        """Whether it was there or not."""
        prepare_cell(CellFolder(tmp_path / CELL.id), CELL, "")
        for _ in range(2):
            forget_cell(tmp_path, CELL.id)
            assert not (tmp_path / CELL.id).exists()

"""The networks that come of one layer at several places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Archcli

REPORT = ("variants", "alexnet", "--insert", "se", "--among", "block*.pre_activation")


class TestVariants:
    """The report's experiment is one command."""

    def test_every_subset_is_one_row(self, archcli: Archcli) -> None:
        """Two places give four networks; each says what it costs more than the base."""
        found = json.loads(archcli(*REPORT, "--json").out)
        assert [row["places"] for row in found["variants"]] == [
            [],
            ["block1.pre_activation"],
            ["block2.pre_activation"],
            ["block1.pre_activation", "block2.pre_activation"],
        ]
        assert [row["more_parameters"] for row in found["variants"]] == [0, 18_840, 8_464, 27_304]
        assert len({row["id"] for row in found["variants"]}) == 4

    def test_a_person_sees_a_table(self, archcli: Archcli) -> None:
        """Name, places, parameters and MACs, each with the difference."""
        lines = archcli(*REPORT).out.splitlines()
        assert lines[0] == "4 variants of alexnet"
        assert lines[4].split() == [
            "alexnet_se_block1", "block1.pre_activation", "61.12", "M", "+18.84", "k", "714.2", "M", "+18.43", "k",
        ]  # fmt: skip

    def test_pages_are_written_and_each_is_right(self, archcli: Archcli, tmp_path: Path) -> None:
        """A folder of pages that ``check`` accepts, and whose paths are the last lines."""
        outcome = archcli(*REPORT, "-o", tmp_path / "pages")
        pages = sorted((tmp_path / "pages").glob("*.yaml"))
        assert len(pages) == 3  # the base is shipped
        assert outcome.out.splitlines()[-3:] == [str(path) for path in sorted(pages, key=lambda path: len(path.name))]
        assert archcli("check", *pages).code == 0

    def test_the_number_of_places_can_be_bounded(self, archcli: Archcli) -> None:
        """As a number or as a range that may be open."""
        sizes = {
            count: len(json.loads(archcli(*REPORT, "--count", count, "--json").out)["variants"])
            for count in ("1", "0-1", "1-")
        }
        assert sizes == {"1": 2, "0-1": 3, "1-": 3}

    def test_at_means_all_matches_at_once(self, archcli: Archcli) -> None:
        """One variant for each ``--at``."""
        found = json.loads(archcli("variants", "alexnet", "--insert", "se", "--at", "block*.out", "--json").out)
        assert [row["places"] for row in found["variants"]] == [["block1.out", "block2.out"]]

    @pytest.mark.parametrize(
        ("arguments", "answer"),
        [
            ([], "either --among or --at"),
            (["--among", "block1.out", "--at", "block1.out"], "either --among or --at"),
            (["--among", "block1.outt"], "`block1.outt` matches nothing"),
            (["--among", "block1.out", "--count", "few"], "`--count few` is no number of places"),
        ],
    )
    def test_what_makes_no_sense_is_2(self, archcli: Archcli, arguments: list[str], answer: str) -> None:
        """The answer says what to write instead."""
        outcome = archcli("variants", "alexnet", "--insert", "se", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert answer in outcome.err
        assert "help:" in outcome.err

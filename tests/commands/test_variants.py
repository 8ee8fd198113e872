"""The networks that come of one layer at several places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli

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
            "4.00", "MB", "+262.8", "kB", "73cda6c93cfb357b",
        ]  # fmt: skip

    def test_how_many_there_are_is_known_at_once(self, archcli: Archcli) -> None:
        """Of any space that is not refused."""
        outcome = archcli("variants", "resnet50", "--insert", "se", "--among", "Bottleneck.branch", "--only-count")
        assert outcome.out == "65,536 variants of resnet50\n"

    def test_the_front_of_two_prices(self, archcli: Archcli) -> None:
        """Nothing that another beats in both: the base is the cheapest in everything."""
        found = json.loads(archcli(*REPORT, "--pareto", "macs,parameters", "--json").out)
        assert [row["name"] for row in found["variants"]] == ["alexnet"]
        shortcuts = ("--set", "block*: {shortcut: [none, auto]}", "--set", "block1: {kernel: [3]}")
        assert archcli("variants", "alexnet", *shortcuts, "--pareto", "macs").code == 2

    def test_sorted_and_bounded(self, archcli: Archcli) -> None:
        """By any price, so many, within a budget."""
        cheap = ("--sort", "parameters", "--limit", "2", "--where", "$parameters > $base_parameters")
        found = json.loads(archcli(*REPORT, *cheap, "--json").out)
        assert [row["places"] for row in found["variants"]] == [["block2.pre_activation"], ["block1.pre_activation"]]

    def test_lines_of_csv(self, archcli: Archcli) -> None:
        """A head, and a line for each."""
        lines = archcli(*REPORT, "--set", "block2: {shortcut: [auto]}", "--csv").out.splitlines()
        assert lines[0].startswith("name,places,settings,id,parameters,macs,memory,")
        assert len(lines) == 5
        assert ",block1.pre_activation block2.pre_activation,block2.shortcut=auto," in lines[4]

    def test_parameters_of_a_page(self, archcli: Archcli) -> None:
        """As a list behind an equals sign, or as on a page."""
        for text in ("width_per_group=64,128", "width_per_group: [64, 128]"):
            found = json.loads(archcli("variants", "resnet50", "--params", text, "--json").out)
            assert [row["parameters"] for row in found["variants"]] == [25_557_032, 68_883_240]

    def test_templates_of_another_page(self, archcli: Archcli, tmp_path: Path) -> None:
        """A gate that the base does not know; the page that is written uses it too."""
        gates = ("--insert", "CBAM", "--uses", "gates.yaml", "--among", "block2.out")
        assert archcli("variants", "alexnet", *gates, "-o", tmp_path).code == 0
        assert "uses: gates.yaml" in (tmp_path / "alexnet_CBAM_block2.yaml").read_text()
        assert archcli("check", tmp_path / "alexnet_CBAM_block2.yaml").code == 0

    def test_a_figure_of_all(self, archcli: Archcli, tmp_path: Path) -> None:
        """Its path is the last line."""
        outcome = archcli(*REPORT, "--draw", tmp_path / "all.svg")
        assert outcome.out.splitlines()[-1] == str(tmp_path / "all.svg")
        assert "alexnet_se_block1_block2" in (tmp_path / "all.svg").read_text()

    def test_a_base_of_ones_own_is_copied_along(self, archcli: Archcli, tmp_path: Path) -> None:
        """And nothing is overwritten that says something else."""
        base = tmp_path / "mine.yaml"
        base.write_text("name: mine\nextends: alexnet\nclasses: 10\n")
        options = ("variants", base, "--insert", "se", "--among", "block*.out", "-o", tmp_path / "pages")
        assert archcli(*options).code == 0
        assert (tmp_path / "pages" / "mine.yaml").read_text() == base.read_text()
        assert archcli("check", *(tmp_path / "pages").glob("*.yaml")).code == 0
        base.write_text("name: mine\nextends: alexnet\nclasses: 7\n")
        refused = archcli(*options)
        assert refused.code == 2
        assert "exists and has other content" in refused.err

    def test_check_looks_at_a_pages_own_space(self, archcli: Archcli, tmp_path: Path) -> None:
        """A place that is not there, at its line and column."""
        page = tmp_path / "mine.yaml"
        text = "name: mine\nextends: alexnet\nvariants:\n  which: {insert: se, among: block3.out}\n"
        page.write_text(text)
        refused = archcli("check", page)
        assert refused.code == 2
        assert "`block3.out` matches nothing" in refused.err
        assert ":4:30" in refused.err
        page.write_text(text.replace("block3", "block2"))
        assert archcli("check", page).code == 0
        assert len(json.loads(archcli("variants", page, "--json").out)["variants"]) == 2

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
            (["--among", "block1.out", "--count", "few"], "`--count few` is not a number of places"),
        ],
    )
    def test_what_makes_no_sense_is_2(self, archcli: Archcli, arguments: list[str], answer: str) -> None:
        """The answer says what to write instead."""
        outcome = archcli("variants", "alexnet", "--insert", "se", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert answer in outcome.err
        assert "help:" in outcome.err

"""What was clicked, as a space of variants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.live.space import find_space, question, seen_space

if TYPE_CHECKING:
    from pathlib import Path

BOTH = {"insert": ["se"], "places": ["block1.pre_activation", "block2.pre_activation"]}


class TestQuestion:
    """What a browser may ask."""

    def test_it_is_a_command_too(self) -> None:
        """Which asks the same in a terminal."""
        assert question(json.dumps(BOTH)).command("alexnet", ()) == (
            "archcli variants alexnet --insert se --among block1.pre_activation --among block2.pre_activation"
        )

    @pytest.mark.parametrize(
        ("choose", "words"), [("one", "--among 'block*.out' --count 0-1"), ("all", "--at 'block*.out'")]
    )
    def test_what_is_chosen_of_the_places(self, choose: str, words: str) -> None:
        """One of them, or all."""
        asked = question(json.dumps({"insert": ["se"], "places": ["block*.out"], "choose": choose}))
        assert asked.command("alexnet", ()).endswith(words)

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            ("", "Invalid JSON"),
            ("{}", "`insert`: Field required"),
            ('{"insert": ["se"], "places": []}', "`places`: Tuple should have at least 1 item"),
            ('{"insert": ["se"], "places": ["a.out"], "file": "/etc/passwd"}', "`file`: Extra inputs"),
        ],
    )
    def test_nothing_else(self, sent: str, words: str) -> None:
        """A sentence says what is wrong."""
        with pytest.raises(ArchError) as raised:
            question(sent)
        assert words in raised.value.diagnostics[0].message


class TestSpace:
    """The variants with their price."""

    def test_every_subset(self, tmp_path: Path) -> None:
        """As `archcli variants` lists them."""
        asked = question(json.dumps(BOTH))
        found = seen_space(find_space(asked.options("alexnet", ())), "", tmp_path)
        assert [each.name for each in found.variants] == [
            "alexnet", "alexnet_se_block1", "alexnet_se_block2", "alexnet_se_block1_block2",
        ]  # fmt: skip
        assert [each.more_parameters for each in found.variants] == [0, 18_840, 8_464, 27_304]

    def test_equal_ones_are_merged(self, tmp_path: Path) -> None:
        """And said."""
        asked = question(json.dumps({"insert": ["se"], "places": ["block1.branch", "block1.pre_activation"]}))
        found = seen_space(find_space(asked.options("alexnet", ())), "", tmp_path)
        assert found.size == 2
        assert found.same == {"block1.branch": ("block1.pre_activation",)}

    def test_a_large_space_is_listed_in_part(self, tmp_path: Path) -> None:
        """Its size is known all the same."""
        asked = question(json.dumps({"insert": ["se"], "places": ["layer*.*.pre_activation"]}))
        found = seen_space(find_space(asked.options("resnet18", ())), "", tmp_path)
        assert (found.size, len(found.variants)) == (256, 64)

    def test_what_does_not_fit(self) -> None:
        """Is said with the shape."""
        asked = question(json.dumps({"insert": ["se"], "places": ["classifier.out"]}))
        with pytest.raises(ArchError, match="needs channels × height × width"):
            find_space(asked.options("alexnet", ()))

    def test_runs_are_known_by_the_name_of_their_network(self, tmp_path: Path) -> None:
        """Of whatever state."""
        run = tmp_path / "runs" / "alexnet_se_block1-001"
        run.mkdir(parents=True)
        (run / "page.yaml").write_text("name: alexnet_se_block1\n", "utf-8")
        asked = question(json.dumps(BOTH))
        found = seen_space(find_space(asked.options("alexnet", ())), "", tmp_path / "runs")
        assert list(found.runs) == ["alexnet_se_block1"]

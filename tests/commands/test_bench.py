"""``archcli bench``: how fast a network trains here."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from builder.commands.bench import Alternative, _alternatives, _faster
from builder.commands.text.bench import _alternative, _verdict
from builder.training.speed.benchmark import Other, Ratio, Times
from tests.command_line import PAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli

FAST = ("--seconds", 0.1, "--set", "size=16", "--batch", 16, "--device", "cpu")


@pytest.fixture(autouse=True)
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand beside a small page, and let turns be short."""
    (tmp_path / "small.yaml").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builder.training.speed.benchmark.TURN", 0.001)


class TestBench:
    """Beside the tutorial's loop, other precisions and the hardware's limit."""

    def test_everything_is_said(self, archcli: Archcli, tmp_path: Path) -> None:
        """A table of parts, one of steps, a verdict, the limit, and the figures last; nothing else is written."""
        outcome = archcli("bench", "small.yaml", *FAST, "-o", "speed.svg", "-o", "speed.png")
        assert outcome.code == 0
        assert outcome.err == "measuring for about 0.1 s\n"
        lines = outcome.out.splitlines()
        assert lines[0] == "small: 3×16×16, 554 parameters, batch 16"
        assert lines[1].startswith("cpu (")
        assert "tutorial: fp32, PIL in a DataLoader with 0 workers" in lines[2]
        assert [line.split("  ")[0] for line in lines[4:8]] == ["images/s", "end to end", "step", "data"]
        assert "(taken)" in outcome.out
        assert "of it the step reaches " in outcome.out
        assert lines[-2:] == ["speed.svg", "speed.png"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["small.yaml", "speed.png", "speed.svg"]

    def test_json_has_every_number(self, archcli: Archcli) -> None:
        """Quiet, and fixed by hand."""
        outcome = archcli("bench", "small.yaml", *FAST, "--precision", "fp32", "--json", "-q", "--layout", "contiguous")
        found = json.loads(outcome.out)
        assert outcome.err == ""
        assert (found["precision"], found["precision_reason"]) == ("fp32, contiguous", "as asked for")
        assert found["step"] == "eager"
        assert (found["batch_size"], found["images"], found["data"]) == (16, 2048, "random")
        assert found["rounds"] >= 3
        assert [each["what"] for each in found["rates"]] == ["end to end", "step", "data"]
        for each in found["rates"]:
            assert each["ratio"]["low"] <= each["ratio"]["median"] <= each["ratio"]["high"]
        assert {each["precision"] for each in found["alternatives"]} == {
            "fp32, channels_last",
            "bf16, contiguous",
            "bf16, channels_last",
        }
        assert found["limit"]["binds"] in {"memory", "products"}
        assert 0 < found["limit"]["step_reaches"] < 1

    def test_real_images_are_measured_as_they_are(self, archcli: Archcli) -> None:
        """With their recipe."""
        found = json.loads(archcli("bench", "small.yaml", *FAST, "--data", "digits", "--json").out)
        assert (found["data"], found["recipe"], found["images"]) == ("digits", "digits32", 1200)

    def test_how_steps_are_taken_is_said_where_it_was_asked(self, archcli: Archcli) -> None:
        """Below the device; and a graph is refused where there is no GPU."""
        said = archcli("bench", "small.yaml", *FAST, "--step", "eager").out.splitlines()
        assert said[2] == "steps: eager: as asked for"
        refused = archcli("bench", "small.yaml", *FAST, "--step", "graph")
        assert (refused.code, refused.err.splitlines()[1]) == (
            1,
            "error: `graph` needs a single process on an NVIDIA GPU",
        )

    def test_a_batch_larger_than_the_data_is_refused(self, archcli: Archcli) -> None:
        """There would be no step."""
        outcome = archcli("bench", "small.yaml", "--data", "digits", "--batch", 5000, "--set", "size=16")
        assert (outcome.code, outcome.err.splitlines()[-1]) == (
            1,
            "error: a batch is 5,000 images, and digits has 1,200",
        )

    def test_a_figure_has_a_suffix_that_is_known(self, archcli: Archcli) -> None:
        """Before anything is measured."""
        outcome = archcli("bench", "small.yaml", *FAST, "-o", "speed.gif")
        assert outcome.code == 2
        assert "no figure can be written as `speed.gif`" in outcome.err


class TestFaster:
    """When another choice is worth a word."""

    @pytest.mark.parametrize(("low", "named"), [(1.02, None), (1.04, "bf16, contiguous")])
    def test_only_what_is_clearly_faster(self, low: float, named: str | None) -> None:
        """In three of four rounds."""
        slower = Alternative("fp32, contiguous", 1.0, Ratio(0.9, 0.8, 1.2))
        assert _faster([Alternative("bf16, contiguous", 2.0, Ratio(1.1, low, 1.2)), slower]) == named

    @pytest.mark.parametrize(
        ("faster", "options"),
        [
            ("bf16, contiguous", "--precision bf16 --layout contiguous"),
            ("bf16, contiguous, eager", "--step eager"),
        ],
    )
    def test_how_to_fix_it_is_said(self, archcli: Archcli, faster: str, options: str) -> None:
        """Of what differs from the choice, in the words of `train`."""
        value = SimpleNamespace(faster=faster)
        assert _verdict(value) == f"{faster} is faster here: train with {options}"


class TestTooLittleMemory:
    """An alternative that could not be measured is a row, and never the faster one."""

    def test_it_says_so_in_the_place_of_a_ratio(self) -> None:
        """Below those that could be."""
        failed = Alternative("bf16, contiguous", None, None, "too little memory")
        assert _alternative(failed) == ("bf16, contiguous", "–", "too little memory")
        slower = Other(Times((1.0, 1.0, 1.0)), Ratio(0.5, 0.4, 0.6))
        rows = _alternatives({"bf16, contiguous": Other(failure="too little memory"), "fp32, contiguous": slower})
        assert [each.precision for each in rows] == ["fp32, contiguous", "bf16, contiguous"]
        assert rows[1] == failed
        assert _faster(rows) is None

"""What a report shows of factors: effects as a figure and a table, pairs of factors as lines, seeds as blocks."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from builder.json_output import encode
from builder.study.report.data import as_json, comparisons_csv, effects_csv
from builder.study.report.sections import main_effects
from builder.study.report.sections.blocks import Drawings, Facts, Table
from tests.study.report.conftest import made
from tests.study.report.studies import PLAIN, three_factors

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.report.sections.blocks import ReportPart
    from tests.study.report.conftest import Made


def part(study: Made, name: str) -> ReportPart:
    """Return one part of a report."""
    return next(each for each in study.report.parts if each.name == name)


class TestAnswer:
    """What stands first."""

    def test_main_effects_are_the_headline_and_the_rest_follows(self, factors: Made) -> None:
        """Interactions, and what would decide."""
        (first,) = factors.report.answers
        assert first.startswith("se at block2 gains 1.05 points (0.50 to 1.61); ")
        assert factors.report.more[0].startswith("se at block2 and block*.shortcut = auto do not add up: ")
        assert factors.report.more[1] == "About 9 more seeds for each network would decide."
        assert factors.html.index(first) < factors.html.index('class="more"') < factors.html.index("<h2")

    def test_effects_come_first_and_single_variants_second(self, factors: Made) -> None:
        """With a word on why."""
        titles = [each.title for each in factors.report.parts]
        assert titles[:4] == ["How sure is that?", "What each factor does", "What meets what", "Every seed"]
        assert titles[4:6] == ["Single variants: gaps to the base", "Single variants: all comparisons"]
        assert "a family of their own" in str(part(factors, "comparisons").blocks[0])
        assert len(factors.content.findings.comparisons) == 7

    def test_before_the_end_nothing_is_concluded(self, tmp_path: Path) -> None:
        """Effects are shown as they stand."""
        study = made(tmp_path, three_factors(open=(("alexnet_tiny", 5),)))
        assert study.report.answers == ("No effect is named: the study has not ended, 47 of 48 runs are there.",)
        assert "none of it is a verdict" in str(part(study, "effects").blocks[1])
        missing = next(fact for fact in facts(study) if fact[0] == "Missing runs")
        assert missing[1:] == ("1", "made up for by least squares")


def facts(study: Made) -> tuple[tuple[str, str, str], ...]:
    """Return the facts on how sure a report is."""
    return next(each.facts for each in part(study, "certainty").blocks if isinstance(each, Facts))


class TestEffects:
    """The figure and the table."""

    def test_the_table_has_every_effect_with_what_is_said_of_it(self, factors: Made) -> None:
        """Main effects first; a level stands beside the first one."""
        table = next(each for each in part(factors, "effects").blocks if isinstance(each, Table))
        rows = {row[0]: dict(zip(table.head, row, strict=True)) for row in table.rows}
        assert list(rows) == [
            "se at block1", "se at block2", "block*.shortcut = auto", "se at block1 × se at block2",
            "se at block1 × block*.shortcut = auto", "se at block2 × block*.shortcut = auto",
        ]  # fmt: skip
        assert (rows["se at block2"]["verdict"], rows["se at block2"]["estimate"]) == ("gains", "+1.05")
        assert rows["se at block1 × block*.shortcut = auto"]["beside"] == "without, none"
        assert rows["se at block2 × block*.shortcut = auto"]["verdict"] == "less together"
        assert rows["se at block1 × block*.shortcut = auto"]["seeds to tell"] == "15"

    def test_the_figure_has_a_row_for_each_with_its_interval(self, factors: Made) -> None:
        """In words too, for those who do not see it."""
        (drawn,) = next(each.figures for each in part(factors, "effects").blocks if isinstance(each, Drawings))
        assert drawn.description.startswith("se at block1 +0.11 (−0.44 to +0.67), p = 1; se at block2 +1.05 (")
        assert drawn.body.count('class="outer"') == 6
        assert drawn.body.count('class="mean"') == 2  # two are clear

    @pytest.mark.parametrize("kind", ["main", "interaction"])
    def test_each_verdict_has_words(self, factors: Made, kind: str) -> None:
        """Other ones for pairs of factors."""
        found = factors.content.findings.effects
        assert found is not None
        one = next(each for each in found.effects if each.kind == kind)
        verdicts = ("positive", "negative", "equivalent", "undecided", "untested")
        said = {main_effects.verdict(replace(one, verdict=each, equivalent=False)) for each in verdicts}
        assert len(said) == 5


class TestInteractions:
    """A figure for each pair of factors."""

    def test_lines_join_the_means_over_everything_else(self, factors: Made) -> None:
        """From the accuracies of the arms, which are in the order of the rows of the factorial."""
        (drawn,) = part(factors, "interactions").blocks
        assert isinstance(drawn, Drawings)
        assert [each.title for each in drawn.figures] == [
            "se at block1 × se at block2", "se at block1 × block*.shortcut", "se at block2 × block*.shortcut",
        ]  # fmt: skip
        factorial, arms = factors.content.findings.factorial, factors.content.findings.arms
        assert factorial is not None
        means = [
            100
            * np.mean([arm.mean for arm, row in zip(arms, factorial.settings, strict=True) if row[1:] == (gate, auto)])
            for auto in (0, 1)
            for gate in (0, 1)
        ]
        assert drawn.figures[2].description == (
            f"block*.shortcut = none: without {means[0]:.2f} %, with {means[1]:.2f} %; "
            f"block*.shortcut = auto: without {means[2]:.2f} %, with {means[3]:.2f} %"
        )

    def test_of_many_pairs_those_that_change_each_other_most_are_drawn(
        self, factors: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And the caption says how many are not."""
        monkeypatch.setattr(main_effects, "MOST_PLOTS", 1)
        drawn = main_effects.interactions(factors.content)
        assert drawn is not None
        (block,) = drawn.blocks
        assert isinstance(block, Drawings)
        assert [each.title for each in block.figures] == ["se at block2 × block*.shortcut"]
        assert block.caption.endswith("2 pairs with weaker interactions are not drawn.")


class TestBlocks:
    """What was found of the seeds."""

    def test_what_seeds_share_and_whether_variances_are_equal(self, factors: Made) -> None:
        """With their p-values, and what follows from them."""
        found = {term: (said, more) for term, said, more in facts(factors)}
        assert found["Shared by a seed"] == ("67 %", "of the variance of a run is common to all networks, p < 0.001")
        assert found["Equal variances"][0] == "not refuted"
        assert found["Equal variances"][1].endswith("one variance with 35 degrees of freedom")
        assert found["Runs differ by"][0] == "0.95 points"

    def test_the_fallback_is_said(self, tmp_path: Path) -> None:
        """Where pairs stand by themselves."""
        wild = {"alexnet_tiny_se_block1": 5.0}
        study = made(tmp_path, replace(PLAIN, compare="pairs", seeds=6, wild=wild))
        found = {term: (said, more) for term, said, more in facts(study)}
        assert found["Equal variances"][0] == "no"
        assert found["Equal variances"][1].endswith("each network has its own variance")

    def test_a_study_of_an_earlier_version_says_nothing_of_them(self, plain: Made) -> None:
        """Its report is as it was."""
        assert not {"Shared by a seed", "Equal variances"} & {term for term, _, _ in facts(plain)}
        assert plain.content.findings.blocked == ()


class TestBase:
    """A study that compares variants with the base only."""

    def test_it_says_what_each_variant_gains(self, tmp_path: Path) -> None:
        """And names no best."""
        study = made(tmp_path, replace(PLAIN, compare="base"))
        assert study.report.answers[0].startswith("se_block2 gains 3.14 points (2.38 to 3.89); ")
        assert len(study.content.findings.comparisons) == 3


class TestData:
    """For other programs."""

    def test_effects_are_a_table_of_their_own(self, factors: Made) -> None:
        """With every field; single arms stand in the other."""
        rows = list(csv.DictReader(io.StringIO(effects_csv(factors.content))))
        assert [row["factors"] for row in rows][3] == "se at block1 × se at block2"
        assert (rows[1]["verdict"], rows[1]["basis"], rows[1]["can_tell"]) == ("positive", "pooled", "True")
        assert len(list(csv.DictReader(io.StringIO(comparisons_csv(factors.content))))) == 7

    def test_json_has_factors_levels_effects_and_blocks(self, factors: Made) -> None:
        """Enough to judge anew from the bits of the runs."""
        found = json.loads(encode(as_json(factors.content)))
        assert found["compare"] == "effects"
        assert [each["name"] for each in found["factors"]] == ["se at block1", "se at block2", "block*.shortcut"]
        assert found["levels"]["alexnet_tiny_shortcut_auto_se_block1"] == [1, 0, 1]
        assert len(found["effects"]) == 6
        assert found["blocked"][0]["freedom"] == 35

    def test_an_earlier_study_has_none_of_it(self, plain: Made) -> None:
        """Its JSON is what it was."""
        assert not {"compare", "factors", "levels", "effects", "blocked"} & set(as_json(plain.content))

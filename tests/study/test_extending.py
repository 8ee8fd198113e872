"""More seeds for a study that has ended, and cells that other studies have finished."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import pytest
from scipy.special import ndtr, ndtri

from builder.commands import report
from builder.diagnostics import RunError
from builder.study.extending import add_seeds, reuse
from builder.study.plan.plan import read_plan, write_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.statistics import Blocks, Group, compared
from tests.study.report.studies import PLAIN, go_on, make_study, three_factors

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.plan.plan import Plan

PAIRS = replace(PLAIN, compare="pairs", seeds=6, images=500)


def next_study(folder: StudyFolder, plan: Plan) -> StudyFolder:
    """Return the folder of a study beside another, of which nothing has run."""
    other = StudyFolder(folder.path.parent / "placement-002")
    other.networks.mkdir(parents=True)
    write_plan(other.plan, plan)
    other.labels.write_bytes(folder.labels.read_bytes())
    return other


class TestMoreSeeds:
    """Fresh seeds after a report."""

    def test_they_are_a_stage_of_every_arm(self, tmp_path: Path) -> None:
        """With seeds that nobody has seen, written into the plan before the first of them runs."""
        folder = make_study(tmp_path, PAIRS)
        plan = add_seeds(folder, read_plan(folder.plan), 4)
        assert (plan.stages, plan.judged_seeds, plan.design.seeds) == ((6, 4), 10, 10)
        assert read_plan(folder.plan) == plan
        assert {cell.seed for cell in Stages(folder, plan).open_cells()} == {6, 7, 8, 9}

    def test_old_and_new_are_joined_by_weights_of_their_seeds(self, tmp_path: Path) -> None:
        """An inverse-normal combination, not all seeds together: recomputed from both stages."""
        folder = make_study(tmp_path, PAIRS)
        add_seeds(folder, read_plan(folder.plan), 4)
        go_on(folder, PAIRS)
        findings = report.run(str(folder.path), tmp_path, None).content.findings
        group = findings.groups[0]
        stages = [compared([group.only(seeds)], "blocked")[0][3] for seeds in (range(6), range(6, 10))]
        assert all(stages)
        weights = [sqrt(0.6), sqrt(0.4)]
        first, second = (each for each in stages if each is not None)
        images = 0.6 * first.irreducible + 0.4 * second.irreducible
        shared = 2 * weights[0] * weights[1] * min(images / sqrt(first.variance * second.variance), 1.0)
        sign = 1 if findings.comparisons[0].difference > 0 else -1  # type: ignore[operator]  # it is there

        def joined(kind: str) -> float:
            parts = [getattr(each, kind)(sign * each.difference) for each in (first, second)]
            return sum(-weight * float(ndtri(part)) for weight, part in zip(weights, parts, strict=True))

        z = min(joined("beyond_two_way") / sqrt(1 + shared), joined("beyond_seeds"))
        assert findings.comparisons[0].p == pytest.approx(2 * float(ndtr(-z)), rel=1e-9)
        together = Blocks(group.arms).estimate([-1.0, 1.0, 0.0, 0.0])
        assert findings.comparisons[0].p != pytest.approx(together.p, rel=1e-3)

    def test_the_report_says_the_command_and_later_how_it_joined(self, tmp_path: Path) -> None:
        """In place of "6 more seeds would decide"."""
        truth = three_factors()
        folder = make_study(tmp_path, truth)
        made = report.run(str(folder.path), tmp_path, None)
        assert made.report.more[-1] == "To add them: archcli study run study-runs/factors-001 --more-seeds 9"
        add_seeds(folder, read_plan(folder.plan), 9)
        go_on(folder, truth)
        again = report.run(str(folder.path), tmp_path, None)
        part = next(each for each in again.report.parts if each.name == "looks")
        assert "9 were added after a report" in part.blocks[0].text  # type: ignore[union-attr]  # the first block is a paragraph
        assert [row[0] for row in part.blocks[1].rows] == ["6"] * 6 + ["15"] * 6  # type: ignore[union-attr]  # the second block is a table
        effects = again.content.findings.effects
        assert effects is not None
        assert effects.effects[1].verdict == "positive"

    def test_before_they_have_all_run_nothing_is_concluded(self, tmp_path: Path) -> None:
        """The first report's answer does not come back."""
        folder = make_study(tmp_path, PAIRS)
        add_seeds(folder, read_plan(folder.plan), 4)
        made = report.run(str(folder.path), tmp_path, None)
        assert made.report.answers[0].startswith("No best is named: the study has not ended, 24 of 40 runs are there")

    @pytest.mark.parametrize(
        ("truth", "more", "said"),
        [
            (PAIRS, 1, "1 more seeds cannot be judged"),
            (three_factors(seeds=3), 1, "1 more seeds cannot be judged"),
            (replace(PAIRS, open=(("alexnet_tiny", 3),)), 4, "has not ended, 1 cells are open"),
            (replace(PAIRS, looks=(3, 6)), 4, "has planned looks"),
        ],
    )
    def test_what_cannot_be_judged_is_refused(self, tmp_path: Path, truth: object, more: int, said: str) -> None:
        """And the plan stays as it was."""
        folder = make_study(tmp_path, truth)  # type: ignore[arg-type]  # each is the truth of a study
        before = folder.plan.read_bytes()
        with pytest.raises(RunError, match=said):
            add_seeds(folder, read_plan(folder.plan), more)
        assert folder.plan.read_bytes() == before


class TestReuse:
    """Cells that are there already."""

    def test_finished_cells_are_taken_by_their_ids(self, tmp_path: Path) -> None:
        """A study with one variant more runs that one only; nothing of the old one changes."""
        few = {name: value for name, value in PLAIN.accuracy.items() if name != "alexnet_tiny_se_block2"}
        folder = make_study(tmp_path, replace(PAIRS, accuracy=few))
        wider = read_plan(make_study(tmp_path / "elsewhere", PAIRS).plan)
        other = next_study(folder, wider)
        plan = reuse(other, wider)
        assert (plan.reused, plan.stages) == (18, ())
        assert {cell.variant for cell in Stages(other, plan).open_cells()} == {"alexnet_tiny_se_block2"}
        assert len(other.results().outcomes) == 18

    def test_more_seeds_after_a_report_are_a_stage(self, tmp_path: Path) -> None:
        """Somebody has seen what the first ones say."""
        folder = make_study(tmp_path, PAIRS)
        longer = replace(read_plan(folder.plan), confirm_seeds=10)
        assert reuse(next_study(folder, longer), longer).stages == ()
        report.run(str(folder.path), tmp_path, None)
        plan = reuse(StudyFolder(tmp_path / "placement-003"), longer)
        assert (plan.reused, plan.stages, plan.judged_seeds) == (24, (6, 4), 10)

    def test_too_few_new_ones_are_refused(self, tmp_path: Path) -> None:
        """They could not be judged by themselves."""
        folder = make_study(tmp_path, PAIRS)
        report.run(str(folder.path), tmp_path, None)
        longer = replace(read_plan(folder.plan), confirm_seeds=7)
        with pytest.raises(RunError, match="the first 6 of 7 seeds were reported already, and 2 new ones are needed"):
            reuse(next_study(folder, longer), longer)

    def test_cells_of_other_code_or_images_are_others(self, tmp_path: Path) -> None:
        """Their ids differ."""
        folder = make_study(tmp_path, PAIRS)
        plan = replace(read_plan(folder.plan), world="other")
        assert reuse(next_study(folder, plan), plan).reused == 0

    def test_failures_are_not_taken(self, tmp_path: Path) -> None:
        """They are tried again."""
        folder = make_study(tmp_path, replace(PAIRS, lost={("alexnet_tiny", 2): "no"}))
        plan = read_plan(folder.plan)
        other = next_study(folder, plan)
        assert reuse(other, plan).reused == 23
        assert len(Stages(other, plan).open_cells()) == 1

    def test_neither_is_a_result_that_was_changed(self, tmp_path: Path) -> None:
        """The new study runs that cell itself; the old one's report says which file it is."""
        folder = make_study(tmp_path, PAIRS)
        plan = read_plan(folder.plan)
        path = min(folder.cells.iterdir()) / "result.json"
        path.write_text(path.read_text().replace('"best_epoch": 6', '"best_epoch": 5'))
        other = next_study(folder, plan)
        assert reuse(other, plan).reused == 23
        assert [cell.id for cell in Stages(other, plan).open_cells()] == [path.parent.name]


def test_groups_keep_their_base() -> None:
    """A look has the same comparisons."""
    assert Group("", (), "a").only(()).base == "a"

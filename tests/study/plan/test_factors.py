"""Which factors the arms of a study are a product of, and what is compared where its page leaves that open."""

from __future__ import annotations

from math import inf
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError, render
from builder.study.page.networks import networks
from builder.study.page.page import find_study, read_study
from builder.study.plan.factors import study_arms
from builder.study.planning import PlanOptions, preview_study
from builder.study.statistics import Factor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.study.plan.factors import StudyArms

GATE = "{insert: {se: {reduction: 4}}, among: [block1.pre_activation, block2.pre_activation]}"
GATE1 = Factor("se at block1", ("without", "with"))
GATE2 = Factor("se at block2", ("without", "with"))


@pytest.fixture
def arms(tmp_path: Path) -> Callable[..., StudyArms]:
    """Give what returns the arms of a study of alexnet_tiny with these ``variants`` and lines."""

    def of(variants: str, *lines: str) -> StudyArms:
        page = dedent("""
            name: mine
            base: alexnet_tiny
            data: {name: digits}
            set: {size: 32}
            seeds: 5
        """).lstrip()
        path = tmp_path / "study.yaml"
        text = "".join(f"{line}\n" for line in lines)
        if "seeds:" in text:
            page = page.replace("seeds: 5\n", "")
        path.write_text(page + f"variants: {variants}\n" + text)
        study = read_study(path, "study.yaml")
        return study_arms(study, networks(study))

    return of


class TestBounds:
    """Networks times settings."""

    def test_more_combinations_than_a_plan_holds_are_refused(
        self, arms: Callable[..., StudyArms], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A plan that nothing could read again would not help."""
        monkeypatch.setattr("builder.study.plan.factors.MAX_ARMS", 7)
        with pytest.raises(ArchError, match="4 networks with 2 settings are more than 7 combinations"):
            arms(f"{{gate: {GATE}}}", "grid: {lr: [0.001, 0.002]}")


class TestFactors:
    """What a page varies, read from its networks and its grid."""

    def test_each_place_is_a_factor(self, arms: Callable[..., StudyArms]) -> None:
        """It has the layer or not; a place is called by its block where that is enough."""
        found = arms(f"{{gate: {GATE}}}")
        assert found.compare == "effects"
        assert found.factorial is not None
        assert found.factorial.factors == (GATE1, GATE2)
        assert found.factorial.settings == ((0, 0), (1, 0), (0, 1), (1, 1))

    def test_two_places_of_a_block_are_called_by_their_points(self, arms: Callable[..., StudyArms]) -> None:
        """The block alone would not tell them apart."""
        found = arms("{gate: {insert: {se: {reduction: 4}}, among: [block1.in, block1.out]}}")
        assert found.factorial is not None
        assert [each.name for each in found.factorial.factors] == ["se at block1.in", "se at block1.out"]

    def test_fields_and_parameters_are_factors(self, arms: Callable[..., StudyArms]) -> None:
        """The base has the value that the page lists and no variant has."""
        found = arms(f"{{gate: {GATE}, cut: {{set: {{block*: {{shortcut: [none, auto]}}}}}}}}")
        assert found.factorial is not None
        assert found.factorial.factors == (GATE1, GATE2, Factor("block*.shortcut", ("none", "auto")))
        assert len(found.arms) == 8

    def test_hyperparameters_are_factors(self, arms: Callable[..., StudyArms]) -> None:
        """The recipe's own value is the first level; a row for each arm, in the order of the plan."""
        found = arms(f"{{gate: {GATE}}}", "grid: {lr: [0.004, 0.001]}")
        assert found.factorial is not None
        assert found.factorial.factors == (GATE1, GATE2, Factor("lr", ("0.004", "0.001")))
        for (network, settings), row in zip(found.arms, found.factorial.settings, strict=True):
            places = ["block1.pre_activation" in network.places, "block2.pre_activation" in network.places]
            assert row == (*places, settings.values["optimizer.lr"] == 0.001)

    def test_one_of_several_places_is_one_factor(self, arms: Callable[..., StudyArms]) -> None:
        """Where it is, if it is anywhere."""
        gate = "{insert: {se: {reduction: 4}}, among: [block1.in, block2.out], count: [0, 1]}"
        found = arms(f"{{gate: {gate}}}", "grid: {lr: [0.004, 0.001]}")
        assert found.factorial is not None
        assert found.factorial.factors[0] == Factor("se", ("without", "at block1", "at block2"))
        assert found.factorial.factors[1].name == "lr"

    def test_alternatives_at_a_place_are_levels(self, arms: Callable[..., StudyArms]) -> None:
        """Different layers, or one with different fields."""
        layers = "insert: [{se: {reduction: 4}}, {dropout: {p: 0.1}}], among: block1.out"
        found = arms(f"{{gate: {{{layers}}}}}", "grid: {lr: [0.004, 0.001]}")
        assert found.factorial is not None
        name, levels = found.factorial.factors[0].name, found.factorial.factors[0].levels
        assert (name, levels) == ("block1", ("without", "se", "dropout"))

    def test_places_that_go_together_are_one_factor(self, arms: Callable[..., StudyArms]) -> None:
        """As `at` has all places of a selector at once."""
        gate = "{insert: {se: {reduction: 4}}, at: block*.out}"
        found = arms(f"{{gate: {gate}}}", "grid: {lr: [0.004, 0.001]}")
        assert found.factorial is not None
        assert found.factorial.factors[0] == Factor("se at block1 and block2", ("without", "with"))

    def test_pages_are_a_factor_where_the_study_says_so(self, arms: Callable[..., StudyArms]) -> None:
        """By themselves they are compared with each other, at the same settings."""
        lines = ("grid: {lr: [0.004, 0.001]}",)
        assert (arms("[alexnet32]", *lines).compare, arms("[alexnet32]", *lines).factorial) == ("pairs", None)
        found = arms("[alexnet32]", *lines, "compare: effects").factorial
        assert found is not None
        assert found.factors[0] == Factor("network", ("alexnet_tiny", "alexnet32"))

    @pytest.mark.parametrize(
        ("variants", "lines"),
        [
            ("{gate: {insert: {se: {reduction: 4}}, at: [block1.pre_activation, block2.out]}}", ()),
            ("[alexnet32]", ()),
            (f"{{gate: {GATE}}}", ("seeds: {screen: 1, confirm: 5}",)),
        ],
    )
    def test_what_is_no_product_is_compared_in_pairs(
        self, arms: Callable[..., StudyArms], variants: str, lines: tuple[str, ...]
    ) -> None:
        """One gate at a time, other pages, and what a screening leaves."""
        found = arms(variants, *lines)
        assert (found.compare, found.factorial) == ("pairs", None)

    def test_a_page_may_ask_for_less(self, arms: Callable[..., StudyArms]) -> None:
        """Variants with the base, or all pairs."""
        for asked in ("base", "pairs"):
            found = arms(f"{{gate: {GATE}}}", f"compare: {asked}")
            assert (found.compare, found.factorial) == (asked, None)


class TestFraction:
    """Half of the combinations of five factors and more."""

    LINES = ("grid: {lr: [0.004, 0.001], weight_decay: [0.0, 0.01], epochs: [2, 3]}", "fraction: half")

    def test_half_of_the_arms_are_trained(self, arms: Callable[..., StudyArms]) -> None:
        """The base among them, every factor at both levels equally often."""
        found = arms(f"{{gate: {GATE}}}", *self.LINES)
        assert found.factorial is not None
        assert (len(found.arms), found.compare) == (16, "effects")
        assert found.arms[0][0].name == "alexnet_tiny"
        assert all(sum(row) % 2 == 0 for row in found.factorial.settings)
        assert len(found.factorial.contrasts()) == 15

    def test_networks_without_an_arm_are_no_part_of_the_study(self, arms: Callable[..., StudyArms]) -> None:
        """Five places: 16 of 32 networks."""
        places = "[stem.conv1, block1.conv1, block1.pre_activation, block2.conv1, block2.pre_activation]"
        found = arms(f"{{gate: {{insert: {{se: {{reduction: 4}}}}, among: {places}}}}}", "fraction: half")
        assert len(found.networks.all) == len(found.arms) == 16

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            (("fraction: half",), "2 factors need all of their combinations, a half is for five and more"),
            ((*LINES, "compare: pairs"), "with `compare: pairs` nothing is said of factors"),
            (("grid: {lr: [0.004, 0.001], weight_decay: [0, 0.01], epochs: [2, 3, 4]}", "fraction: half"),
             "epochs has 3 levels, a half fraction is for two"),
        ],
    )  # fmt: skip
    def test_what_has_no_half_is_refused(
        self, arms: Callable[..., StudyArms], lines: tuple[str, ...], said: str
    ) -> None:
        """At the line that asks for it."""
        assert said in refusal(arms, f"{{gate: {GATE}}}", *lines)


def refusal(arms: Callable[..., StudyArms], variants: str, *lines: str) -> str:
    """Return what is said of a page that is refused."""
    with pytest.raises(ArchError) as raised:
        arms(variants, *lines)
    (said,) = map(render, raised.value.diagnostics)
    return said


class TestRefused:
    """Effects that these arms don't have."""

    @pytest.mark.parametrize(
        ("variants", "lines", "reason"),
        [
            ("[alexnet32]", (), "there is one factor"),
            ("[]", (), "there is nothing that varies"),
            (f"{{gate: {GATE}}}", ("seeds: {screen: 1, confirm: 5}",), "leaves a few finalists, which are no product"),
            (
                f"[alexnet32, {{gate: {GATE}}}]",
                (),
                "the arms do not have every combination of network, se at block1, se at block2 equally often",
            ),
        ],
    )
    def test_the_page_is_told_why(
        self, arms: Callable[..., StudyArms], variants: str, lines: tuple[str, ...], reason: str
    ) -> None:
        """At the line that asks for effects, with what makes factors."""
        said = refusal(arms, variants, *lines, "compare: effects")
        assert "`compare: effects` needs networks and settings that are a product of factors: " in said
        assert reason in said
        assert "study.yaml:" in said
        assert "help: `among:` several places, `set:` and `grid:` make factors" in said


class TestPlan:
    """The seeds that effects need, and what planned ones can tell."""

    def test_three_places_need_at_most_56_runs(self, tmp_path: Path) -> None:
        """For 0.3 points at a deviation of 0.25, 10,000 test images and a power of 0.8; 336 in pairs."""
        page = tmp_path / "study.yaml"
        text = """
            name: three
            base: alexnet32
            variants:
              gate: {insert: se, among: [stem.out, block1.pre_activation, block2.pre_activation]}
            data: {name: cifar10}
            seeds: 6
            deviation: 0.25
        """
        page.write_text(dedent(text).lstrip())
        plan = preview_study(read_study(page), PlanOptions())
        assert (plan.compare, plan.comparisons, len(plan.arms)) == ("effects", 6, 8)
        assert plan.needed_seeds is not None
        assert plan.needed_seeds * len(plan.arms) == 48
        page.write_text(page.read_text() + "compare: pairs\n")
        pairs = preview_study(read_study(page), PlanOptions())
        assert pairs.needed_seeds is not None
        assert pairs.needed_seeds * len(pairs.arms) > 250

    def test_the_shipped_study_says_what_its_48_runs_can_tell(self) -> None:
        """As many as it needs."""
        plan = preview_study(read_study(find_study("se_placement_cifar")), PlanOptions())
        assert (plan.needed_seeds, plan.confirm_seeds, len(plan.arms), plan.warnings) == (6, 6, 8, ())
        assert plan.detectable == pytest.approx(0.277, abs=0.001)

    def test_runs_are_ordered_by_seed(self) -> None:
        """A study that is interrupted has complete blocks, all but the last."""
        plan = preview_study(read_study(find_study("se_placement_cifar")), PlanOptions())
        cells = plan.cells("confirm", plan.arms)
        assert [cell.seed for cell in cells] == [seed for seed in range(6) for _ in range(8)]
        assert [cell.variant for cell in cells[8:16]] == [arm.variant for arm in plan.arms]

    def test_a_study_without_images_to_train_on_is_refused(self, tmp_path: Path) -> None:
        """Before anything runs, at the line of the data."""
        page = tmp_path / "study.yaml"
        page.write_text("name: few\nbase: alexnet_tiny\ndata: {name: digits}\n"
                        "set: {size: 32, validation: 1500}\nseeds: 3\n")  # fmt: skip
        with pytest.raises(ArchError, match="digits has 1,500 training images, and the recipe holds out 1,500") as held:
            preview_study(read_study(page), PlanOptions())
        assert held.value.diagnostics[0].mark is not None
        assert held.value.diagnostics[0].mark.line == 3

    def test_a_study_of_one_network_has_a_plan(self, tmp_path: Path) -> None:
        """It shows what seeds do, and compares nothing."""
        page = tmp_path / "study.yaml"
        page.write_text("name: one\nbase: alexnet_tiny\ndata: {name: digits}\nset: {size: 32}\nseeds: 3\n")
        plan = preview_study(read_study(page), PlanOptions())
        assert plan.warnings == ("there is one network, and nothing to compare it with",)
        assert (plan.comparisons, plan.needed_seeds, plan.detectable) == (0, None, inf)

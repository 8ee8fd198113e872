"""A study's page: what it says, and what is said of its mistakes."""

from __future__ import annotations

import os
from textwrap import dedent
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from builder.diagnostics import ArchError, render
from builder.shipped import shipped_studies
from builder.study.page.networks import networks
from builder.study.page.page import find_study, read_study, study_json_schema
from builder.study.page.space import NumberRange, SearchSpace, ValueList
from builder.study.plan.factors import study_arms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.study.page.page import Study

GOOD = """
    name: mine
    base: alexnet_tiny
    variants:
      gate: {insert: {se: {reduction: 4}}, among: block*.pre_activation}
    data: {name: digits}
    set: {size: 32}
    seeds: 5
"""


WITH_CONTROL = GOOD.replace("seeds: 5", "seeds: 5\n    control: width")


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Study]:
    """Give what reads a text as a study's page."""

    def read_text(text: str) -> Study:
        path = tmp_path / "study.yaml"
        path.write_text(dedent(text).lstrip())
        return read_study(path, "study.yaml")

    return read_text


def mistakes(read: Callable[[str], Study], text: str) -> str:
    """Return everything that is said of a page, its networks looked at too."""
    with pytest.raises(ArchError) as raised:
        networks(read(text))
    return "\n".join(map(render, raised.value.diagnostics))


class TestPage:
    """What a page says."""

    def test_a_small_page_is_enough(self, read: Callable[[str], Study]) -> None:
        """Everything else has a default: the recipe that of the data, and no screen."""
        study = read(GOOD)
        assert (study.name, study.data, study.recipe.name, study.recipe.size) == ("mine", "digits", "digits", 32)
        assert (study.screen_seeds, study.confirm_seeds) == (0, 5)
        assert (study.smallest_difference, study.error_rate, study.power) == (0.3, 0.05, 0.8)
        assert [dict(each.values) for each in study.grid] == [{}]

    def test_groups_are_of_an_image_folder(self, read: Callable[[str], Study]) -> None:
        """Images of other data have no names by which a file could group them."""
        folder = GOOD.replace("{name: digits}", "{name: imagefolder, groups: groups.csv}")
        assert read(folder).groups == "groups.csv"
        said = mistakes(read, GOOD.replace("{name: digits}", "{name: digits, groups: groups.csv}"))
        assert "study.yaml:5:22" in said
        assert "`groups` are of an image folder, and the images of `digits` have no names" in said
        assert "`data: {name: imagefolder, groups: groups.csv}`" in said

    def test_a_size_may_grow_in_one_of_them(self, read: Callable[[str], Study]) -> None:
        """A mapping is one value."""
        study = read(GOOD + "    grid: {size: [64, {from: 32, to: 64, until: 0.5}]}\n")
        assert [each.recipe.side for each in study.grid] == [64, 64]
        assert [len(each.recipe.training_sides) > 0 for each in study.grid] == [False, True]

    def test_a_network_that_cannot_grow_is_refused_when_the_page_is_checked(
        self, read: Callable[[str], Study], tmp_path: Path
    ) -> None:
        """Not when its first cell is trained, though only one setting grows."""
        (tmp_path / "flat.yaml").write_text(
            "name: flat\ninput: [1, 32, 32]\nclasses: 10\nlayers: [flatten, {linear: {out: $classes}}]\n"
        )
        grid = "grid: {size: [8, {from: 8, to: 16, until: 0.5}]}\n"
        said = mistakes(read, f"name: mine\nbase: flat.yaml\ndata: {{name: digits}}\nseeds: 5\n{grid}")
        assert "its weights depend on the size of the images" in said

    def test_a_grid_is_every_combination_the_recipe_s_own_first(self, read: Callable[[str], Study]) -> None:
        """By the whole path of each field; what the recipe says itself is the base that others are compared with."""
        study = read(GOOD + "    grid: {lr: [0.001, 0.0003], epochs: [4, 8]}\n")
        assert [dict(each.values) for each in study.grid] == [
            {"optimizer.lr": 0.0003, "epochs": 8},
            {"optimizer.lr": 0.001, "epochs": 4},
            {"optimizer.lr": 0.001, "epochs": 8},
            {"optimizer.lr": 0.0003, "epochs": 4},
        ]
        assert study.grid[1].recipe.optimizer.lr == 0.001
        assert study.grid[1].recipe.epochs == 4

    @pytest.mark.parametrize(("written", "points"), [("0.3", 0.3), ("0.3 %", 0.3), ("1 point", 1.0), ("2 points", 2.0)])
    def test_a_difference_is_in_points(self, read: Callable[[str], Study], written: str, points: float) -> None:
        """However somebody writes them."""
        assert read(GOOD + f"    smallest_difference: {written}\n").smallest_difference == points

    def test_a_recipe_may_lie_beside_the_page(self, read: Callable[[str], Study], tmp_path: Path) -> None:
        """Its name ends in .yaml."""
        own = yaml.safe_load(
            (find_study("digits_placement").parents[1] / "builder/training/recipe/shipped/digits.yaml").read_text()
        )
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(own | {"name": "own", "epochs": 3}))
        assert read(GOOD + "    recipe: own.yaml\n").recipe.epochs == 3

    def test_initial_weights_are_drawn_by_name(self, read: Callable[[str], Study], tmp_path: Path) -> None:
        """Unless the page or its recipe says otherwise; it is known whether one did."""
        own = "name: own\nepochs: 3\nbatch_size: 8\noptimizer: {name: sgd, lr: 0.1}\ninit_streams: one\n"
        (tmp_path / "own.yaml").write_text(own)
        silent, said = read(GOOD), read(GOOD.replace("{size: 32}", "{size: 32, init_streams: one}"))
        assert (silent.recipe.init_streams, silent.says_streams) == ("by_name", False)
        assert (said.recipe.init_streams, said.says_streams) == ("one", True)
        by_recipe = read(GOOD + "    recipe: own.yaml\n")
        assert (by_recipe.recipe.init_streams, by_recipe.says_streams) == ("one", True)

    def test_seeds_are_simple_or_in_two_stages(self, read: Callable[[str], Study]) -> None:
        """A screen chooses, fresh ones judge."""
        study = read(GOOD.replace("seeds: 5", "seeds: {screen: 2, confirm: 10}"))
        assert (study.screen_seeds, study.confirm_seeds) == (2, 10)

    def test_a_control_is_the_base_with_as_many_parameters(self, read: Callable[[str], Study]) -> None:
        """The smallest width with which it has those of the largest variant, and the last network."""
        found = networks(read(WITH_CONTROL)).all
        *others, control = found
        assert dict(control.settings) == {"width": 9}
        assert control.cost.parameters >= max(each.cost.parameters for each in others)
        assert study_arms(read(WITH_CONTROL), networks(read(WITH_CONTROL))).compare == "pairs"

    def test_a_control_of_what_the_page_does_not_have_is_answered(self, read: Callable[[str], Study]) -> None:
        """At its own line, with the nearest name."""
        with pytest.raises(ArchError, match="`widht` is not a parameter of `alexnet32`") as raised:
            networks(read(WITH_CONTROL.replace("width", "widht")))
        mark = raised.value.diagnostics[0].mark
        assert mark is not None
        assert mark.source.name.endswith("study.yaml")
        assert "`width`" in str(raised.value.diagnostics[0].hint)

    def test_a_control_with_nothing_to_match_is_answered(self, read: Callable[[str], Study]) -> None:
        """Where no variant has more parameters than the base."""
        page = "name: s\nbase: alexnet_tiny\ndata: {name: digits}\nseeds: 3\ncontrol: width\n"
        with pytest.raises(ArchError, match="no variant has more parameters than the base"):
            networks(read(page))

    @pytest.mark.parametrize(
        ("field", "more"),
        [
            ("set", "set: {epochs: 20001}\n"),
            ("grid", "grid: {epochs: [8, 20001]}\n"),
            ("search", "search: {over: {epochs: {low: 1, high: 20001}}, trials: 3}\nfinalists: 2\n"),
            ("search", "search: {over: {epochs: [8, 20001]}, trials: 3}\nfinalists: 2\n"),
        ],
    )
    def test_a_cell_has_at_most_20_000_epochs(self, read: Callable[[str], Study], field: str, more: str) -> None:
        """Wherever they are said: the file of a result with more could not be read back."""
        seeds = "{screen: 1, confirm: 2}" if field == "search" else "2"
        page = f"name: s\nbase: alexnet_tiny\ndata: {{name: digits}}\nseeds: {seeds}\n{more}"
        with pytest.raises(ArchError, match="at most 20,000 epochs, not 20,001") as caught:
            read(page)
        (found,) = caught.value.diagnostics
        assert found.mark is not None
        assert found.mark.text == field
        read(page.replace("20001", "20000"))

    def test_a_screening_may_be_a_halving(self, read: Callable[[str], Study]) -> None:
        """One seed of all, then more of the better half."""
        study = read(GOOD.replace("seeds: 5", "seeds: {screen: 8, confirm: 10, halving: true}"))
        assert (study.screen_seeds, study.halving) == (8, True)
        with pytest.raises(ArchError, match="`halving` has no second round with one screening seed"):
            read(GOOD.replace("seeds: 5", "seeds: {screen: 1, confirm: 10, halving: true}"))

    def test_shipped_studies_are_valid_and_found_by_name(self) -> None:
        """The report's question has at most twelve networks."""
        counts = {name: len(networks(read_study(path)).all) for name, path in shipped_studies().items()}
        networks_of = {"digits_placement": 4, "digits_search": 2, "lab_hyperparameters": 1, "hyperparameters_cifar": 1}
        assert counts == networks_of | {"se_placement": 10, "se_placement_32": 5, "se_placement_cifar": 8}
        assert len(read_study(find_study("lab_hyperparameters")).grid) == 18

    def test_the_schema_takes_every_shipped_study(self) -> None:
        """And refuses a field that nobody knows."""
        schema = study_json_schema()
        for path in shipped_studies().values():
            jsonschema.validate(yaml.safe_load(path.read_text()), schema)
        with pytest.raises(jsonschema.ValidationError, match="sedes"):
            jsonschema.validate(yaml.safe_load(dedent(GOOD)) | {"sedes": 3}, schema)


class TestMistakes:
    """Each at its place, with what helps."""

    def test_all_are_reported_at_once(self, read: Callable[[str], Study]) -> None:
        """Of fields, recipe and grid alike."""
        said = mistakes(
            read,
            """
            name: mine
            base: alexnet_tiny
            sedes: 5
            data: {name: digits}
            set: {epoch: 3, lr: -1}
            grid: {momentun: [0.9], seed: [1, 2]}
            smallest_difference: small
            """,
        )
        for each in (
            "study.yaml:3:1", "`sedes` is not a field of a study", "did you mean `seeds`?",
            "study.yaml:5:7", "recipe digits has no setting `epoch`", "did you mean `epochs`?",
            "`smallest_difference` is a number of points, such as `0.3 %`, not `small`",
        ):  # fmt: skip
            assert each in said

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("name: digits", "name: digist"), ["study.yaml:5:14", "there is no data set `digist`", "`digits`?"]),
            (("alexnet_tiny", "alexnt_tiny"), ["study.yaml:2:7", "no shipped page `alexnt_tiny`", "`alexnet_tiny`?"]),
            (
                ("block*.pre_activation", "blok*.out"),
                ["study.yaml:4:47", "`blok*.out` matches nothing", "`block1.out`?"],
            ),
            (("size: 32", "lr: 0"), ["study.yaml:6:11", "`optimizer.lr` is greater than 0"]),
            (("seeds: 5", "seeds: 0"), ["study.yaml:7:8", "`seeds` is at least 1"]),
            (("seeds: 5", "seeds: 5\n    looks: [4, 3]"), ["study.yaml:8:8", "rising numbers of seeds, from 2 on and"]),
            (("seeds: 5", "seeds: 5\n    looks: [3, 5]"), ["`looks` are rising numbers of seeds", "below 5"]),
            (("seeds: 5", "seeds: {screen: 1, confirm: 5}\n    looks: [3]"), ["a study without a screening"]),
            (("seeds: 5", "seeds: 5\n    compare: all"), ["study.yaml:8:10", "`effects`, `base`, `pairs`"]),
            (("seeds: 5", "seeds: 5\n    recipe: labb"), ["study.yaml:8:9", "no recipe `labb`", "`lab`?"]),
            (("seeds: 5", "seeds: 5\n    grid: {lr: []}"), ["`grid.lr` is a list of values, and this one is empty"]),
            (("seeds: 5", "seeds: 5\n    grid: {lr: [0.1, x]}"), ["study.yaml:8:18", "`optimizer.lr` is a number"]),
            (
                ("seeds: 5", "seeds: 5\n    grid: {seed: [1]}"),
                ["`seed` is not set in a study", "`seeds` says how many"],
            ),
        ],
    )
    def test_each_has_its_place(self, read: Callable[[str], Study], change: tuple[str, str], said: list[str]) -> None:
        """With the nearest right name where there is one."""
        found = mistakes(read, GOOD.replace(*change))
        for each in said:
            assert each in found, found

    def test_a_variant_is_a_page_or_a_space(self, read: Callable[[str], Study]) -> None:
        """Anything else is refused at its place."""
        text = GOOD.replace("gate: {insert: {se: {reduction: 4}}, among: block*.pre_activation}", "- 7")
        assert "a variant is a page or a space, not the number `7`" in mistakes(read, text)

    def test_a_page_outside_the_folder_is_not_read(self, read: Callable[[str], Study], tmp_path: Path) -> None:
        """As everywhere."""
        outside = tmp_path.parent / "outside.yaml"
        outside.write_text("name: outside\n")
        assert "lies outside this page's folder" in mistakes(read, GOOD.replace("alexnet_tiny", "../outside.yaml"))

    def test_what_is_no_file_is_said(self, tmp_path: Path) -> None:
        """A pipe would never end."""
        os.mkfifo(tmp_path / "pipe.yaml")
        with pytest.raises(ArchError, match=r"pipe\.yaml is not a study: it is a pipe, and no file"):
            find_study(str(tmp_path / "pipe.yaml"))

    def test_there_is_no_such_study(self) -> None:
        """With the nearest shipped one."""
        with pytest.raises(ArchError, match="no shipped study `digit_placement`") as raised:
            find_study("digit_placement")
        assert "`digits_placement`" in str(raised.value.diagnostics[0].hint)

    @pytest.mark.parametrize("where", ["set", "grid", "search"])
    def test_more_settings_than_a_recipe_has_are_not_looked_for(self, read: Callable[[str], Study], where: str) -> None:
        """One mistake, not one for each."""
        listed = ", ".join(f"lr{number}: [1]" for number in range(101))
        own = {"search": f"{{trials: 4, over: {{{listed}}}}}"}.get(where, f"{{{listed}}}")
        said = mistakes(read, GOOD.replace("set: {size: 32}", f"{where}: {own}"))
        assert "101 settings are more than any recipe has fields" in said
        assert "lr0`" not in said


SEARCH = (
    GOOD.replace("seeds: 5", "seeds: {screen: 1, confirm: 5}")
    + """
    search:
      over:
        lr: {low: 0.0001, high: 0.01, log: true}
        epochs: {low: 2, high: 8, step: 2}
        batch_size: [32, 64]
        ema_decay: [null, 0.99]
      trials: 12
"""
)


class TestSearch:
    """Hyperparameters that are searched."""

    def test_values_to_choose_from_are_at_most_a_hundred(self, read: Callable[[str], Study]) -> None:
        """Each is tried in the recipe; more are a range."""
        values = ", ".join(f"{number}" for number in range(1, 102))
        said = mistakes(read, SEARCH.replace("[32, 64]", f"[{values}]"))
        assert "`search.over.batch_size` has 101 values, more than 100" in said
        assert "numbers have a range: `{low: …, high: …}`" in said

    def test_a_range_or_a_list_for_each_field(self, read: Callable[[str], Study]) -> None:
        """By its whole path; numbers are whole where the recipe's own is."""
        study = read(SEARCH)
        assert study.search == SearchSpace(
            {
                "optimizer.lr": NumberRange(0.0001, 0.01, log=True),
                "epochs": NumberRange(2, 8, step=2, integer=True),
                "batch_size": ValueList((32, 64)),
                "ema_decay": ValueList((None, 0.99)),
            },
            trials=12,
            sampler="tpe",
            pruner="none",
            min_epochs=1,
        )

    def test_the_first_try_is_the_recipe_s_own(self, read: Callable[[str], Study]) -> None:
        """So that a search is never without what it began with."""
        (first,) = read(SEARCH).grid
        assert first.values == {"optimizer.lr": 0.0003, "epochs": 8, "batch_size": 64, "ema_decay": None}
        assert first.recipe == read(SEARCH).recipe

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                ("high: 0.01", "high: 0.00001"),
                ["study.yaml:11:29", "`high` is more than `low`, 0.0001, and 1e-05 is not"],
            ),
            (("low: 0.0001", "low: 0"), ["study.yaml:11:10", "a logarithmic scale begins above 0, not at 0"]),
            (
                ("low: 0.0001", "low: 0.001"),
                ["11:9", "leaves out `0.0003`, the recipe's own value", "set: {lr: …}"],
            ),
            (("[null, 0.99]", "[0.9, 0.99]"), ["14:16", "`search.over.ema_decay` leaves out `null`"]),
            (("step: 2", "step: 4"), ["12:22", "steps of 4 from 2 on do not come to 8"]),
            (("step: 2", "step: 0.5"), ["12:14", "this field is an integer, so its bounds and"]),
            (("log: true", "log: true, step: 0.1"), ["11:46", "a logarithmic scale has no steps"]),
            (("[32, 64]", "64"), ["13:17", "is `{low: …, high: …}` or a list of several values, not the number `64`"]),
            (("[32, 64]", "[64 32]"), ["13:17", "has 1 value, so there is nothing to choose", "with commas between"]),
            (("{name: digits}", "digits"), ["5:7", "`data` is a mapping", "such as `data: {name: digits}`"]),
            (("[32, 64]", "[64, 0]"), ["13:22", "`batch_size` is at least 1"]),
            (("batch_size:", "batchsize:"), ["13:5", "has no setting `batchsize`", "did you mean `batch_size`?"]),
            (("batch_size:", "seed:"), ["13:5", "`seed` is not set in a study", "`seeds` says how many there are"]),
            (("batch_size: [32, 64]", "optimizer.lr: [0.0003, 1]"), ["13:5", "`optimizer.lr` is searched twice"]),
            (("trials: 12", "trials: 1"), ["15:11", "`search.trials` is at least 2"]),
            (("trials: 12", "trials: 12\n      sampler: tpi"), ["16:12", "it is one of: `tpe`, `gp`, `random`"]),
            (("trials: 12", "trials: 12\n    grid: {lr: [0.1]}"), ["9:1", "a `grid` or a `search`, not both"]),
            (
                ("trials: 12", "trials: 12\n      pruner: median\n    finalists: 1"),
                ["9:1", "with a pruner, every trial has one seed"],
            ),
            (
                ("{screen: 1, confirm: 5}", "5"),
                ["7:1", "separate seeds for its trials and for the final comparison", "seeds: {screen: 1, confirm: 5}"],
            ),
        ],
    )
    def test_each_mistake_has_its_place(
        self, read: Callable[[str], Study], change: tuple[str, str], said: list[str]
    ) -> None:
        """And its answer."""
        assert change[0] in SEARCH
        page = SEARCH.replace(*change)
        found = mistakes(read, page.replace("screen: 1", "screen: 2") if "pruner" in change[1] else page)
        for each in said:
            assert each in found

    def test_all_are_reported_at_once(self, read: Callable[[str], Study]) -> None:
        """Those of fields and those of the space."""
        page = SEARCH.replace("trials: 12", "trials: 0").replace("[32, 64]", "7").replace("low: 2", "low: 1.5")
        assert mistakes(read, page).count("error[") == 3

    def test_the_schema_knows_it(self) -> None:
        """An editor completes it."""
        schema = study_json_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(yaml.safe_load(dedent(SEARCH)), schema)
        for wrong in ("lr: {low: 1}", "lr: 5", "lr: [1]"):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(
                    yaml.safe_load(dedent(SEARCH).replace("lr: {low: 0.0001, high: 0.01, log: true}", wrong)), schema
                )


class TestNetworks:
    """Which networks a study compares."""

    def test_the_base_is_first_and_every_network_is_there_once(self, read: Callable[[str], Study]) -> None:
        """A page that says the same as a variant of a space is merged with it, and so is the base."""
        text = GOOD.replace(
            "gate: {insert", "- alexnet_tiny\n      - gate: {insert: {se: {reduction: 4}}, at: block1.pre_activation}\n"
            "      - again: {insert"
        )  # fmt: skip
        found = networks(read(text), 10)
        assert [each.name for each in found.all] == [
            "alexnet_tiny", "alexnet_tiny_se_block1_pre_activation", "alexnet_tiny_se_block2",
            "alexnet_tiny_se_block1_block2",
        ]  # fmt: skip
        assert found.merged == {"alexnet_tiny_se_block1_pre_activation": ("alexnet_tiny_se_block1",)}
        assert found.base.places == ()
        assert found.all[1].places == ("block1.pre_activation",)

    def test_they_have_the_classes_of_the_data_and_the_size_of_the_recipe(self, read: Callable[[str], Study]) -> None:
        """Their pages need no other, and say so."""
        page = yaml.safe_load(networks(read(GOOD.replace("size: 32", "size: 24")), 7).all[1].page)
        assert (page["classes"], page["input"]) == (7, [3, 24, 24])
        assert "extends" not in page

    def test_a_page_beside_the_study_is_found(self, read: Callable[[str], Study], tmp_path: Path) -> None:
        """With and without its ending."""
        (tmp_path / "own.yaml").write_text("name: own\nextends: alexnet32\nparams: {width: 4, hidden: 8}\n")
        for name in ("own", "own.yaml"):
            assert networks(read(GOOD.replace("alexnet_tiny", name))).base.name == "own"

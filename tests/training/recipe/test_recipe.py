"""Recipes: what they hold, what is answered where one is wrong, and what reading one costs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.diagnostics import ArchError, RunError
from builder.reader import read_text
from builder.shipped import shipped_recipes
from builder.training.recipe.optimizer import Adam, AdamW, Sgd
from builder.training.recipe.recipe import (
    Augment,
    Recipe,
    check_edges,
    load_recipe,
    recipe_from,
    recipe_json_schema,
)
from builder.training.recipe.schedule import Constant, Cosine, Linear, MultiStep, OneCycle, Step

if TYPE_CHECKING:
    from pathlib import Path

SMALLEST = "name: mine\nepochs: 3\nbatch_size: 8\noptimizer: {name: sgd, lr: 0.1}\n"


def mistakes(text: str) -> list[tuple[str, int, int]]:
    """Return message, line and column of every mistake of a recipe."""
    with pytest.raises(ArchError) as raised:
        recipe_from(read_text(text, "mine.yaml"))
    return [(each.message, each.mark.line, each.mark.column) for each in raised.value.diagnostics if each.mark]


def hints(text: str) -> list[str | None]:
    """Return the hint of every mistake of a recipe."""
    with pytest.raises(ArchError) as raised:
        recipe_from(read_text(text, "mine.yaml"))
    return [each.hint for each in raised.value.diagnostics]


class TestShipped:
    """The recipes that come with the program."""

    def test_there_are_six(self) -> None:
        """A speedrun's, the report's, the tutorial's, one for digits, one for small networks, one for the hurried."""
        assert list(shipped_recipes()) == ["airbench94", "cifar", "digits", "digits32", "fast", "lab", "tutorial"]

    @pytest.mark.parametrize("name", ["airbench94", "cifar", "digits", "digits32", "fast", "lab", "tutorial"])
    def test_each_is_called_as_its_file(self, name: str) -> None:
        """A name on the command line is the name in the file."""
        assert load_recipe(name).name == name

    def test_lab_is_the_report(self) -> None:
        """25 epochs of SGD at 0.001 with momentum 0.9, 10,000 images held out, batches of 4."""
        lab = load_recipe("lab")
        assert (lab.epochs, lab.batch_size, lab.validation) == (25, 4, 10_000)
        assert lab.optimizer == Sgd(name="sgd", lr=0.001, momentum=0.9)
        assert lab.schedule == Constant()
        assert (lab.normalize.mean, lab.normalize.std) == ((0.5,), (0.5,))

    def test_lab_resizes_to_256_and_cuts_224(self) -> None:
        """At the report's 224 pixels."""
        assert load_recipe("lab").at(224).resize == 256

    def test_lab_says_that_the_batch_size_is_a_reading(self) -> None:
        """The report does not give it, so the recipe may not pretend."""
        line = next(line for line in shipped_recipes()["lab"].read_text().splitlines() if "batch_size" in line)
        assert "a reading" in line

    def test_tutorial_differs_from_lab_by_its_schedule_alone(self) -> None:
        """The rate falls to a tenth every seven epochs."""
        tutorial = load_recipe("tutorial")
        assert tutorial.schedule == Step(name="step", every=7, factor=0.1)
        assert tutorial.model_copy(update={"name": "lab", "schedule": Constant()}) == load_recipe("lab")

    def test_digits_is_what_was_tried(self) -> None:
        """64 px, Adam 3e-4, batch 64, kaiming-normal weights, one epoch of warm-up, cosine, 8 epochs."""
        digits = load_recipe("digits")
        assert (digits.size, digits.epochs, digits.batch_size, digits.init) == (64, 8, 64, "kaiming_normal")
        assert digits.optimizer == Adam(name="adam", lr=3e-4)
        assert digits.schedule == Cosine(name="cosine", warmup=1)

    def test_fast_prepares_images_as_lab_does(self) -> None:
        """What it reaches can be set beside what the lab's recipe reaches: the same images, and as many held out."""
        lab, fast = load_recipe("lab"), load_recipe("fast")
        assert (fast.crop_pct, fast.normalize, fast.validation) == (lab.crop_pct, lab.normalize, lab.validation)

    @pytest.mark.parametrize("name", ["cifar", "fast"])
    def test_what_was_not_measured_is_said(self, name: str) -> None:
        """In the file itself."""
        assert "not yet measured" in shipped_recipes()[name].read_text().lower()


class TestLoading:
    """By name, or by path."""

    def test_a_file_is_read_from_its_path(self, tmp_path: Path) -> None:
        """Whatever ends in .yaml is a path."""
        (tmp_path / "mine.yaml").write_text(SMALLEST)
        assert load_recipe(tmp_path / "mine.yaml").name == "mine"

    @pytest.mark.parametrize("name", ["pipe", "pipe.yaml"])
    def test_what_is_no_file_is_said(self, tmp_path: Path, name: str) -> None:
        """A pipe would never end."""
        os.mkfifo(tmp_path / name)
        with pytest.raises(ArchError, match="it is a pipe, and no file"):
            load_recipe(tmp_path / name)

    def test_an_unknown_name_is_answered_with_the_nearest(self) -> None:
        """And says how a file is told from a name."""
        with pytest.raises(ArchError, match="there is no recipe `digit`") as raised:
            load_recipe("digit")
        assert "did you mean `digits`?" in str(raised.value.diagnostics[0].hint)

    def test_what_is_no_recipe_is_told_what_one_is(self, tmp_path: Path) -> None:
        """Not what a page is."""
        (tmp_path / "mine.yaml").write_text("just words\n")
        with pytest.raises(ArchError, match="a recipe is a mapping of names to values") as raised:
            load_recipe(tmp_path / "mine.yaml")
        assert "`epochs: …`" in str(raised.value.diagnostics[0].hint)

    def test_a_missing_file_is_named(self) -> None:
        """As the user wrote it."""
        with pytest.raises(ArchError, match=r"cannot read nowhere/mine\.yaml: No such file"):
            load_recipe("nowhere/mine.yaml")


class TestMistakes:
    """Each is answered at its own place, all of them in one run."""

    def test_an_unknown_key_is_answered_with_the_nearest(self) -> None:
        """The caret stands under the key."""
        text = SMALLEST + "epoch: 3\n"
        assert mistakes(text) == [("`epoch` is not a field of a recipe", 5, 1)]
        assert hints(text) == ["did you mean `epochs`?"]

    def test_a_field_of_another_optimizer_is_answered_with_those_of_this_one(self) -> None:
        """Adam has no momentum."""
        text = SMALLEST.replace("{name: sgd, lr: 0.1}", "{name: adam, lr: 0.1, momentum: 0.9}")
        assert mistakes(text) == [("`momentum` is not a field of optimizer `adam`", 4, 34)]
        assert hints(text) == [
            "it has: `name`, `lr`, `betas`, `weight_decay`, `decay_norm_and_bias`, `bias_lr_factor`, `groups`"
        ]

    def test_an_unknown_optimizer_is_answered_with_the_nearest(self) -> None:
        """Its fields are not judged by another's."""
        text = SMALLEST.replace("name: sgd", "name: adm")
        assert mistakes(text) == [("`optimizer.name` is one of sgd, adam, adamw, not `adm`", 4, 1)]
        assert hints(text) == ["did you mean `adam`?"]

    def test_an_optimizer_that_is_a_word_is_shown_as_a_mapping(self) -> None:
        """The likely first try."""
        text = SMALLEST.replace("{name: sgd, lr: 0.1}", "sgd")
        assert mistakes(text) == [("`optimizer` is a mapping such as {name: sgd}, not the text `sgd`", 4, 12)]

    def test_a_schedule_without_a_name_is_told_the_names(self) -> None:
        """At the key."""
        names = "constant, step, multistep, cosine, linear, one_cycle"
        assert mistakes(SMALLEST + "schedule: {}\n") == [(f"`schedule.name` is one of {names}", 5, 1)]

    def test_one_cycle_has_no_warm_up_besides_its_rise(self) -> None:
        """Two of them would be one too many."""
        text = SMALLEST + "schedule: {name: one_cycle, warmup: 1}\n"
        assert mistakes(text) == [("`warmup` is not a field of schedule `one_cycle`", 5, 29)]

    @pytest.mark.parametrize("at", ["[2, 1]", "[1, 1]", "[]", "[0]", "3"])
    def test_epochs_of_multistep_rise(self, at: str) -> None:
        """Each of them once, from 1."""
        ((message, line, _),) = mistakes(SMALLEST + f"schedule: {{name: multistep, at: {at}}}\n")
        assert "at" in message
        assert line == 5

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("clip_norm", value) for value in ("0", "-1", ".inf", "much")),
            *(("ema_decay", value) for value in ("0", "1", "1.5", ".nan")),
            *(("early_stop", value) for value in ("0", "-1", "1.5", "true")),
            ("augment", "{cutout: -1}"),
        ],
    )
    def test_a_number_out_of_its_range_is_refused(self, field: str, value: str) -> None:
        """At the value."""
        ((message, line, column),) = mistakes(SMALLEST + f"{field}: {value}\n")
        assert f"`{field}" in message
        assert (line, column) == (5, len(field) + 3 + (9 if field == "augment" else 0))

    @pytest.mark.parametrize("rate", [".nan", ".inf", "0", "-0.1", "1e30", "fast", "true"])
    def test_a_learning_rate_that_cannot_train_is_refused(self, rate: str) -> None:
        """All of these reach the weights silently in torch."""
        ((message, line, column),) = mistakes(SMALLEST.replace("lr: 0.1", f"lr: {rate}"))
        assert "`optimizer.lr` is " in message
        assert (line, column) == (4, 28)

    @pytest.mark.parametrize("seed", ["-1", "1.5", "true", "'7'", "9223372036854775808"])
    def test_a_seed_is_a_whole_number_from_0(self, seed: str) -> None:
        """Torch takes some of these and makes another seed of them."""
        ((message, line, column),) = mistakes(SMALLEST + f"seed: {seed}\n")
        assert "`seed` is " in message
        assert (line, column) == (5, 7)

    @pytest.mark.parametrize("amount", ["0", "-3", "1.0", "1.5", "0.0", "true", "some"])
    def test_validation_is_a_count_or_a_fraction(self, amount: str) -> None:
        """1 is one image; 1.0 would be all of them."""
        ((message, line, column),) = mistakes(SMALLEST + f"validation: {amount}\n")
        assert "`validation` is " in message
        assert (line, column) == (5, 13)

    def test_nesterov_needs_momentum(self) -> None:
        """Torch says so too, but with a traceback."""
        ((message, line, _),) = mistakes(SMALLEST.replace("lr: 0.1", "lr: 0.1, nesterov: true"))
        assert "`nesterov` needs a `momentum` greater than 0" in message
        assert line == 4

    def test_warm_up_ends_before_training_does(self) -> None:
        """At the number that is too large."""
        text = SMALLEST + "schedule: {name: cosine, warmup: 4}\n"
        assert mistakes(text) == [("`warmup` takes 4 epochs, and there are only 3", 5, 34)]

    def test_means_and_deviations_are_as_many(self) -> None:
        """One for all channels or one for each, but the same of both."""
        ((message, line, _),) = mistakes(SMALLEST + "normalize: {mean: [0.5, 0.5], std: [0.5]}\n")
        assert "`mean` has 2 numbers and `std` has 1" in message
        assert line == 5

    def test_all_mistakes_come_at_once_and_in_order(self) -> None:
        """Nobody should have to run a check five times."""
        text = "name: mine\nepochs: 0\nbatch_size: 0\noptimizer: {name: sgd, lr: 0}\nsize: big\n"
        assert [line for _, line, _ in mistakes(text)] == [2, 3, 4, 5]

    def test_what_is_required_is_named(self) -> None:
        """Four fields have no default."""
        ((message, _, _),) = mistakes("size: 32\n")
        assert all(f"`{field}`" in message for field in ("name", "epochs", "batch_size", "optimizer"))


class TestRecipe:
    """What a recipe answers."""

    def test_the_input_of_a_page_is_its_size_unless_it_has_one(self) -> None:
        """Recipes for small images keep theirs."""
        assert load_recipe("lab").at(96).size == 96
        assert load_recipe("digits").at(224).size == 64

    @settings(max_examples=40, deadline=None)
    @given(
        st.builds(
            Recipe,
            name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True),
            epochs=st.integers(1, 1000),
            batch_size=st.integers(1, 65_536),
            optimizer=st.one_of(
                st.builds(Sgd, name=st.just("sgd"), lr=st.floats(1e-9, 10), momentum=st.floats(0, 0.99)),
                st.builds(Adam, name=st.just("adam"), lr=st.floats(1e-9, 10)),
                st.builds(AdamW, name=st.just("adamw"), lr=st.floats(1e-9, 10), weight_decay=st.floats(0, 1)),
            ),
            schedule=st.one_of(
                st.builds(Constant, warmup=st.floats(0, 1)),
                st.builds(Step, name=st.just("step"), every=st.integers(1, 9), factor=st.floats(0.01, 0.99)),
                st.builds(MultiStep, name=st.just("multistep"), at=st.just((2, 5))),
                st.builds(Cosine, name=st.just("cosine"), warmup=st.floats(0, 1), final_factor=st.floats(0, 1)),
                st.builds(Linear, name=st.just("linear"), warmup=st.floats(0, 1), final_factor=st.floats(0, 1)),
                st.builds(OneCycle, name=st.just("one_cycle"), peak=st.floats(0.01, 0.99)),
            ),
            clip_norm=st.none() | st.floats(1e-3, 1e3),
            ema_decay=st.none() | st.floats(0.001, 0.999999),
            early_stop=st.none() | st.integers(1, 1000),
            size=st.none() | st.integers(1, 4096),
            augment=st.builds(
                Augment,
                flip=st.booleans() | st.just("alternating"),
                crop_padding=st.integers(0, 64),
                padding_mode=st.sampled_from(["constant", "reflect"]),
                cutout=st.integers(0, 64),
            ),
            validation=st.integers(1, 50_000) | st.floats(0.01, 0.99),
            seed=st.integers(0, 2**63 - 1),
        )
    )
    def test_what_is_written_is_what_is_read(self, recipe: Recipe) -> None:
        """A run's recipe.yaml is the recipe, whatever it holds."""
        assert recipe_from(read_text(recipe.to_yaml())) == recipe

    def test_an_edge_that_mirrors_as_much_as_the_image_has_is_refused(self) -> None:
        """There is not so much beside it; a black edge may be as wide as it likes."""
        recipe = load_recipe("lab").at(8)
        check_edges(recipe.model_copy(update={"augment": Augment(crop_padding=7, padding_mode="reflect")}))
        check_edges(recipe.model_copy(update={"augment": Augment(crop_padding=8)}))
        wide = recipe.model_copy(update={"augment": Augment(crop_padding=8, padding_mode="reflect")})
        with pytest.raises(RunError, match="`crop_padding` is 8, and images of 8 px have only 7 beside") as raised:
            check_edges(wide)
        assert raised.value.hint == "choose a smaller one, or `--set padding_mode=constant`"

    def test_a_shift_that_leaves_nothing_to_mirror_is_refused(self) -> None:
        """Of validation and test too."""
        recipe = load_recipe("lab").at(8)
        check_edges(recipe.model_copy(update={"test_time_shift": 7}))
        with pytest.raises(RunError, match="`test_time_shift` is 8, and images of 8 px have only 7 beside an edge"):
            check_edges(recipe.model_copy(update={"test_time_shift": 8}))

    @pytest.mark.parametrize(
        ("flip", "shift", "said"),
        [
            (False, 0, ""),
            (True, 0, "test-time flips"),
            (False, 2, "test-time shifts of 2 px"),
            (True, 1, "test-time flips and shifts of 1 px"),
        ],
    )
    def test_what_answers_are_means_over_is_said(self, flip: bool, shift: int, said: str) -> None:
        """An accuracy is comparable only with others that have the same."""
        recipe = load_recipe("lab").model_copy(update={"test_time_flip": flip, "test_time_shift": shift})
        assert recipe.test_time == said

    def test_the_schema_takes_what_ships_and_refuses_what_does_not_fit(self) -> None:
        """Editors mark what the program would refuse."""
        schema = recipe_json_schema()
        for name in shipped_recipes():
            jsonschema.validate(yaml.safe_load(shipped_recipes()[name].read_text()), schema)
        with pytest.raises(jsonschema.ValidationError, match="momentum"):
            jsonschema.validate(yaml.safe_load(SMALLEST.replace("lr: 0.1", "lr: 0.1, momentum: 2")), schema)

    def test_every_field_is_described(self) -> None:
        """Editors show it, and the reference prints it."""
        schema = recipe_json_schema()
        parts = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
        silent = [
            name
            for part in parts
            for name, field in part["properties"].items()
            if not field.get("description") and (part is schema or name != "name")
        ]
        assert silent == []

    def test_reading_recipes_imports_no_torch(self) -> None:
        """`check` of a recipe answers in a blink."""
        program = (
            "import sys; from builder.training.recipe.recipe import load_recipe, recipe_json_schema;"
            "from builder.training.recipe.overrides import override;"
            "override(load_recipe('lab'), [('lr', '0.01')]); recipe_json_schema();"
            "sys.exit(any(name in sys.modules for name in ('torch', 'torchvision', 'matplotlib', 'sklearn')))"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

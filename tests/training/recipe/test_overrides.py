"""``--set path=value`` on the command line."""

from __future__ import annotations

import pytest

from builder.diagnostics import ArchError, Diagnostic
from builder.training.recipe.optimizer import Adam, Sgd
from builder.training.recipe.overrides import override
from builder.training.recipe.recipe import Recipe, load_recipe
from builder.training.recipe.schedule import Cosine, MultiStep


@pytest.fixture
def lab() -> Recipe:
    """Return the report's recipe."""
    return load_recipe("lab")


def mistakes(recipe: Recipe, settings: dict[str, str]) -> tuple[Diagnostic, ...]:
    """Return what is said of ``settings``."""
    with pytest.raises(ArchError) as raised:
        override(recipe, settings.items())
    return raised.value.diagnostics


class TestOverride:
    """What settings do."""

    def test_nothing_set_changes_nothing(self, lab: Recipe) -> None:
        """The recipe goes through its text and back."""
        assert override(lab, {}.items()) == lab

    def test_the_last_word_is_enough_where_it_is_unique(self, lab: Recipe) -> None:
        """`lr` is `optimizer.lr`."""
        changed = override(lab, {"lr": "0.01", "optimizer.momentum": "0.8"}.items())
        assert changed == lab.model_copy(update={"optimizer": Sgd(name="sgd", lr=0.01, momentum=0.8)})

    def test_a_whole_path_comes_before_an_ending(self, lab: Recipe) -> None:
        """`name` is the recipe's, though optimizer and schedule have one."""
        assert override(lab, {"name": "mine"}.items()).name == "mine"

    def test_values_are_yaml(self, lab: Recipe) -> None:
        """Lists and exponents too."""
        changed = override(lab, {"mean": "[0.1, 0.2, 0.3]", "std": "[1, 1, 1]", "lr": "1e-2", "flip": "true"}.items())
        assert changed.normalize.mean == (0.1, 0.2, 0.3)
        assert changed.optimizer.lr == 0.01
        assert changed.augment.flip

    def test_another_optimizer_keeps_what_both_have(self, lab: Recipe) -> None:
        """The learning rate stays, momentum goes."""
        assert override(lab, {"optimizer.name": "adam"}.items()).optimizer == Adam(name="adam", lr=0.001)

    def test_another_optimizer_and_its_fields_come_in_any_order(self, lab: Recipe) -> None:
        """`--set betas=…` may stand before `--set optimizer.name=adam`."""
        changed = override(lab, {"lr": "0.5", "optimizer.name": "adam"}.items())
        assert changed.optimizer == Adam(name="adam", lr=0.5)

    def test_a_whole_mapping_can_be_set(self, lab: Recipe) -> None:
        """Then nothing of the old one stays."""
        changed = override(lab, {"schedule": "{name: cosine, warmup: 2}"}.items())
        assert changed.schedule == Cosine(name="cosine", warmup=2)


class TestTwice:
    """A field that gets two values: which of them is meant, nobody knows."""

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ([("lr", "0.1"), ("lr", "0.2")], "`optimizer.lr` is set to 0.1 and to 0.2"),
            ([("optimizer.lr", "0.1"), ("lr", "0.2")], "`optimizer.lr` is set to 0.1 and to 0.2"),
            ([("lr", "0.2"), ("optimizer", "{name: sgd, lr: 0.1}")], "`optimizer.lr` is set to 0.1 and to 0.2"),
            ([("optimizer.name", "adam"), ("optimizer", "{name: sgd, lr: 0.1}")], "is set to sgd and to adam"),
            ([("mean", "[0.1]"), ("normalize.mean", "[0.2]")], "`normalize.mean` is set to (0.1,) and to (0.2,)"),
            ([("size", "32"), ("size", "{from: 32, to: 64, until: 1}")], "`size` is set to a mapping and to 32"),
            ([("seed", "1"), ("seed", "2")], "`seed` is set to 1 and to 2"),
        ],
    )
    def test_both_places_are_named(self, lab: Recipe, settings: list[tuple[str, str]], said: str) -> None:
        """In whichever way the field is spelled."""
        with pytest.raises(ArchError) as raised:
            override(lab, settings)
        (found,) = raised.value.diagnostics
        assert (found.code, found.hint) == ("duplicate-key", "set it once")
        assert said in found.message
        assert [note.message for note in found.notes] == ["it is set here"]

    def test_the_same_value_is_no_contradiction(self, lab: Recipe) -> None:
        """Nor is a field of what is replaced whole, whatever comes first."""
        assert override(lab, [("lr", "0.1"), ("optimizer.lr", "0.1")]).optimizer.lr == 0.1
        changed = override(lab, [("warmup", "2"), ("schedule", "{name: cosine}")])
        assert (changed.schedule.name, changed.schedule.warmup) == ("cosine", 2)


class TestMistakes:
    """What is said of settings that mean nothing."""

    def test_an_unknown_path_is_answered_with_the_nearest(self, lab: Recipe) -> None:
        """With the caret under the path."""
        (said,) = mistakes(lab, {"optimizer.momentun": "0.9"})
        assert said.message == "recipe lab has no setting `optimizer.momentun`"
        assert said.hint == "did you mean `momentum`?"
        assert said.mark is not None
        assert (said.mark.source.line(1), said.mark.column, said.mark.width) == ("optimizer.momentun", 1, 18)

    def test_a_field_of_another_optimizer_is_unknown(self, lab: Recipe) -> None:
        """Betas are Adam's, and lab's is SGD: the answer says what to choose first."""
        (said,) = mistakes(lab, {"betas": "[0.9, 0.99]"})
        assert said.message == "recipe lab has no setting `betas`"
        assert said.hint == "`--set optimizer.name=adam` or `--set optimizer.name=adamw` has it"
        (said,) = mistakes(lab, {"schedule.at": "[3]"})
        assert said.hint == "`--set schedule.name=multistep` has it"

    def test_a_choice_without_what_it_needs_says_so(self, lab: Recipe) -> None:
        """Its name alone is not enough for some."""
        (said,) = mistakes(lab, {"schedule.name": "multistep"})
        assert "`schedule.at` is required" in said.message

    def test_a_needed_field_comes_with_its_choice(self, lab: Recipe) -> None:
        """Though neither the recipe nor its schedule had it."""
        changed = override(lab, {"at": "[3, 5]", "schedule.name": "multistep"}.items())
        assert changed.schedule == MultiStep(name="multistep", at=(3, 5))

    def test_a_value_out_of_range_is_shown_in_its_setting(self, lab: Recipe) -> None:
        """Not in the recipe, where it is not."""
        (said,) = mistakes(lab, {"lr": "-1"})
        assert "`optimizer.lr` is greater than 0" in said.message
        assert str(said.mark) == "--set lr=-1:1:5"

    def test_a_value_that_is_no_yaml_is_shown(self, lab: Recipe) -> None:
        """As any page's."""
        (said,) = mistakes(lab, {"mean": "[0.5"})
        assert str(said.mark).startswith("--set mean=[0.5:1:")

    def test_an_unknown_optimizer_is_answered_with_the_nearest(self, lab: Recipe) -> None:
        """And keeps the others quiet."""
        (said,) = mistakes(lab, {"optimizer.name": "sdg"})
        assert "is one of sgd, adam, adamw, not `sdg`" in said.message

    def test_all_unknown_paths_are_said_at_once(self, lab: Recipe) -> None:
        """Each in its own setting."""
        assert len(mistakes(lab, {"speed": "1", "color": "2"})) == 2

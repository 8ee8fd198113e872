"""What a search chooses from."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.diagnostics import ArchError
from builder.study.page.space import NumberRange, SearchSpace, ValueList, search_from_json, with_settings
from builder.training.recipe.recipe import load_recipe


class TestRange:
    """Numbers between two bounds."""

    def test_its_ends_belong_to_it(self) -> None:
        """And nothing beyond, nor what is no number."""
        found = NumberRange(0.001, 0.1, log=True)
        assert 0.001 in found
        assert 0.1 in found
        assert not any(each in found for each in (0.0009, 0.11, "0.01", True, None))

    def test_between_two_steps_there_is_nothing(self) -> None:
        """Steps are counted from the lower end, as far as binary fractions let them."""
        found = NumberRange(0.1, 0.7, step=0.2)
        assert all(each in found for each in (0.1, 0.3, 0.1 + 0.2 * 2, 0.7))
        assert 0.2 not in found

    def test_where_numbers_are_whole_halves_are_left_out(self) -> None:
        """As for the size of a batch."""
        found = NumberRange(8, 64, integer=True)
        assert 9 in found
        assert 9.5 not in found

    @given(st.floats(1e-6, 1e-2), st.floats(1.01, 1e4), st.floats(0, 1))
    def test_what_is_drawn_stays_inside_when_it_is_rounded(self, low: float, factor: float, share: float) -> None:
        """To four digits, with which a page can say it."""
        found = NumberRange(low, low * factor, log=True)
        rounded = found.rounded(min(low * factor**share, low * factor))
        assert rounded in found
        assert rounded in (found.low, found.high) or len(f"{rounded:.15g}".strip("0").replace(".", "")) < 12

    def test_steps_and_whole_numbers_are_what_they_look_like(self) -> None:
        """0.1 + 0.2 is written 0.3."""
        assert NumberRange(0, 1, step=0.1).rounded(0.1 + 0.2) == 0.3
        rounded = NumberRange(1, 9, integer=True).rounded(3.0)
        assert (rounded, type(rounded)) == (3, int)


class TestSearch:
    """A search as a plan keeps it."""

    def test_it_comes_back_as_it_was_written(self) -> None:
        """Values of any kind among its choices."""
        space = {"optimizer.lr": NumberRange(0.001, 0.1, log=True), "schedule": ValueList(({"name": "cosine"}, None))}
        search = SearchSpace(space, 10, "tpe", "median", 2)
        assert search_from_json(json.loads(json.dumps(asdict(search)))) == search

    def test_settings_make_a_recipe_of_it(self) -> None:
        """Those that it may not have together are refused."""
        recipe = load_recipe("digits")
        assert with_settings(recipe, {"optimizer.lr": 1e-05, "ema_decay": None}).optimizer.lr == 1e-05
        with pytest.raises(ArchError, match="epochs"):
            with_settings(recipe, {"epochs": 0})

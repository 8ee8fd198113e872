"""Answers that once misled: each says what is wrong, where, and something to do that is not wrong too."""

from __future__ import annotations

import pytest
import yaml

from builder.diagnostics import ArchError, Diagnostic
from builder.lowering import lower, page_from_text

HEAD = "name: n\ninput: [3, 8, 8]\nclasses: 2\n"
TAIL = "- adaptiveavgpool\n- flatten\n- linear: {out: 2}\n"


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a page."""
    with pytest.raises(ArchError) as caught:
        lower(page_from_text(text, "page.yaml"))
    return caught.value.diagnostics


class TestAnswers:
    """One page each."""

    def test_a_list_with_a_wrong_element_is_not_too_short(self) -> None:
        """Pydantic counts the right elements only."""
        (found,) = mistakes(HEAD + "layers:\n- mean: {dims: [99999999999]}\n- linear: {out: 2}\n")
        assert "`dims.0` is less than" in found.message

    @pytest.mark.parametrize("at", ["mixed.*", "mixed.*.pre_activation"])
    def test_the_wrong_selector_is_not_offered_itself(self, at: str) -> None:
        """Nor are `none` the names that there are."""
        layers = "layers:\n  mixed: {branches: [[conv: {out: 3, kernel: 1}], [conv: {out: 3, kernel: 1}]]}\n"
        layers += "  p: adaptiveavgpool\n  f: flatten\n  l: {linear: {out: 2}}\n"
        (found,) = mistakes(HEAD + layers + f'insert: [{{relu: {{}}, at: "{at}"}}]\n')
        assert (found.message, found.hint) == (f"`{at}` matches nothing", "`archcli show` lists every path")

    def test_two_copies_of_one_line_are_told_apart(self) -> None:
        """By their paths."""
        templates = "templates:\n  A: {params: {s: 1}, layers: [conv: {out: 3, kernel: 1, stride: $s}]}\n"
        (found,) = mistakes(HEAD + templates + "layers:\n- branches: [[A: {s: 2}], [A]]\n" + TAIL)
        one, other = (note.message for note in found.notes)
        assert one.startswith("3×4×4 comes from `")
        assert other.startswith("3×8×8 comes from `")
        assert one.split("`")[1] != other.split("`")[1]

    def test_an_expression_with_a_comma_needs_quotes(self) -> None:
        """Inside braces a comma ends a value."""
        (found,) = mistakes(HEAD + "layers:\n- se: {reduction: max(2, $in // 8)}\n" + TAIL)
        assert found.hint == 'put an expression with a comma in quotes: `"max(2, $in // 8)"`'

    def test_channels_come_first(self) -> None:
        """Other libraries put them last."""
        text = HEAD.replace("[3, 8, 8]", "[32, 32, 3]") + "layers:\n- conv: {out: 3, kernel: 5, stride: 5}\n" + TAIL
        (found,) = mistakes(text)
        assert (found.code, found.hint) == ("misfit", "channels come first: `input: [3, 32, 32]`")

    def test_channels_come_first_where_every_layer_fits_too(self) -> None:
        """Pooling takes whatever comes; one that ends with 1 may be a signal of many channels."""
        tail = "layers:\n- conv: {out: 3, kernel: 3, padding: 1}\n" + TAIL
        (found,) = mistakes(HEAD.replace("[3, 8, 8]", "[32, 32, 3]") + tail)
        assert (found.code, found.hint) == ("bad-value", "channels come first: `input: [3, 32, 32]`")
        assert (found.message, found.mark.line) == ("`input` says 32 channels of 32×3 pixels", 2)
        for size in ("[64, 64, 1]", "[32, 16, 3]", "[3, 3, 3]", "[3, 32, 3]"):
            page = HEAD.replace("[3, 8, 8]", size) + tail
            assert lower(page_from_text(page, "page")).input.sizes == tuple(yaml.safe_load(size))

    def test_digits_of_other_scripts_are_none(self) -> None:
        """Python takes them for numbers."""
        (found,) = mistakes(HEAD + "layers:\n- conv: {out: $in + \u0663, kernel: 1}\n" + TAIL)
        assert found.message == "`\u0663` has no meaning in an expression"

    def test_the_value_of_a_parameter_is_shown(self) -> None:
        """The mistake is there, not where it is used."""
        (found,) = mistakes(HEAD + "params: {wide: maybe}\nlayers:\n- {relu: {}, when: $wide}\n" + TAIL)
        assert [(note.mark.line, note.mark.text) for note in found.notes] == [(4, "maybe")]

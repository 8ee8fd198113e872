"""Pages that nobody wrote: right ones lower, wrong ones are answered at their line, and noise ends well."""

from __future__ import annotations

import random
import re
import tempfile
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.costs import graph_cost
from builder.diagnostics import ArchError, render
from builder.lowering import load
from builder.shipped import shipped_folder
from tests.mutations import Mutated, changed, mutated_pages, written_lines
from tests.networks import Page, Wrong, pages, wrong_pages, yaml_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Graph

QUIET = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


def graph_of(text: str) -> Graph:
    """Return the graph of a page's text."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "net.yaml")
        page.write_bytes(text.encode("utf-8", "surrogatepass"))
        return load(page)


class TestRightPages:
    """What holds of every graph."""

    @QUIET
    @given(pages())
    def test_nodes_read_what_came_before_them(self, page: Page) -> None:
        """They are numbered in execution order, and each shape is what its operation makes of its inputs."""
        graph = graph_of(yaml_text(page))
        for index, node in enumerate(graph.nodes):
            assert node.index == index
            assert all(-1 <= each < index for each in node.inputs)
            assert node.operation.output(*graph.input_shapes(node)) == node.shape
        assert graph.shape(graph.output).sizes == (graph.classes,)

    @QUIET
    @given(pages())
    def test_no_two_modules_share_a_name(self, page: Page) -> None:
        """Paths are different; keys are different; no key lies inside another layer's."""
        graph = graph_of(yaml_text(page))
        paths = [node.path for node in graph.nodes]
        keys = [node.key for node in graph.nodes if node.key]
        assert len(set(paths)) == len(paths)
        assert len(set(keys)) == len(keys)
        assert not [key for key in keys for other in keys if other.startswith(f"{key}.")]

    @QUIET
    @given(pages())
    def test_every_node_belongs_to_one_block(self, page: Page) -> None:
        """The tree of blocks holds the list of nodes, each once and in order of execution within its lane."""
        graph = graph_of(yaml_text(page))
        assert sorted(graph.root.nodes()) == list(range(len(graph.nodes)))

    @QUIET
    @given(pages())
    def test_costs_are_sums(self, page: Page) -> None:
        """Of what each node learns."""
        graph = graph_of(yaml_text(page))
        learned = sum(
            prod(each.shape) for node in graph.nodes for each in node.operation.parameters(*graph.input_shapes(node))
        )
        assert graph_cost(graph).parameters == learned

    @QUIET
    @given(pages())
    def test_an_insert_never_renumbers(self, page: Page) -> None:
        """Without its inserts the page has the same keys with the same operations; only the gates are gone."""
        graph = graph_of(yaml_text(page))
        plain = graph_of(yaml_text({name: value for name, value in page.items() if name != "insert"}))
        operations = {node.key: node.operation for node in graph.nodes if node.key}
        bare = {node.key: node.operation for node in plain.nodes if node.key}
        assert bare.items() <= operations.items()
        assert len(operations) - len(bare) == len(page.get("insert", []))


class TestWrongPages:
    """One mistake, and where it is answered."""

    @QUIET
    @given(wrong_pages())
    def test_a_mistake_is_answered_once_and_at_its_line(self, wrong: Wrong) -> None:
        """Whatever stands around it."""
        with pytest.raises(ArchError) as caught:
            graph_of(wrong.text)
        found = caught.value.diagnostics
        drawn = "\n".join(map(render, found))
        assert [each.mark.line for each in found if each.mark] == [wrong.line], f"{wrong.what}\n{wrong.text}\n{drawn}"


class TestSlips:
    """One word of a right page, any word, changed as a hand slips."""

    @QUIET
    @given(mutated_pages())
    def test_it_is_answered_where_it_stands(self, mutated: Mutated) -> None:
        """Or where a name is spoken of that it changed; every answer speaks of it. What is still right is a network."""
        try:
            graph_of(mutated.text)
        except ArchError as error:
            drawn = "\n".join(map(render, error.diagnostics))
            assert mutated.is_answered(error.diagnostics), f"{mutated.before}\n{mutated.after}\n{drawn}"  # noqa: PT017 - a page may be right

    @QUIET
    @given(pages())
    def test_a_layer_that_is_gone_is_answered_below(self, page: Page) -> None:
        """`flatten: []` is an empty block, which is right; what is wrong then is the input of the next layer."""
        mutated = changed(page, written_lines(page).index("  flatten: flatten"), "  flatten: []")
        with pytest.raises(ArchError) as caught:
            graph_of(mutated.text)
        assert [each.mark and each.mark.line > mutated.line for each in caught.value.diagnostics] == [True]
        assert mutated.is_answered(caught.value.diagnostics)


SHIPPED = sorted(shipped_folder().glob("*.yaml"))
WORDS = (
    "$in", "$i", "$classes", "{", "}", "[", "]", ":", ",", "-", "null", "true", "0", "-1", "1e3", "99999999999", "auto",
    "relu", "layers", "repeat", "when", "branches", "key", "shortcut", "insert", "out", "'", '"', "#", "&a", "*a", "!t",
    "\t", "\n", "  ", "<<", "%", "\0", "\x85", "\u2028", "é", "\ud800", "$", "...", "---", "?", "|", ">", "**", "*",
)  # fmt: skip


def mutated(text: str, numbers: random.Random, more: Sequence[str] = ()) -> str:
    """Return ``text`` with a few pieces cut, doubled, or replaced; most often a whole word by another of the text.

    Others come from ``WORDS``, and where there are ``more`` words one time in three from these.
    """
    for _ in range(numbers.randint(1, 4)):
        words = [match.span() for match in re.finditer(r"[\w$.]+", text)]
        if words and numbers.random() < 0.7:
            start, end = numbers.choice(words)
            known = [text[slice(*numbers.choice(words))], numbers.choice(WORDS)]
            piece = numbers.choice([*known, numbers.choice(more)] if more else known)
        else:
            start = numbers.randrange(len(text) + 1)
            end = min(len(text), start + numbers.choice([0, 1, 1, 2, 5, 12, 40]))
            piece = numbers.choice([text[start:end] * 2, "", numbers.choice(WORDS), f" {numbers.choice(WORDS)} "])
        text = text[:start] + piece + text[end:]
    return text


def survives(text: str) -> None:
    """Load a text beside the shipped pages; raise whatever is neither a graph nor an answer."""
    try:
        graph_of(text)
    except ArchError as error:
        assert error.diagnostics  # noqa: PT017 - either outcome is right, and this one must say something
        for each in error.diagnostics:
            render(each).encode("utf-8")


class TestNoise:
    """Whatever stands in a file, the outcome is a graph or an answer."""

    @pytest.mark.parametrize("page", SHIPPED, ids=lambda path: path.stem)
    def test_shipped_pages_with_pieces_changed(self, page: Path) -> None:
        """Twenty of each; `python -m benchmarks.noise` tries as many as one likes."""
        numbers = random.Random(page.stem)
        for _ in range(20):
            survives(mutated(page.read_text("utf-8"), numbers))

    @QUIET
    @given(st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """Hypothesis looks for the short ones."""
        survives(text)

    @QUIET
    @given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
    def test_the_words_of_the_language_in_any_order(self, text: str) -> None:
        """They stand where layers would."""
        survives("name: net\ninput: [3, 8, 8]\nclasses: 2\nlayers:\n  a: " + text)

    @QUIET
    @given(pages(), st.integers(0, 2**32))
    def test_right_pages_with_pieces_changed(self, page: Page, seed: int) -> None:
        """Near the right ones are the ones that people write."""
        survives(mutated(yaml_text(page), random.Random(seed)))

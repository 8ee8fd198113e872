"""What may overwrite its input: torchvision's places, and only where nobody misses the old value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.inplace import acts_in_place
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.graph import Graph

    Make = Callable[[str], Graph]
    Paths = Callable[[str], set[str]]

HEAD = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


@pytest.fixture
def graph_of(tmp_path: Path) -> Make:
    """Return a function from ``layers:`` and what follows to the graph of a page with 3×32×32 images and 4 classes."""

    def make(text: str) -> Graph:
        page = tmp_path / "net.yaml"
        page.write_text(f"name: net\ninput: [3, 32, 32]\nclasses: 4\n{text}", "utf-8")
        return load(page)

    return make


@pytest.fixture
def paths(graph_of: Make) -> Paths:
    """Return a function from the first layers of a network to the paths of what acts in place."""

    def make(layers: str) -> set[str]:
        graph = graph_of(f"layers:\n{layers}{HEAD}")
        return {graph.nodes[index].path for index in acts_in_place(graph)}

    return make


class TestTorchvision:
    """Networks that torchvision has too."""

    @pytest.mark.parametrize("name", ["alexnet", "vgg11_bn", "resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0"])
    def test_every_activation_acts_in_place(self, name: str) -> None:
        """As ``inplace=True`` stands there, wherever PyTorch offers it."""
        graph = load(name)
        offered = {node.index for node in graph.nodes if node.operation.can_act_in_place}
        assert acts_in_place(graph) == offered


class TestReaders:
    """A value that anybody else reads stays."""

    def test_an_activation_overwrites_what_only_it_reads(self, paths: Paths) -> None:
        """The usual case."""
        assert paths("  conv: {conv: {out: 8, kernel: 1}}\n  relu: relu\n") == {"relu"}

    def test_a_gate_that_squeezes_pre_activation_prevents_it(self, graph_of: Make) -> None:
        """The activation of the squeezed block keeps its input; the activation behind the gate does not need to."""
        graph = graph_of(
            "layers:\n"
            "  one: {layers: [{conv: {out: 8, kernel: 1}}], activation: relu}\n"
            "  two: {layers: [{conv: {out: 8, kernel: 1}}], activation: relu}\n"
            f"{HEAD}"
            "insert: [{se: {hidden: 2, squeeze: one.pre_activation}, at: two.pre_activation}]\n"
        )
        assert {graph.nodes[index].path for index in acts_in_place(graph)} == {"two.activation"}

    def test_a_fork_prevents_it(self, paths: Paths) -> None:
        """Both branches read the value that enters."""
        branches = "  both: {branches: [{a: relu}, {b: relu6}]}\n"
        assert paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n{branches}") == set()

    def test_the_image_is_never_touched(self, paths: Paths) -> None:
        """Whoever calls the network keeps the input."""
        assert paths("  relu: relu\n") == set()
        assert paths("  crop: {crop: {top: 1}}\n  relu: relu\n") == set()

    def test_the_result_is_a_reader(self, graph_of: Make) -> None:
        """A head that begins where the network ends reads the logits; so does the caller."""
        heads = "  side: {aux: true, layers: {relu: relu}}\n"
        graph = graph_of(f"layers:\n{HEAD}{heads}")
        assert acts_in_place(graph) == set()


class TestProducer:
    """The operation that computed the value must not need it again."""

    @pytest.mark.parametrize("before", ["relu", "relu6", "sigmoid", "tanh"])
    def test_what_backward_reads_stays(self, paths: Paths, before: str) -> None:
        """These compute their gradient from their output."""
        assert "second" not in paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n  first: {before}\n  second: relu\n")

    @pytest.mark.parametrize("before", ["silu", "gelu", "hardswish", "hardsigmoid", "batchnorm"])
    def test_other_outputs_are_free(self, paths: Paths, before: str) -> None:
        """These compute it from their input, which an operation in place saves before."""
        assert "second" in paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n  first: {before}\n  second: relu\n")

    @pytest.mark.parametrize("view", ["dropout", "{crop: {top: 1}}", "{permute: {dims: [0, 1, 3, 2]}}"])
    def test_views_are_walked_through(self, paths: Paths, view: str) -> None:
        """What shares memory with its input is as free as that is."""
        conv = "  conv: {conv: {out: 8, kernel: 1}}\n"
        assert "last" in paths(f"{conv}  view: {view}\n  last: relu\n")
        assert "last" not in paths(f"{conv}  first: relu\n  view: {view}\n  last: relu\n")

    def test_a_reader_in_front_of_a_view_counts(self, paths: Paths) -> None:
        """Dropout gives its input on in evaluation, and the shortcut reads it too."""
        block = "  block: {layers: {drop: dropout, relu: relu}, shortcut: identity}\n"
        assert "block.relu" not in paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n{block}")


class TestSums:
    """``x += shortcut`` instead of a new tensor."""

    def test_a_branch_takes_the_shortcut(self, paths: Paths) -> None:
        """Its value is read by the sum alone, and batch normalization does not need it."""
        block = "  block: {layers: [{conv: {out: 3, kernel: 1}}, batchnorm], shortcut: identity}\n"
        assert "block.merge" in paths(block)

    def test_a_branch_that_ends_with_relu_does_not(self, paths: Paths) -> None:
        """Its gradient comes from its output."""
        block = "  block: {layers: [{conv: {out: 3, kernel: 1}}, relu], shortcut: identity}\n"
        assert "block.merge" not in paths(block)

    def test_a_branch_that_gives_its_input_on_does_not(self, paths: Paths) -> None:
        """In evaluation ``dropout(x)`` is ``x``, and ``x += x`` would spoil the shortcut."""
        block = "  block: {layers: {drop: dropout}, shortcut: identity}\n"
        assert "block.merge" not in paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n{block}")

    def test_three_summands_make_a_new_tensor(self, paths: Paths) -> None:
        """A sum of three reads best as one expression."""
        lanes = ", ".join(f"{{{name}: {{conv: {{out: 8, kernel: 1}}}}}}" for name in "abc")
        assert paths(f"  sum: {{branches: [{lanes}], merge: add}}\n") == set()

    def test_numbers_that_were_repeated_are_not_overwritten(self, paths: Paths) -> None:
        """They lie in one place."""
        layers = "[adaptiveavgpool, {conv: {out: 8, kernel: 1}}, {expandas: {from: in}}]"
        found = paths(f"  conv: {{conv: {{out: 8, kernel: 1}}}}\n  block: {{layers: {layers}, shortcut: identity}}\n")
        assert "block.merge" not in found

    def test_a_product_makes_a_new_tensor(self, paths: Paths) -> None:
        """Its gradient needs both factors."""
        assert paths("  block: {layers: [{conv: {out: 3, kernel: 1}}], shortcut: identity, merge: mul}\n") == set()


class TestReuse:
    """A layer that is used again."""

    def test_acts_in_place_everywhere_or_nowhere(self, paths: Paths) -> None:
        """One constructor speaks for all its uses."""
        conv = "  {name}: {{conv: {{out: 8, kernel: 1}}}}\n".format
        assert paths(f"{conv(name='a')}  relu: relu\n{conv(name='b')}  again: {{reuse: {{layer: relu}}}}\n") == {
            "relu",
            "again",
        }
        assert paths(f"{conv(name='a')}  relu: relu\n  again: {{reuse: {{layer: relu}}}}\n") == set()

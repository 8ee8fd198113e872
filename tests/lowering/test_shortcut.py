"""``shortcut``: none, identity, layers, or the projection that fits exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import avg_pool2d, conv2d

from builder.lowering import load
from builder.lowering.shortcut import NoProjectionError, sampling
from builder.ops import OPERATIONS
from builder.ops.base import ShapeError
from builder.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

TAIL = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def block(layers: str, shortcut: str) -> str:
    """Return a page with one block of ``layers``."""
    return f"layers:\n  block:\n    layers: {layers}\n    shortcut: {shortcut}\n" + TAIL


class TestAuto:
    """The 1x1 convolution that looks where the branch looks."""

    def test_alexresnet_samples_the_centers_of_the_pooling_windows(self) -> None:
        """27 to 13: the first row and column are dropped, then every second one is taken."""
        nodes = {node.path: node for node in load("alexresnet").nodes}
        assert nodes["block1.crop"].operation.model_dump() == {"top": 1, "left": 1}
        assert nodes["block1.projection"].operation.stride == 2
        assert str(nodes["block1.projection"].shape) == "384×13×13"
        assert nodes["block1.projection"].key == "block1.projection"
        assert "block2.crop" not in nodes

    def test_it_is_the_identity_where_shapes_agree(self, graph_of: Callable[..., Graph]) -> None:
        """Nothing is added that is not needed."""
        graph = graph_of(block("[{conv: {out: 3, kernel: 3, padding: 1}}]", "auto"))
        assert [node.operation.kind for node in graph.nodes[:2]] == ["conv", "add"]

    def test_what_keeps_no_grid_is_answered(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """An adaptive pool has no fixed window."""
        (found,) = mistakes_of(block("[{adaptiveavgpool: {size: 4}}]", "auto"))
        assert (found.code, found.mark.line, found.mark.column) == ("no-projection", 7, 15)
        assert "3×16×16 to 3×4×4" in found.message
        assert "adaptiveavgpool" in found.message

    def test_an_even_kernel_looks_between_the_pixels(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """A fractional offset asks for layers of one's own."""
        (found,) = mistakes_of(block("[{conv: {out: 8, kernel: 2, stride: 2}}]", "auto"))
        assert found.code == "no-projection"
        assert "0.5" in found.message

    @given(
        st.lists(
            st.tuples(st.sampled_from(["conv", "avgpool"]), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2)),
            min_size=1,
            max_size=3,
        )
    )
    def test_the_offset_is_the_center_of_the_first_outputs_receptive_field(
        self, layers: list[tuple[str, int, int, int]]
    ) -> None:
        """Against brute force: the gradient of the first output, seen from the input, is symmetric about it."""
        nodes, size = [], 64
        for kind, kernel, stride, padding in layers:
            fields = {"kernel": kernel, "stride": stride, "padding": min(padding, kernel // 2)}
            operation = OPERATIONS[kind](**({"out": 1} if kind == "conv" else {}), **fields)
            nodes.append((len(nodes), operation))
        try:
            shape = Shape((1, size, size))
            for _, operation in nodes:
                shape = operation.output(shape)
            grid = sampling(_chain(nodes), (-1, Shape((1, size, size))), (len(nodes) - 1, shape))
        except (ShapeError, NoProjectionError):
            return
        measured = _measured([operation for _, operation in nodes], size)
        if measured is not None:
            offset, stride = measured
            assert (grid.offset, grid.stride) == ((offset, offset), (stride, stride))


class TestOthers:
    """What the page writes itself."""

    def test_a_needed_projection_that_is_not_asked_for_is_an_error_with_both_shapes(
        self, mistakes_of: Callable[..., list[Diagnostic]]
    ) -> None:
        """Nothing is repaired silently."""
        (found,) = mistakes_of(block("[{conv: {out: 8, kernel: 3, stride: 2, padding: 1}}]", "identity"))
        assert (found.code, found.mark.line, found.mark.column) == ("shapes-differ", 7, 15)
        assert "8×8×8" in found.message
        assert "3×16×16" in found.message
        assert found.notes[0].mark.line == 6
        assert found.hint is not None
        assert "shortcut: auto" in found.hint

    def test_channels_are_never_broadcast(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """PyTorch would add 1×16×16 to 3×16×16 without a word."""
        (found,) = mistakes_of(block("[{conv: {out: 1, kernel: 1}}]", "identity"))
        assert found.code == "shapes-differ"

    def test_layers_of_its_own_that_are_all_switched_off_are_the_identity(self, graph_of: Callable[..., Graph]) -> None:
        """This is how ResNet's downsample is written."""
        graph = graph_of(block("[{conv: {out: 3, kernel: 1}}]", "{down: {conv: {out: 3, kernel: 1}, when: $in != 3}}"))
        assert [node.operation.kind for node in graph.nodes[:2]] == ["conv", "add"]
        assert graph.nodes[1].inputs == (0, -1)

    def test_a_text_may_choose(self, graph_of: Callable[..., Graph]) -> None:
        """As the MobileNets do."""
        graph = graph_of(block("[{conv: {out: 3, kernel: 1}}]", "identity if $in == 4 else none"))
        assert all(node.role != "merge" for node in graph.nodes)

    @pytest.mark.parametrize(("merge", "channels"), [("add", 3), ("mul", 3), ("concat", 6)])
    def test_the_merge_decides_the_shape(self, graph_of: Callable[..., Graph], merge: str, channels: int) -> None:
        """A layer with `shortcut: identity` and `merge: concat` is DenseNet's."""
        text = block("[{conv: {out: 3, kernel: 1}}]", "identity").replace(
            "    shortcut", f"    merge: {merge}\n    shortcut"
        )
        assert graph_of(text).nodes[1].shape.channels == channels

    def test_in_a_concatenation_the_shortcut_comes_first(self, graph_of: Callable[..., Graph]) -> None:
        """The order of channels is part of the network."""
        text = block("[{conv: {out: 3, kernel: 1}}]", "identity\n    merge: concat")
        assert graph_of(text).nodes[1].inputs == (-1, 0)


def _chain(nodes: list[tuple[int, object]]) -> list[object]:
    """Return a chain of bare nodes, as ``sampling`` walks it."""

    class Bare:
        """A node that has what the walk reads."""

        def __init__(self, index: int, operation: object) -> None:
            self.operation, self.inputs = operation, (index - 1,)

    return [Bare(index, operation) for index, operation in nodes]


def _measured(operations: list[object], size: int) -> tuple[int, int] | None:
    """Return the first output's center and the distance of two, seen from two outputs whose fields lie inside."""

    def field(row: int) -> tuple[int, int]:
        image = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        value = image
        for operation in operations:
            kernel, stride, padding = operation.kernel, operation.stride, operation.padding
            if operation.kind == "conv":
                value = conv2d(value, torch.ones(1, 1, kernel, kernel, dtype=torch.float64), None, stride, padding)
            else:
                value = avg_pool2d(value, kernel, stride, padding)
        value[0, 0, row, value.shape[3] // 2].backward()
        rows = image.grad[0, 0].sum(1).nonzero().flatten()
        return int(rows[0]), int(rows[-1])

    shape = Shape((1, size, size))
    for operation in operations:
        shape = operation.output(shape)
    middle = shape.sizes[1] // 2
    if middle + 1 >= shape.sizes[1]:
        return None
    (top, bottom), (next_top, next_bottom) = field(middle), field(middle + 1)
    if top == 0 or next_bottom == size - 1 or next_top - top != next_bottom - bottom:
        return None
    stride = next_top - top
    return (top + bottom) // 2 - middle * stride, stride


DOWN = "templates:\n  Down:\n    params: {out: 8}\n    layers: [{conv: {out: $out, kernel: 1}}]\n"
LAYERS = "[{conv: {out: 8, kernel: 3, padding: 1}}]"


class TestTemplates:
    """A shortcut that is an instance of a template."""

    @pytest.mark.parametrize("shortcut", ["Down", "{Down: {out: 8}}", "Down if $in == 3 else none"])
    def test_it_is_called_projection(self, graph_of: Callable[..., Graph], shortcut: str) -> None:
        """By its name, with arguments, or as what an expression gives."""
        graph = graph_of(DOWN + block(LAYERS, shortcut))
        (side,) = [node for node in graph.nodes if node.role == "projection"]
        assert (side.path, side.key) == ("block.projection.conv1", "block.projection.0")

    def test_an_expression_may_also_give_none(self, graph_of: Callable[..., Graph]) -> None:
        """Then there is no shortcut."""
        assert not [
            node for node in graph_of(DOWN + block(LAYERS, "Down if $in == 4 else none")).nodes if node.role == "merge"
        ]

    def test_layers_that_are_all_switched_off_are_the_identity(self, graph_of: Callable[..., Graph]) -> None:
        """Also where the shortcut is written out."""
        graph = graph_of(block("[{conv: {out: 3, kernel: 1}}]", "{down: {conv: {out: 3, kernel: 1}, when: false}}"))
        assert graph.nodes[1].inputs == (0, -1)

    def test_an_operation_is_written_as_a_list(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """`shortcut: relu` is no word for a shortcut."""
        (found,) = mistakes_of(block(LAYERS, "maxpool"))
        assert (found.code, found.hint) == (
            "bad-shortcut",
            "write `[maxpool]`: layers of its own are a list or a mapping of names",
        )

    def test_a_template_that_is_not_there_gets_the_nearest(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Nearest among words and templates."""
        (found,) = mistakes_of(DOWN + block(LAYERS, "Dwon"))
        assert (found.code, found.hint) == ("bad-shortcut", "did you mean `Down`?")

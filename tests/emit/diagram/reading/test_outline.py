"""How a graph becomes a strand of boxes, frames, forks and joints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram.reading.outline import (
    Closing,
    Fork,
    Head,
    Join,
    Opening,
    OutlineCell,
    OutlineSplit,
    cells,
    humanize,
    outline,
)
from builder.lowering import load, lower, page_from_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph


def of(kind: type, strand) -> list:
    """Return the tokens of one kind."""
    return [token for token in strand if isinstance(token, kind)]


class TestOutline:
    """The strand of a whole network."""

    @pytest.mark.parametrize("name", ["alexnet", "alexresnet", "alexse_cross", "resnet18", "googlenet"])
    def test_holds_every_node_once(self, name: str) -> None:
        """Lanes, branches and heads included."""
        graph = load(name)
        found = sorted(node for cell in cells(outline(graph)) for node in cell.nodes)
        assert found == [node.index for node in graph.nodes]

    def test_blocks_are_framed_with_their_titles(self) -> None:
        """Stem, both blocks and the classifier of AlexNet, in this order."""
        titles = [token.title for token in of(Opening, outline(load("alexnet")))]
        assert titles == ["Stem", "Block 1", "Block 2", "Classifier"]

    def test_activation_stands_after_the_frame(self) -> None:
        """What a page calls the block's activation comes after the block, where SE and shortcut are placed."""
        strand = outline(load("alexnet"))
        after = strand[strand.index(Closing("block1")) + 1]
        assert isinstance(after, OutlineCell)
        assert after.path == "block1.activation"

    def test_shortcut_forks_before_the_frame_and_joins_before_the_activation(self) -> None:
        """Fork, frame, joint, activation."""
        strand = outline(load("alexresnet"))
        fork = strand.index(next(token for token in of(Fork, strand) if token.path == "block1"))
        join = strand.index(next(token for token in of(Join, strand) if token.path == "block1"))
        assert isinstance(strand[fork + 1], Opening)
        assert isinstance(strand[join - 1], Closing)
        assert strand[join + 1].path == "block1.activation"

    def test_projection_carries_its_crop(self) -> None:
        """The crop without parameters is a line in the box of the projection."""
        join = of(Join, outline(load("alexresnet")))[0]
        (box,) = cells(join.lane)
        assert (box.kind, box.before, box.label) == ("projection", ("Crop 1, 1",), "Conv 1×1, 384, /2")

    def test_identity_shortcut_has_an_empty_lane(self) -> None:
        """The first block of ResNet-18 adds its own input."""
        assert of(Join, outline(load("resnet18")))[0].lane == ()

    def test_dropout_is_carried_by_the_layer_it_prepares(self) -> None:
        """And flatten by the pooling that it follows."""
        found = {cell.path: cell for cell in cells(outline(load("alexnet")))}
        assert found["classifier.linear1"].before == ("Dropout 0.5",)
        assert found["avgpool"].after == ("Flatten",)

    def test_shapes_are_written_only_where_they_change(self) -> None:
        """A convolution that keeps the size and a ReLU say nothing."""
        found = {cell.path: cell.shape for cell in cells(outline(load("alexnet")))}
        assert found["stem.conv1"] == "64×55×55"
        assert found["stem.relu1"] == ""
        assert found["block2.conv2"] == ""

    def test_flattened_size_follows_the_box_that_flattens(self) -> None:
        """9216 features leave the pooling."""
        found = {cell.path: cell.shape for cell in cells(outline(load("alexnet")))}
        assert found["avgpool"] == "9216"

    def test_all_or_no_shapes(self) -> None:
        """Both can be asked for."""
        graph = load("alexnet")
        assert all(cell.shape for cell in cells(outline(graph, shapes="all")) if cell.nodes)
        assert not any(cell.shape for cell in cells(outline(graph, shapes="none")))

    def test_a_stream_that_reads_an_earlier_value_hangs_on_nothing_else(self) -> None:
        """No line leads into it from the box before, and the value that it reads has a fork."""
        layers = "a: {conv: {out: 3, kernel: 1}}, b: {read: {from: in}}, c: {join: {from: a, by: add}}"
        tail = "pool: adaptiveavgpool, flatten: flatten, fc: {linear: {out: $classes}}"
        page = f"name: net\ninput: [3, 8, 8]\nclasses: 4\nlayers: {{{layers}, {tail}}}\n"
        strand = outline(lower(page_from_text(page, "net.yaml")))
        (read,) = [token for token in of(OutlineCell, strand) if token.path == "b"]
        assert (read.starts, read.taps) == (True, (-1,))
        assert [token.value for token in of(Fork, strand)] == [-1, 0]

    def test_tapped_value_has_a_fork(self) -> None:
        """The gate of block2 that squeezes block1 reads it from a fork after block1's activation."""
        strand = outline(load("alexse_cross"))
        gate = next(cell for cell in cells(strand) if cell.kind == "gate")
        position = strand.index(Fork(gate.taps[0]))
        assert strand[position - 1].path == "block1.activation"

    def test_branches_stand_side_by_side(self, inception: Graph) -> None:
        """Three branches, the last of them empty, meet in a concatenation."""
        (split,) = of(OutlineSplit, outline(inception))
        assert [len(branch) for branch in split.branches] == [1, 2, 0]
        assert split.cell.label == "Concat"

    def test_heads_are_set_apart(self) -> None:
        """GoogLeNet's two heads leave the strand; what follows is not theirs."""
        assert [head.path for head in of(Head, outline(load("googlenet")))] == ["aux1", "aux2"]

    def test_a_block_inside_a_block_alone_has_one_frame(self, network: Callable[..., Graph]) -> None:
        """Two frames around the same boxes would say nothing."""
        graph = network("outer:\n  layers:\n    inner:\n      - conv: {out: 8, kernel: 3}\n      - relu")
        assert [token.path for token in of(Opening, outline(graph))] == ["outer"]

    def test_compact_leaves_out_shapes_inside_frames(self) -> None:
        """In a comparison only what leaves a block is written."""
        found = {cell.path: cell.shape for cell in cells(outline(load("alexnet"), compact=True))}
        assert found["block1.conv1"] == ""
        assert found["block1.conv2"] == "384×13×13"


class TestHumanize:
    """Titles of blocks."""

    @pytest.mark.parametrize(
        ("path", "title"),
        [
            ("block1", "Block 1"),
            ("layer2.0", "layer2.0"),
            ("features.denseblock3", "Denseblock 3"),
            ("Mixed_5b", "Mixed_5b"),
        ],
    )
    def test_reads_as_a_person_would_write(self, path: str, title: str) -> None:
        """Words and numbers are parted; numbers keep the name before them; other names stay."""
        assert humanize(path) == title


class TestWords:
    """What a box says besides its label."""

    def test_weights_used_again_name_their_owner(self, network: Callable[..., Graph]) -> None:
        """A layer that runs twice is drawn twice, but is one layer."""
        graph = network("a: {conv: {out: 8, kernel: 1}}\nb: {conv: {out: 8, kernel: 1}}\nc: {reuse: {layer: b}}")
        assert [(cell.path, cell.after) for cell in cells(outline(graph)) if cell.kind == "conv"] == [
            ("a", ()),
            ("b", ()),
            ("c", ("weights of b",)),
        ]

    def test_a_gate_names_its_activations_where_they_are_not_the_papers(self, network: Callable[..., Graph]) -> None:
        """So that two gates of one size that are not the same do not look the same."""
        graph = network("one: {se: {hidden: 2}}\ntwo: {se: {hidden: 2, gate: hardsigmoid}}")
        assert [cell.after for cell in cells(outline(graph)) if cell.kind == "gate"] == [(), ("ReLU · Hardsigmoid",)]

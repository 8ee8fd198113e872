"""What a network is made of and what it costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.commands import show
from builder.commands.text import pages as text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli


class TestJson:
    """Other programs read names, shapes and costs."""

    def test_the_network_is_described_in_full(self, archcli: Archcli) -> None:
        """Name, input, classes and totals; AlexNet for 10 classes is the report's, with 710,133,440 MACs."""
        network = json.loads(archcli("show", "alexse_both", "--json").out)
        assert network["name"] == "alexse_both"
        assert network["input"] == [3, 224, 224]
        assert network["classes"] == 10
        assert network["parameters"] == sum(layer["parameters"] for layer in network["layers"]) == 57_072_114
        assert network["macs"] == sum(layer["macs"] for layer in network["layers"]) == 710_133_440 + 18_432 + 8_192

    def test_a_layer_has_path_key_shapes_and_price(self, archcli: Archcli) -> None:
        """The path is what selectors take, the key what the weights are called."""
        layers = json.loads(archcli("show", "alexnet", "--json").out)["layers"]
        assert layers[0] == {
            "path": "stem.conv1",
            "key": "features.0",
            "op": "conv",
            "label": "Conv 11×11, 64, /4",
            "role": "layer",
            "reads": ["input"],
            "in": [3, 224, 224],
            "out": [64, 55, 55],
            "parameters": 23_296,
            "macs": 64 * 55 * 55 * 3 * 11 * 11,
        }
        assert layers[1]["reads"] == ["stem.conv1"]

    def test_blocks_sum_what_is_inside(self, archcli: Archcli) -> None:
        """A block says where it begins, and costs what its layers cost."""
        network = json.loads(archcli("show", "resnet18", "--json").out)
        blocks = {block["path"]: block for block in network["blocks"]}
        layers = network["layers"]
        inside = [layer for layer in layers if layer["path"].startswith("layer2.0.")]
        assert layers[blocks["layer2.0"]["first"]]["path"] == inside[0]["path"]
        assert blocks["layer2.0"]["parameters"] == sum(layer["parameters"] for layer in inside) == 230_144
        assert blocks["layer2.0"]["template"] == "BasicBlock"
        assert blocks["layer2.0"]["out"] == [128, 28, 28]


class TestText:
    """A person reads a table from top to bottom as the page is."""

    def test_path_and_key_stand_side_by_side(self) -> None:
        """What a selector takes and what a checkpoint calls it, with shape and price."""
        lines = text.network(show.run("alexse_both")).splitlines()
        assert lines[0] == "alexse_both: 3×224×224 → 10 classes"
        row = next(line for line in lines if "block1.se " in line)
        assert row.split() == ["block1.se", "block1.se", "SE", "384→24→384", "384×13×13", "18.84", "k", "18.43", "k"]
        assert lines[-1].split() == ["total", "57.07", "M", "710.2", "M"]

    def test_a_block_stands_before_its_first_layer(self) -> None:
        """Nested blocks open in order, each further to the right."""
        lines = text.network(show.run("resnet18")).splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("layer1 "))
        assert [line.split()[0] for line in lines[at : at + 3]] == ["layer1", "layer1.0", "layer1.0.conv1"]
        assert lines[at + 1].startswith("  layer1.0 ")

    def test_columns_are_aligned(self) -> None:
        """No line is ragged: the last column ends where its heading does."""
        lines = text.network(show.run("alexnet")).splitlines()[2:]
        assert {len(line) for line in lines if line.endswith(" M")} == {len(lines[0])}


class TestResolved:
    """A page that needs no other page."""

    def test_it_is_the_same_network(self, archcli: Archcli, tmp_path: Path) -> None:
        """Everything that the page extends stands in it, and it loads from anywhere."""
        kept = tmp_path / "resolved.yaml"
        kept.write_text(archcli("show", "alexse_both", "--resolved").out)
        assert "extends" not in kept.read_text()
        assert archcli("show", kept, "--json").out == archcli("show", "alexse_both", "--json").out

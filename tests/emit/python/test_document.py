"""The whole text: self-contained, well set, and nothing that a page says can be code in it."""

from __future__ import annotations

import ast
import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.emit.python import document, source
from builder.graph import Block
from builder.lowering import load

if TYPE_CHECKING:
    from builder.graph import Graph

RUFF = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
NETWORKS = (
    "alexnet", "alexresnet", "alexse_both", "alexse_cross", "alexnet32", "resnet18", "resnet50", "se_resnet50_identity",
    "vgg11_bn", "squeezenet1_1", "googlenet", "inception_v3", "densenet121", "mobilenet_v2", "mobilenet_v3_small",
    "mnasnet1_0", "efficientnet_b0", "shufflenet_v2_x1_0", "regnet_y_400mf", "convnext_tiny",
)  # fmt: skip
HOSTILE = (
    'x"""\nimport os\nos.abort()\n"""',
    "x\nimport os\nos.abort()\n",
    'x"); import os; os.abort(); ("',
    "x'); import os; os.abort(); ('",
    "x\\",
    "x\u2028import os",
    "{os.abort()}",
)


def renamed(graph: Graph, old: str, new: str) -> Graph:
    """Return the graph with a segment of paths and keys replaced, as no page could name it."""

    def name(path: str) -> str:
        return ".".join(new if each == old else each for each in path.split("."))

    def block(each: Block) -> Block:
        def inside(members: tuple[int | Block, ...]) -> tuple[int | Block, ...]:
            return tuple(block(member) if isinstance(member, Block) else member for member in members)

        lanes = tuple(dataclasses.replace(lane, members=inside(lane.members)) for lane in each.lanes)
        template = new if each.template == old else each.template
        return dataclasses.replace(
            each, path=name(each.path), module=name(each.module), template=template, lanes=lanes,
            entry=inside(each.entry), exit=inside(each.exit),
        )  # fmt: skip

    nodes = tuple(dataclasses.replace(node, path=name(node.path), key=name(node.key)) for node in graph.nodes)
    rules = tuple(
        dataclasses.replace(rule, targets=tuple((name(key), *call) for key, *call in rule.targets))
        for rule in graph.initializations
    )
    return dataclasses.replace(graph, nodes=nodes, root=block(graph.root), initializations=rules)


class TestHeader:
    """What stands above the code."""

    def test_says_what_it_is_and_costs(self) -> None:
        """Parameters and multiply-accumulates, the input, and how to use it."""
        assert source(load("alexnet", classes=10)).startswith(
            '"""alexnet: 57,044,810 parameters, 710,133,440 multiply-accumulates for one 3×224×224 image.\n\n'
            "Written by archcli. It needs PyTorch 2.11 or newer and nothing else:\n\n"
            "    model = Alexnet(num_classes=10)\n    logits = model(torch.rand(1, 3, 224, 224))\n"
            '"""\n\nimport torch.nn as nn\n\n\nclass Alexnet(nn.Module):\n'
        )

    def test_takes_the_title_where_it_only_spells_the_name_better(self) -> None:
        """The class is called AlexNet if the title says so."""
        graph = load("alexnet")
        assert document(dataclasses.replace(graph, title="AlexNet")).network == "AlexNet"
        assert document(dataclasses.replace(graph, title="Another")).network == "Alexnet"

    def test_imports_only_what_it_needs(self) -> None:
        """In the order of isort."""
        text = source(load("densenet121"))
        assert "\n\nfrom collections import OrderedDict\n\nimport torch\nimport torch.nn as nn\n\n\n" in text
        assert "import torch.nn.functional as F" in source(load("convnext_tiny"))


class TestStyle:
    """The text is set as this project's own code."""

    @pytest.mark.slow
    @pytest.mark.parametrize("network", NETWORKS)
    def test_ruff_has_nothing_to_say(self, network: str, tmp_path: Path) -> None:
        """Neither its linter nor its formatter."""
        file = tmp_path / "network.py"
        file.write_text(source(load(network)), "utf-8")
        for command in (["check", "--select", "E,F,W,I"], ["format", "--diff"]):
            done = subprocess.run(
                [RUFF, *command, "--isolated", "--line-length", "120", str(file)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize("network", ["alexnet", "resnet18", "googlenet"])
    def test_is_the_same_every_time(self, network: str) -> None:
        """Byte for byte."""
        assert source(load(network)) == source(load(network))


class TestHostility:
    """Names and titles that want to be code."""

    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("old", ["features", "block1", "1", "classifier", "se", "pre_activation"])
    def test_paths_and_keys_stay_names(self, text: str, old: str) -> None:
        """The text has no statement and no call that the plain names would not give."""
        graph = load("alexse_both")
        assert calls(source(renamed(graph, old, text.replace(".", "_")))) <= calls(source(graph)) | {
            "getattr", "self.add_module", "nn.Module", "nn.ModuleDict", "getattr.", "OrderedDict",
        }  # fmt: skip

    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("old", ["BasicBlock", "layer1", "conv1", "downsample", "0"])
    def test_templates_and_blocks_stay_names(self, text: str, old: str) -> None:
        """The same with classes."""
        found = ast.dump(ast.parse(source(renamed(load("resnet18"), old, text.replace(".", "_")))))
        assert "Import(names=[alias(name='os')])" not in found
        assert "os_abort" not in re.sub(r"Constant\(value='.*?'\)|Constant\(value=\".*?\"\)", "", found)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_titles_and_names_stay_prose(self, text: str) -> None:
        """In docstrings, and as a class."""
        graph = dataclasses.replace(load("alexnet"), title=text, name=text)
        found = source(graph)
        assert calls(found) == calls(source(load("alexnet")))
        docstring = ast.get_docstring(ast.parse(found), clean=False)
        assert docstring is not None
        assert "".join(docstring.split()).startswith("".join(text.split()))


def calls(text: str) -> set[str]:
    """Return everything that the text calls, methods of children left out."""
    found = {ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}
    return {each for each in found if not each.startswith(("self.", "getattr(")) or each.endswith("add_module")}

"""A network as a program of PyTorch's exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from builder.diagnostics import RunError
from builder.lowering import load
from builder.ops.plugins import with_plugins
from builder.runtime.compile import build
from builder.runtime.programs import images, program_of

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """\
from typing import ClassVar

from builder.ops.base import Call, Family, Operation


class Odd(Operation):
    kind: ClassVar[str] = "odd"
    family: ClassVar[Family] = "activation"
    definition: ClassVar[str | None] = '''
class Odd(nn.Module):
    # asks a value, which a program cannot know before it runs

    def forward(self, x):
        return x if x.sum() > 0 else -x
'''

    def output(self, *inputs):
        return inputs[0]

    def call(self, *inputs):
        return Call("Odd")
"""


class TestProgramOf:
    """What is exported is the network in evaluation."""

    def test_the_network_is_left_as_it_was(self) -> None:
        """In training, with its own weights."""
        graph = load("alexnet_tiny")
        model = build(graph).train()
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        program_of(model, graph)
        assert model.training
        assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())

    def test_what_cannot_be_exported_is_answered(self, tmp_path: Path) -> None:
        """A plugin's module may do what no program can."""
        (tmp_path / "odd.py").write_text(PLUGIN)
        (tmp_path / "net.yaml").write_text(
            "name: net\ninput: [3, 4, 4]\nclasses: 2\nlayers: [odd, flatten, linear: {out: $classes}]\n"
        )
        graph = load(str(tmp_path / "net.yaml"), operations=with_plugins([tmp_path / "odd.py"]))
        with pytest.raises(RunError, match=r"^net can't be exported: \w+: ."):
            program_of(build(graph), graph)


class TestImages:
    """Random images for a comparison."""

    def test_they_are_the_same_each_time_and_draw_from_a_stream_of_their_own(self) -> None:
        """The global random numbers go on where they were."""
        graph = load("alexnet_tiny")
        before = torch.random.get_rng_state()
        one, other = images(graph, 3), images(graph, 3)
        assert torch.equal(one, other)
        assert one.shape == (3, *graph.input.sizes)
        assert torch.equal(before, torch.random.get_rng_state())

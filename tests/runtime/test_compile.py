"""The module that trains is the exported text, and does what a hand-written one does."""

from __future__ import annotations

import copy
import linecache
import subprocess
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.models import get_model

import builder
from builder.emit.python import source
from builder.runtime.compile import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Recorder(TorchDispatchMode):
    """Notes every operation that reaches the dispatcher."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]  # torch's own
        """Note the name and go on."""
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class Behavior:
    """All that the tests compare: fresh weights, outputs in evaluation, and one step in training."""

    weights: dict[str, torch.Tensor]
    evaluated: torch.Tensor
    trained: torch.Tensor
    gradients: list[torch.Tensor | None]
    operations: list[str]


def behavior(make: Callable[[], nn.Module]) -> Behavior:
    """Return how a network behaves under one seed."""
    torch.manual_seed(0)
    module = make()
    weights = {key: value.clone() for key, value in module.state_dict().items()}
    with torch.no_grad():
        evaluated = module.eval()(images())
    torch.manual_seed(2)
    with Recorder() as recorder:
        trained = module.train()(images())
        trained.square().mean().backward()
    return Behavior(weights, evaluated, trained, [each.grad for each in module.parameters()], recorder.names)


def images() -> torch.Tensor:
    """Return two images, as small as AlexNet takes them."""
    return torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))


def ours(name: str) -> nn.Module:
    """Return our network, seeded."""
    torch.manual_seed(0)
    return builder.build(name)


@pytest.fixture(scope="module", params=["alexnet", "resnet18"])
def twins(request: pytest.FixtureRequest) -> tuple[Behavior, Behavior]:
    """Return our network's behavior and torchvision's."""
    return behavior(lambda: builder.build(request.param)), behavior(lambda: get_model(request.param))


class TestTorchvision:
    """Networks that torchvision has too: the same keys, bits and operations."""

    def test_keys_and_shapes_are_the_same_in_the_same_order(self, twins: tuple[Behavior, Behavior]) -> None:
        """Optimizer states are by position, weights by name."""
        mine, other = ([(key, value.shape) for key, value in each.weights.items()] for each in twins)
        assert mine == other

    def test_weights_load_strictly(self, twins: tuple[Behavior, Behavior]) -> None:
        """Nothing is missing and nothing is left over."""
        module = builder.build("alexnet" if "features.0.weight" in twins[0].weights else "resnet18")
        assert str(module.load_state_dict(twins[1].weights, strict=True)) == "<All keys matched successfully>"

    def test_weights_begin_with_the_same_bits(self, twins: tuple[Behavior, Behavior]) -> None:
        """Under one seed."""
        mine, other = twins
        assert all(torch.equal(mine.weights[key], other.weights[key]) for key in other.weights)

    def test_outputs_are_equal_in_evaluation(self, twins: tuple[Behavior, Behavior]) -> None:
        """Bit for bit."""
        assert torch.equal(twins[0].evaluated, twins[1].evaluated)

    def test_outputs_and_gradients_are_equal_in_training(self, twins: tuple[Behavior, Behavior]) -> None:
        """With one seed for dropout."""
        mine, other = twins
        assert torch.equal(mine.trained, other.trained)
        assert all(torch.equal(a, b) for a, b in zip(mine.gradients, other.gradients, strict=True))

    def test_operations_are_the_same_forward_and_backward(self, twins: tuple[Behavior, Behavior]) -> None:
        """Not one more reaches the dispatcher, and none in another order."""
        mine, other = twins
        assert mine.operations == other.operations
        assert "aten.relu_.default" in mine.operations
        assert "aten.threshold_backward.default" in mine.operations


class TestModule:
    """What is built is a plain module."""

    def test_stages_are_called_as_one(self) -> None:
        """So hooks on them fire."""
        module = ours("resnet18").eval()
        fired = []
        for name in ("layer4", "layer4.0", "layer4.0.downsample"):
            module.get_submodule(name).register_forward_hook(lambda *_, name=name: fired.append(name))
        with torch.no_grad():
            module(images())
        assert fired == ["layer4.0.downsample", "layer4.0", "layer4"]

    def test_can_be_copied(self) -> None:
        """Weights and all, apart from the original."""
        module = ours("alexnet32").eval()
        twin = copy.deepcopy(module)
        image = torch.rand(1, 3, 32, 32)
        with torch.no_grad():
            assert torch.equal(twin(image), module(image))
            next(twin.parameters()).zero_()
            assert not torch.equal(twin(image), module(image))

    def test_prints_as_modules_do(self) -> None:
        """Under the name of its class."""
        assert repr(ours("alexse_both")).startswith("AlexseBoth(\n  (features): Sequential(\n")

    def test_is_the_same_whenever_it_is_built(self) -> None:
        """One class in one file of its own, one seed, one network."""
        first, second = ours("alexnet32"), ours("alexnet32")
        assert type(first).forward.__code__.co_filename == type(second).forward.__code__.co_filename
        weights = second.state_dict()
        assert all(torch.equal(value, weights[key]) for key, value in first.state_dict().items())

    def test_takes_what_the_page_may_vary(self) -> None:
        """Classes and parameters."""
        assert ours("resnet18").get_parameter("fc.weight").shape == (1000, 512)
        assert builder.build("resnet18", classes=10).get_parameter("fc.weight").shape == (10, 512)
        assert builder.build("resnet", member="resnet18", depths=(1, 1, 1, 1)).get_submodule("layer4")[-1] is not None

    def test_tracebacks_show_its_lines(self) -> None:
        """Of the text that it is."""
        with pytest.raises(RuntimeError) as caught:
            ours("alexse_both")(torch.rand(1, 3, 8, 8))
        frames = traceback.extract_tb(caught.value.__traceback__)
        (frame,) = (each for each in frames if each.filename.startswith("<archcli alexse_both "))
        assert frame.line == "x = self.features[2](x)"
        linecache.checkcache()
        assert linecache.getline(frame.filename, frame.lineno or 0).strip() == frame.line


class TestText:
    """The exported text by itself."""

    @pytest.mark.parametrize(
        "name",
        ["alexnet_tiny", *(pytest.param(name, marks=pytest.mark.slow) for name in ("alexse_cross", "googlenet"))],
    )
    def test_runs_without_this_project(self, name: str, tmp_path: Path) -> None:
        """In a fresh interpreter: the same keys, and with the same weights the same outputs."""
        module = ours(name).eval()
        (tmp_path / "network.py").write_text(source(builder.load(name)), "utf-8")
        torch.save(module.state_dict(), tmp_path / "weights.pt")
        inputs = torch.rand(2, *builder.load(name).input.sizes)
        torch.save(inputs, tmp_path / "images.pt")
        script = (
            "import sys; sys.path.insert(0, '.'); import torch, network\n"
            f"model = network.{type(module).__name__}().eval()\n"
            "model.load_state_dict(torch.load('weights.pt', weights_only=True), strict=True)\n"
            "with torch.no_grad(): torch.save(model(torch.load('images.pt', weights_only=True)), 'logits.pt')\n"
            "assert not {name.partition('.')[0] for name in sys.modules} & {'builder', 'archcli', 'pydantic', 'yaml'}\n"
        )
        subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, check=True)
        with torch.no_grad():
            assert torch.equal(module(inputs), torch.load(tmp_path / "logits.pt", weights_only=True))


class TestHeads:
    """Heads that serve training only."""

    def test_come_back_by_name_in_training(self, tmp_path: Path) -> None:
        """Also from inside a block, through its module; in evaluation the logits come alone."""
        page = tmp_path / "net.yaml"
        page.write_text(
            "name: net\ninput: [3, 8, 8]\nclasses: 4\nlayers:\n"
            "  body: {layers: {relu: relu, side: {aux: true, layers: [flatten, {linear: {out: 4}}]}, last: relu}}\n"
            "  late: {aux: true, layers: [flatten, {linear: {out: 4}}]}\n"
            "  flatten: flatten\n  fc: {linear: {out: 4}}\n",
            "utf-8",
        )
        module = builder.build(page)
        image = torch.rand(2, 3, 8, 8)
        results = module.train()(image)
        assert results._fields == ("logits", "side", "late")
        assert torch.equal(results.side, module.get_submodule("body.side")(image.relu()))
        assert torch.equal(results.late, module.get_submodule("late")(image.relu()))
        assert torch.equal(module.eval()(image), results.logits)


class TestTaps:
    """Values that are read in another block."""

    def test_arrive_unspoilt(self, tmp_path: Path) -> None:
        """A gate that squeezes ``pre_activation`` sees the values before the activation."""
        page = tmp_path / "net.yaml"
        page.write_text(
            "name: net\ninput: [3, 8, 8]\nclasses: 4\nlayers:\n"
            "  one: {layers: {conv: {conv: {out: 8, kernel: 3}}}, activation: relu}\n"
            "  two: {layers: {conv: {conv: {out: 8, kernel: 3}}}, activation: relu}\n"
            "  flatten: flatten\n  fc: {linear: {out: 4}}\n"
            "insert: [{se: {hidden: 2, squeeze: one.pre_activation}, at: two.pre_activation}]\n",
            "utf-8",
        )
        module = builder.build(page)
        image = torch.rand(2, 3, 8, 8)
        before = module.one.conv(image)
        gated = module.two.se(module.two.conv(before.relu()), before)
        assert torch.equal(module(image), module.fc(gated.relu().flatten(1)))
        module(image).sum().backward()


class TestSafety:
    """Building is not reading."""

    def test_a_graph_is_enough(self) -> None:
        """Nothing but the graph decides what is built."""
        assert isinstance(build(builder.load("alexnet32")), nn.Module)

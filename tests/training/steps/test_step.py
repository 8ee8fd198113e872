"""A whole step never waits for the device, shown without one: its tensors have shapes and no values.

Under ``FakeTensorMode`` whatever asks a tensor for a value, such as ``.item()`` or ``nonzero``, raises, as it would end
the recording of a CUDA graph. Backward passes of tensors that pretend to lie on a GPU need a GPU in this PyTorch; so
they lie in main memory where there is none, with the optimizer that a GPU has.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode

from builder.diagnostics import ArchError
from builder.emit.python import source
from builder.lowering import load
from builder.lowering.pages import shipped_names
from builder.runtime.compile import build
from builder.training.data.batches import Batch
from builder.training.device.determinism import with_matrix_pooling
from builder.training.device.kinds import KINDS, kind_of
from builder.training.device.precision import Precision
from builder.training.recipe.optimizer import Adam, AdamW, Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SGD = Sgd(name="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01, decay_norm_and_bias=False)
OPTIMIZERS = {"sgd": SGD, "adam": Adam(name="adam", lr=0.01), "adamw": AdamW(name="adamw", lr=0.01)}
MATRIX_POOLING = Precision("fp32", "channels_last", deterministic=True)


@pytest.fixture
def take_step(monkeypatch: pytest.MonkeyPatch) -> Callable[..., torch.Tensor]:
    """Return what takes a step of a network without computing anything, and returns its logits."""
    monkeypatch.setitem(KINDS, DEVICE.type, replace(kind_of(DEVICE), has_graphs=True))
    monkeypatch.setattr(nn.init, "trunc_normal_", lambda tensor, **_: tensor)  # asks for values, before there is a step

    def take(
        make: Callable[[], nn.Module],
        shape: tuple[int, ...],
        optimizer: str = "sgd",
        precision: Precision = Precision("bf16", "channels_last"),  # noqa: B008 - it is frozen
        steps: int = 1,
    ) -> torch.Tensor:
        recipe = Recipe(
            name="tried", epochs=1, batch_size=2, optimizer=OPTIMIZERS[optimizer], clip_norm=1.0, label_smoothing=0.1
        )
        with FakeTensorMode(), torch.device(DEVICE):
            network = make().train()
            if precision.deterministic:
                with_matrix_pooling(network)
            step = EagerStep(network, make_optimizer(recipe.optimizer, network), recipe, precision)
            labels = torch.zeros(2, dtype=torch.int64)
            for number in range(steps):
                loss, logits = step(Batch(number, torch.empty(2, *shape), labels), 0.1)
        assert loss.shape == ()
        return logits

    return take


def stepped(take_step: Callable[..., torch.Tensor], graph: Graph, *more: object) -> None:
    """Take a step of a page's network."""
    logits = take_step(lambda: build(graph), graph.input.sizes, *more)
    assert logits.shape == (2, graph.classes)


def of_each_kind() -> dict[str, Graph]:
    """Return the smallest of those shipped networks that are made of the same operations and calls of PyTorch.

    The others are as wide or as deep as it is not, which changes no line of what they do.
    """
    found: dict[tuple[frozenset[str], frozenset[str]], tuple[int, str, Graph]] = {}
    for name in shipped_names():
        try:
            graph = load(name)
        except ArchError:
            continue  # a page of templates
        operations = frozenset(type(node.operation).__name__ for node in graph.nodes)
        calls = frozenset(re.findall(r"\b(?:nn|functional|torch)\.[\w.]+", source(graph)))
        candidate = (len(graph.nodes), name, graph)
        found[operations, calls] = min(found.get((operations, calls), candidate), candidate, key=lambda each: each[:2])
    return {name: graph for _, name, graph in found.values()}


class TestNothingWaits:
    """In forward pass, losses, backward pass, clipping and optimizer."""

    @pytest.mark.parametrize("page", ["alexnet_tiny", "resnet20", "alexse_both"])
    def test_of_some_pages(self, take_step: Callable[..., torch.Tensor], page: str) -> None:
        """Dropout, batch norm, gates."""
        stepped(take_step, load(page))

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_of_every_optimizer(self, take_step: Callable[..., torch.Tensor], optimizer: str) -> None:
        """With clipping, and weights that decay and that do not; the first of two makes what it remembers."""
        stepped(take_step, load("alexnet_tiny"), optimizer, Precision(), 2)

    @pytest.mark.parametrize("precision", [Precision(), Precision("tf32", "channels_last"), MATRIX_POOLING], ids=str)
    def test_of_every_precision(self, take_step: Callable[..., torch.Tensor], precision: Precision) -> None:
        """The pooling that a deterministic run has on a GPU makes its matrices there."""
        graph = load("alexnet", input=(3, 64, 64))
        stepped(take_step, graph, "sgd", precision)

    @pytest.mark.slow
    def test_of_all_shipped_pages(self, take_step: Callable[..., torch.Tensor]) -> None:
        """One of each kind: 96 pages are of 20."""
        graphs, waiting = of_each_kind(), {}
        for name, graph in graphs.items():
            try:
                stepped(take_step, graph)
            except (DataDependentOutputException, DynamicOutputShapeException) as error:
                waiting[name] = str(error)
        assert waiting == {}
        assert len(graphs) >= 15

    @pytest.mark.parametrize(
        ("waits", "error"),
        [
            (lambda values: values * float(values.abs().max() > 0), DataDependentOutputException),
            (lambda values: values * values.sum().item(), DataDependentOutputException),
            (lambda values: values if values.sum() > 0 else -values, DataDependentOutputException),
            (lambda values: values + values.nonzero().sum(), DynamicOutputShapeException),
            (lambda values: values + values[values > 0].sum(), DynamicOutputShapeException),
        ],
        ids=["float", "item", "if", "nonzero", "mask"],
    )
    def test_a_network_that_does_is_found(
        self,
        take_step: Callable[..., torch.Tensor],
        waits: Callable[[torch.Tensor], torch.Tensor],
        error: type[Exception],
    ) -> None:
        """So this test can fail."""

        class Asking(nn.Module):
            """Asks for a value in the middle of a step."""

            def __init__(self) -> None:
                """Make the weights."""
                super().__init__()
                self.head = nn.Linear(3 * 8 * 8, 4)

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Return the logits."""
                return self.head(waits(images).flatten(1))

        with pytest.raises(error):
            take_step(Asking, (3, 8, 8))


class TestAdam:
    """On a GPU it counts its steps there."""

    @pytest.mark.parametrize("optimizer", ["adam", "adamw"])
    @pytest.mark.parametrize("has_graphs", [False, True])
    def test_it_is_recorded_where_steps_are(
        self, monkeypatch: pytest.MonkeyPatch, optimizer: str, *, has_graphs: bool
    ) -> None:
        """And its rate lies beside the weights."""
        monkeypatch.setitem(KINDS, "cpu", replace(KINDS["cpu"], has_graphs=has_graphs))
        (group,) = make_optimizer(OPTIMIZERS[optimizer], nn.Linear(2, 2)).param_groups
        assert group["capturable"] is has_graphs
        assert isinstance(group["lr"], torch.Tensor) is has_graphs

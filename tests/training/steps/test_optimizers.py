"""Optimizers, against the plain ones of torch."""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from builder.diagnostics import RunError
from builder.training.recipe.optimizer import Adam, AdamW, Sgd
from builder.training.recipe.weight_group import WeightGroup
from builder.training.steps.optimizers import clip_gradients, make_optimizer, set_epoch, set_learning_rate

CASES = [
    (Sgd(name="sgd", lr=0.1), torch.optim.SGD, {}),
    (
        Sgd(name="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    (Adam(name="adam", lr=0.1, betas=(0.8, 0.99)), torch.optim.Adam, {"betas": (0.8, 0.99)}),
    (AdamW(name="adamw", lr=0.1, weight_decay=0.2), torch.optim.AdamW, {"weight_decay": 0.2}),
]


class Adagrad(Sgd):
    """An optimizer that recipes do not have: its record is all that there is of it."""

    name: Literal["adagrad"]
    torch_class: ClassVar[str] = "Adagrad"

    def arguments(self) -> dict[str, object]:
        """Return what Adagrad has of its own."""
        return {"initial_accumulator_value": 0.5}


def trained(optimizer: torch.optim.Optimizer, weight: torch.Tensor) -> torch.Tensor:
    """Return the weight after three steps toward a fixed aim."""
    for _ in range(3):
        optimizer.zero_grad()
        (weight - torch.arange(4.0)).square().sum().backward()
        optimizer.step()
    return weight.detach()


class TestMakeOptimizer:
    """From a recipe's settings."""

    @pytest.mark.parametrize(("settings", "kind", "fields"), CASES, ids=["sgd", "nesterov", "adam", "adamw"])
    def test_it_steps_as_torchs_own_does(
        self, settings: Sgd | Adam | AdamW, kind: type[torch.optim.Optimizer], fields: dict[str, object]
    ) -> None:
        """With every field of the settings at its place."""
        layer, plain = nn.Linear(4, 1, bias=False), torch.zeros(1, 4, requires_grad=True)
        nn.init.zeros_(layer.weight)
        ours = trained(make_optimizer(settings, layer), layer.weight)
        assert torch.allclose(ours, trained(kind([plain], lr=0.1, **fields), plain), atol=1e-6)

    def test_frozen_weights_are_left_alone(self) -> None:
        """Only what learns is given to the optimizer."""
        layer = nn.Linear(2, 2)
        layer.bias.requires_grad_(requires_grad=False)
        groups = make_optimizer(Sgd(name="sgd", lr=0.1), layer).param_groups
        assert [id(weight) for weight in groups[0]["params"]] == [id(layer.weight)]

    @pytest.mark.parametrize("name", ["sgd", "adamw"])
    def test_norms_and_biases_may_stay_without_decay(self, name: str) -> None:
        """Everything of one dimension; convolutions and linear layers decay."""
        kind = {"sgd": Sgd, "adamw": AdamW}[name]
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
        optimizer = make_optimizer(kind(name=name, lr=0.1, weight_decay=0.5, decay_norm_and_bias=False), network)
        before = {key: each.clone() for key, each in network.named_parameters()}
        for each in network.parameters():
            each.grad = torch.zeros_like(each)
        optimizer.step()
        moved = [key for key, each in network.named_parameters() if not torch.equal(each, before[key])]
        assert moved == ["0.weight", "3.weight"]

    def test_one_group_is_enough_where_nothing_decays(self) -> None:
        """Two would only cost a second kernel."""
        settings = Sgd(name="sgd", lr=0.1, decay_norm_and_bias=False)
        assert len(make_optimizer(settings, nn.Linear(2, 2)).param_groups) == 1

    def test_a_network_of_biases_alone_has_one_group(self) -> None:
        """An empty group would be saved and restored for nothing."""
        settings = Sgd(name="sgd", lr=0.1, weight_decay=0.1, decay_norm_and_bias=False)
        assert [group["weight_decay"] for group in make_optimizer(settings, nn.BatchNorm2d(2)).param_groups] == [0]

    def test_a_network_without_weights_is_refused(self) -> None:
        """Torch would say that a list is empty."""
        with pytest.raises(RunError, match="no weights to train"):
            make_optimizer(Sgd(name="sgd", lr=0.1), nn.Flatten())

    def test_a_record_alone_adds_an_optimizer(self) -> None:
        """It trains as what its record names, not as the last of a list."""
        layer, plain = nn.Linear(4, 1, bias=False), torch.zeros(1, 4, requires_grad=True)
        nn.init.zeros_(layer.weight)
        ours = make_optimizer(Adagrad(name="adagrad", lr=0.1), layer)
        assert isinstance(ours, torch.optim.Adagrad)
        right = trained(torch.optim.Adagrad([plain], lr=0.1, initial_accumulator_value=0.5), plain)
        assert torch.allclose(trained(ours, layer.weight), right, atol=1e-6)


class TestBiasFactor:
    """Biases that learn faster than the other weights."""

    NETWORK = (nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))

    @pytest.mark.parametrize(("decay_all", "groups"), [(True, 2), (False, 3)])
    def test_they_are_a_group_of_their_own(self, decay_all: bool, groups: int) -> None:
        """The shift of a norm is one, its scale is not; what decays does so as without the factor."""
        settings = Sgd(
            name="sgd", lr=0.1, weight_decay=0.5, decay_norm_and_bias=decay_all, bias_lr_factor=64
        )  # fmt: skip
        network = nn.Sequential(*self.NETWORK)
        optimizer = make_optimizer(settings, network)
        names = {id(each): name for name, each in network.named_parameters()}
        fast = [group for group in optimizer.param_groups if group["lr"] == pytest.approx(6.4)]
        assert len(optimizer.param_groups) == groups
        assert [names[id(each)] for group in fast for each in group["params"]] == ["0.bias", "1.bias", "3.bias"]
        assert [group["weight_decay"] for group in fast] == [0.5 if decay_all else 0]

    def test_the_schedule_moves_both(self) -> None:
        """Each by its factor, also where the rate lies on the device."""
        optimizer = make_optimizer(Sgd(name="sgd", lr=0.1, bias_lr_factor=4), nn.Linear(2, 2))
        set_learning_rate(optimizer, 0.02)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.02, 0.08])
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(0.0)
        set_learning_rate(optimizer, 0.02)
        assert [float(group["lr"]) for group in optimizer.param_groups] == pytest.approx([0.02, 0.08])

    def test_a_step_moves_a_bias_by_so_much_more(self) -> None:
        """Beside torch's own groups."""
        layer, plain = nn.Linear(3, 2), nn.Linear(3, 2)
        plain.load_state_dict(layer.state_dict())
        ours = make_optimizer(Sgd(name="sgd", lr=0.1, momentum=0.9, bias_lr_factor=8), layer)
        theirs = torch.optim.SGD([{"params": [plain.weight]}, {"params": [plain.bias], "lr": 0.8}], 0.1, momentum=0.9)
        for network, optimizer in ((layer, ours), (plain, theirs)):
            for _ in range(3):
                optimizer.zero_grad()
                network(torch.ones(1, 3)).square().sum().backward()
                optimizer.step()
        assert torch.allclose(layer.bias, plain.bias)
        assert torch.allclose(layer.weight, plain.weight)


class TestGroups:
    """Weights that are chosen by name."""

    def optimizer(self, *groups: WeightGroup, **fields: object) -> tuple[nn.Sequential, torch.optim.Optimizer]:
        """Return a small network with its optimizer."""
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
        settings = Sgd(name="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.5, groups=groups, **fields)
        return network, make_optimizer(settings, network)

    def test_steps_are_those_of_torchs_own_groups(self) -> None:
        """A rate and a decay of their own, over a few steps; the others learn as without groups."""
        network, ours = self.optimizer(WeightGroup(weights="1.bias", lr_factor=2, weight_decay=0.01))
        set_learning_rate(ours, 0.01)
        plain = deepcopy(network)
        shift = [plain[1].bias]
        others = [each for each in plain.parameters() if each is not shift[0]]
        theirs = torch.optim.SGD(
            [{"params": others, "weight_decay": 0.5}, {"params": shift, "lr": 0.02, "weight_decay": 0.01}],
            lr=0.01, momentum=0.9, nesterov=True,
        )  # fmt: skip
        for each, optimizer in ((network, ours), (plain, theirs)):
            for step in range(3):
                optimizer.zero_grad()
                each(torch.linspace(-1, step, 36).view(4, 1, 3, 3)).square().sum().backward()
                optimizer.step()
        expected = plain.state_dict()
        assert all(torch.allclose(each, expected[name]) for name, each in network.state_dict().items())

    def test_the_last_that_matches_applies(self) -> None:
        """Whole: what it does not say is as in the optimizer, not as in the others."""
        network, optimizer = self.optimizer(
            WeightGroup(weights="**.bias", lr_factor=2, weight_decay=0.25), WeightGroup(weights="3.*", lr_factor=3),
            bias_lr_factor=9,
        )  # fmt: skip
        names = {id(each): name for name, each in network.named_parameters()}
        found = {
            (round(group["lr"], 6), group["weight_decay"]): [names[id(each)] for each in group["params"]]
            for group in optimizer.param_groups
        }
        assert found == {
            (0.1, 0.5): ["0.weight", "1.weight"],
            (0.2, 0.25): ["0.bias", "1.bias"],
            (0.3, 0.5): ["3.weight", "3.bias"],
        }

    def test_what_learns_in_no_epoch_is_frozen(self) -> None:
        """And unknown to the optimizer, which remembers nothing of it."""
        network, optimizer = self.optimizer(WeightGroup(weights="1.weight", epochs=0))
        assert [name for name, each in network.named_parameters() if not each.requires_grad] == ["1.weight"]
        assert sum(len(group["params"]) for group in optimizer.param_groups) == 5

    def test_weights_learn_in_their_epochs(self) -> None:
        """And begin again where an epoch is repeated; whether something changed is said."""
        network, optimizer = self.optimizer(WeightGroup(weights="0.bias", epochs=2))
        changes = [(epoch, set_epoch(optimizer, epoch), network[0].bias.requires_grad) for epoch in (1, 2, 3, 4, 2)]
        assert changes == [(1, False, True), (2, False, True), (3, True, False), (4, False, False), (2, True, True)]
        assert all(each.requires_grad for name, each in network.named_parameters() if name != "0.bias")

    def test_a_name_that_no_weight_has_is_refused(self) -> None:
        """With the nearest; a frozen weight is one too."""
        self.optimizer(WeightGroup(weights="1.weight", epochs=0))
        with pytest.raises(RunError, match=r"no weight of the network is called `1\.wieght`, as a group") as raised:
            self.optimizer(WeightGroup(weights="1.wieght"))
        assert raised.value.hint == "did you mean `1.weight`?"

    def test_a_network_that_would_stop_learning_is_refused(self) -> None:
        """PyTorch would answer that nothing needs a gradient, in the middle of the run."""
        with pytest.raises(RunError, match="no weight learns after epoch 4") as raised:
            self.optimizer(WeightGroup(weights="**", epochs=4), WeightGroup(weights="3.*", epochs=2))
        assert raised.value.hint == "leave `epochs` out of one of the groups"


class TestSetLearningRate:
    """The schedule's hand on the optimizer."""

    def test_every_group_gets_it(self) -> None:
        """What decays and what does not."""
        settings = Sgd(name="sgd", lr=0.1, weight_decay=0.1, decay_norm_and_bias=False)
        optimizer = make_optimizer(settings, nn.Linear(2, 2))
        set_learning_rate(optimizer, 0.025)
        assert [group["lr"] for group in optimizer.param_groups] == [0.025, 0.025]

    def test_a_rate_on_the_device_is_overwritten_there(self) -> None:
        """What was recorded of it reads the new one; a step computes with it as with a number."""
        settings = Sgd(name="sgd", lr=0.1, momentum=0.9)
        layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
        layers[1].load_state_dict(layers[0].state_dict())
        optimizers = [make_optimizer(settings, each) for each in layers]
        optimizers[1].param_groups[0]["lr"] = rate = torch.tensor(0.1)
        for layer, optimizer in zip(layers, optimizers, strict=True):
            set_learning_rate(optimizer, 0.025)
            layer.weight.grad = torch.ones(2, 2)
            optimizer.step()
        assert optimizers[1].param_groups[0]["lr"] is rate
        assert float(rate) == pytest.approx(0.025)
        assert torch.allclose(layers[0].weight, layers[1].weight)


class TestClipGradients:
    """All gradients as one vector."""

    def norm_after(self, length: float | None) -> float:
        """Return the length of gradients that were 5 long."""
        layer = nn.Linear(3, 1)
        layer.weight.grad, layer.bias.grad = torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([4.0])
        clip_gradients(make_optimizer(Sgd(name="sgd", lr=0.1), layer), length)
        return float(torch.cat([layer.weight.grad.flatten(), layer.bias.grad]).norm())

    @pytest.mark.parametrize(("length", "found"), [(None, 5.0), (10.0, 5.0), (2.0, 2.0)])
    def test_what_is_longer_is_cut(self, length: float | None, found: float) -> None:
        """What is shorter stays."""
        assert self.norm_after(length) == pytest.approx(found, abs=1e-5)

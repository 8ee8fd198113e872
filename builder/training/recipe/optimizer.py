"""The optimizers that a recipe may choose by name."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from builder.training.recipe.weight_group import WeightGroup
from builder.validation import Strict

LearningRate = Annotated[float, Field(gt=0, le=1000, description="learning rate; the schedule multiplies it")]
WeightDecay = Annotated[float, Field(ge=0, le=1, description="weight decay (L2 penalty; decoupled in `adamw`)")]
Beta = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[
    tuple[Beta, Beta], Field(description="decay rates of the moving averages of the gradient and of its square")
]
DecayNormAndBias = Annotated[
    bool, Field(description="whether `weight_decay` also applies to biases and normalization layers")
]
BiasFactor = Annotated[
    float, Field(gt=0, le=1000, description="learning rate of all biases as a multiple of that of the other weights")
]
Groups = Annotated[
    tuple[WeightGroup, ...],
    Field(max_length=64, description="weights with a rate, a decay or epochs of their own"),
]


class _Optimizer(Strict):
    """What each says besides its fields: which optimizer of torch's it is, by names alone, so that torch can wait."""

    torch_class: ClassVar[str]
    """The class of ``torch.optim``; it takes ``lr``, ``weight_decay`` and ``fused``."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Return the other arguments of that class by their names."""

    @property
    @abstractmethod
    def passes(self) -> int:
        """How often a step reads or writes a number for each weight: weight, gradient and what is remembered of it."""


class Sgd(_Optimizer):
    """Stochastic gradient descent.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    torch_class: ClassVar[str] = "SGD"

    name: Literal["sgd"]
    lr: LearningRate
    momentum: float = Field(0.0, ge=0, lt=1, description="momentum factor")
    nesterov: bool = Field(False, description="whether to use Nesterov momentum")
    weight_decay: WeightDecay = 0.0
    decay_norm_and_bias: DecayNormAndBias = True
    bias_lr_factor: BiasFactor = 1.0
    groups: Groups = ()

    def arguments(self) -> dict[str, Any]:
        """Return momentum and its kind."""
        return {"momentum": self.momentum, "nesterov": self.nesterov}

    @property
    def passes(self) -> int:
        """Without momentum nothing is remembered."""
        return 5 if self.momentum else 3

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Sgd:
        if self.nesterov and self.momentum == 0:
            raise ValueError("`nesterov` needs a `momentum` greater than 0")
        return self


class Adam(_Optimizer):
    """Adam.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    torch_class: ClassVar[str] = "Adam"

    name: Literal["adam"]
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    decay_norm_and_bias: DecayNormAndBias = True
    bias_lr_factor: BiasFactor = 1.0
    groups: Groups = ()

    def arguments(self) -> dict[str, Any]:
        """Return how fast both means forget."""
        return {"betas": self.betas}

    @property
    def passes(self) -> int:
        """Both means are read and written."""
        return 7


class AdamW(_Optimizer):
    """Adam with decoupled weight decay.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    torch_class: ClassVar[str] = "AdamW"

    name: Literal["adamw"]
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.01
    decay_norm_and_bias: DecayNormAndBias = True
    bias_lr_factor: BiasFactor = 1.0
    groups: Groups = ()

    def arguments(self) -> dict[str, Any]:
        """Return how fast both means forget."""
        return {"betas": self.betas}

    @property
    def passes(self) -> int:
        """Both means are read and written."""
        return 7


Optimizer: TypeAlias = Sgd | Adam | AdamW
"""Each of them; a recipe's ``optimizer.name`` says which."""

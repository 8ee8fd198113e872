"""The optimizers that a recipe may choose by name."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from builder.validation import Strict

LearningRate = Annotated[float, Field(gt=0, le=1000, description="learning rate; the schedule multiplies it")]
WeightDecay = Annotated[float, Field(ge=0, le=1, description="pulls every weight towards 0")]
Beta = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Beta, Beta], Field(description="decay of the means of the gradient and of its square")]
DecayNormAndBias = Annotated[
    bool, Field(description="whether `weight_decay` is also for biases and for scales and shifts of norms")
]


class Sgd(Strict):
    """Stochastic gradient descent.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    name: Literal["sgd"]
    lr: LearningRate
    momentum: float = Field(0.0, ge=0, lt=1, description="part of the last step that the next one keeps")
    nesterov: bool = Field(False, description="look ahead by the momentum before the gradient is added")
    weight_decay: WeightDecay = 0.0
    decay_norm_and_bias: DecayNormAndBias = True

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Sgd:
        if self.nesterov and self.momentum == 0:
            raise ValueError("`nesterov` needs a `momentum` greater than 0")
        return self


class Adam(Strict):
    """Adam.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    name: Literal["adam"]
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    decay_norm_and_bias: DecayNormAndBias = True


class AdamW(Strict):
    """Adam with decoupled weight decay.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    name: Literal["adamw"]
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.01
    decay_norm_and_bias: DecayNormAndBias = True


Optimizer: TypeAlias = Sgd | Adam | AdamW

"""What a rule of ``init`` may call: functions of ``torch.nn.init`` and their arguments.

https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

from math import erf, sqrt
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from builder.ops.base import LARGEST, SMALLEST, Real
from builder.validation import Strict

Nonlinearity = Literal["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]


_LEAST_SHARE = 1e-3  # PyTorch draws again what falls outside, for ever where everything does

_WIDEST = 1e3  # standard deviations; with the mean outside, PyTorch does not come to an end in far wider ranges

_Spread = Annotated[float, Field(ge=0, le=LARGEST)]


def _check_range(low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"from {low:g} to {high:g} is not a range")


class _Kaiming(Strict):
    """Keep the spread of values, or of gradients, through rectifiers (He et al., 2015)."""

    a: Real = Field(0, description="the slope of `leaky_relu` below zero")
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="keep the spread of values, or of gradients")
    nonlinearity: Nonlinearity = Field("leaky_relu", description="the activation behind the layer")


class _Gain(Strict):
    """Keep the spread in both directions, or all directions apart, times a factor."""

    gain: _Spread = Field(1, description="the factor of the spread")


class _Normal(Strict):
    """Draw from a normal distribution."""

    mean: Real = Field(0, description="the mean")
    std: _Spread = Field(1, description="the standard deviation")


class _TruncatedNormal(_Normal):
    """Draw from a normal distribution, and again what falls outside of the bounds."""

    std: Annotated[float, Field(gt=SMALLEST, le=LARGEST)] = Field(1, description="the standard deviation")
    a: Real = Field(-2, description="the lower bound")
    b: Real = Field(2, description="the upper bound")

    @model_validator(mode="after")
    def _is_range(self) -> _TruncatedNormal:
        _check_range(self.a, self.b)
        low, high = ((bound - self.mean) / self.std for bound in (self.a, self.b))
        if erf(high / sqrt(2)) - erf(low / sqrt(2)) < 2 * _LEAST_SHARE:
            raise ValueError(f"almost no drawn value lies between {self.a:g} and {self.b:g}")
        if not low <= 0 <= high and high - low > _WIDEST:
            raise ValueError(f"from {self.a:g} to {self.b:g} is too wide a range for a mean outside of it")
        return self


class _Uniform(Strict):
    """Draw from a range, each number as likely as another."""

    a: Real = Field(0, description="the lower end")
    b: Real = Field(1, description="the upper end")
    bound: _Spread | None = Field(None, description="both ends at once: `a: -bound, b: bound`")

    @model_validator(mode="after")
    def _is_range(self) -> _Uniform:
        beside = sorted(self.model_fields_set & {"a", "b"})
        if self.bound is None:
            _check_range(self.a, self.b)
        elif beside:
            raise ValueError(f"`bound` gives both ends, so `{beside[0]}` cannot be given too")
        return self


class _Dirac(Strict):
    """Begin convolutions as identities: each of the first filters hands on the channel of its number."""

    rest: Literal["zeros", "default"] = Field(
        "zeros",
        description="filters beyond the channels that enter: zeros, as in PyTorch, or as PyTorch begins convolutions",
    )


class _Nothing(Strict):
    """Begin with one number everywhere."""


ELSEWHERE = MappingProxyType(
    {
        **dict.fromkeys(("he", "he_normal", "kaiming", "msra", "variance_scaling"), "kaiming_normal"),
        "he_uniform": "kaiming_uniform",
        **dict.fromkeys(("glorot", "glorot_normal", "xavier"), "xavier_normal"),
        "glorot_uniform": "xavier_uniform",
        **dict.fromkeys(("gaussian", "random_normal", "randn"), "normal"),
        **dict.fromkeys(("random_uniform", "rand"), "uniform"),
        **dict.fromkeys(("truncated_normal", "truncnormal"), "trunc_normal"),
    }
)
"""Functions by their names in Keras and papers."""

FUNCTIONS: MappingProxyType[str, type[Strict]] = MappingProxyType(
    {
        "kaiming_normal": _Kaiming,
        "kaiming_uniform": _Kaiming,
        "xavier_normal": _Gain,
        "xavier_uniform": _Gain,
        "normal": _Normal,
        "trunc_normal": _TruncatedNormal,
        "uniform": _Uniform,
        "orthogonal": _Gain,
        "dirac": _Dirac,
        "zeros": _Nothing,
        "ones": _Nothing,
    }
)
"""Functions of ``torch.nn.init`` and their arguments; ``bound`` stands for ``a: -bound, b: bound``."""

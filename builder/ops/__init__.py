"""The operations that a page may call, by the word that the page uses."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from builder.ops.activation import ACTIVATIONS
from builder.ops.axes import Contiguous, Permute
from builder.ops.context_pool import ContextPool
from builder.ops.convolution import ConditionalConv, Conv, StandardizedConv
from builder.ops.coordinate_attention import CoordinateAttention
from builder.ops.efficient_channel_attention import EfficientChannelAttention
from builder.ops.gated_linear_unit import GatedLinearUnit
from builder.ops.generalized_mean_pool import GeneralizedMeanPool
from builder.ops.linear import Linear
from builder.ops.merging import Add, Concat, Divide, JoinPlaces, Maximum, Multiply, Narrow, ReadPlace
from builder.ops.normalization import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LayerNorm2d,
    LocalResponseNorm,
)
from builder.ops.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, ChannelMax, ChannelMean, MaxPool
from builder.ops.regularization import Dropout, Dropout2d, StochasticDepth
from builder.ops.resampling import BlurPool, Pad, PadChannels, Upsample
from builder.ops.reshaping import (
    ChannelShuffle,
    Crop,
    ExpandAs,
    Flatten,
    Identity,
    Mean,
    PixelUnshuffle,
    Unflatten,
)
from builder.ops.scaling import Affine, Rescale, Scale, Shift, ThresholdedLinear
from builder.ops.softmax import Softmax
from builder.ops.squeeze_excitation import SqueezeExcitation
from builder.ops.statistics import Reduce, Rsqrt, Sqrt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.ops.base import Operation

_ALL: tuple[type[Operation], ...] = (
    Conv,
    StandardizedConv,
    ConditionalConv,
    BatchNorm,
    LayerNorm2d,
    LayerNorm,
    GroupNorm,
    InstanceNorm,
    LocalResponseNorm,
    *ACTIVATIONS,
    GatedLinearUnit,
    Softmax,
    MaxPool,
    AvgPool,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    ChannelMean,
    ChannelMax,
    GeneralizedMeanPool,
    ContextPool,
    BlurPool,
    Linear,
    Flatten,
    Unflatten,
    Dropout,
    Dropout2d,
    StochasticDepth,
    SqueezeExcitation,
    CoordinateAttention,
    EfficientChannelAttention,
    Scale,
    Shift,
    ThresholdedLinear,
    Affine,
    Rescale,
    Reduce,
    Sqrt,
    Rsqrt,
    Crop,
    Permute,
    Contiguous,
    Mean,
    ChannelShuffle,
    PixelUnshuffle,
    Pad,
    PadChannels,
    Upsample,
    Identity,
    JoinPlaces,
    ReadPlace,
    ExpandAs,
    Narrow,
)

Operations: TypeAlias = "Mapping[str, type[Operation]]"
"""Operations by the word on the page."""

OPERATIONS: Operations = MappingProxyType({each.kind: each for each in _ALL})
"""Every operation that is always there, convolution first."""

MERGES: Operations = MappingProxyType({each.kind: each for each in (Add, Concat, Multiply, Divide, Maximum)})
"""What ``merge:`` may say."""

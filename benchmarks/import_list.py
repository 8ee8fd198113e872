"""Write the names that ``import_names.py`` measures: ``import_list.py > import_names.txt``.

torchvision: the 68 members that are shipped as pages. timm: every name of ``timm.list_models()`` that is convolutional
and has no attention, by this rule. The network is made on the meta device, without weights.

1. It has a convolution whose windows overlap, ``nn.Conv2d`` with a kernel larger than its stride and larger than 1:
   networks that only cut an image into patches are no convolutional ones.
2. No module has a class whose name holds one of ``ATTENTION``, unless it is one of ``GATES``: these weigh channels or
   positions by numbers that a few layers compute, as squeeze-and-excitation does.

Both lists were written by reading the names of all classes, before any network was measured.
"""

import sys
import warnings

import timm
import torch
import torchvision
from torch import nn

from builder.shipped import shipped_names

ATTENTION = (
    "attention",
    "attn",
    "mhsa",
    "mhca",
    "shsa",
    "transformer",
    "lambda",
    "halo",
    "nonlocal",
    "shma",
    "litemla",
)
GATES = ("SelectiveKernelAttn", "SplitAttn", "ChannelAttn", "SpatialAttn", "LightChannelAttn", "LightSpatialAttn")


class AttentionError(Exception):
    """A module with attention is being made."""


def is_meant(name: str) -> bool:
    """Return whether a network is convolutional and has no attention; its making stops at the first."""
    begin = nn.Module.__init__

    def begin_unless_attention(self: nn.Module, *args: object, **kwargs: object) -> None:
        kind = type(self).__name__
        if kind not in GATES and any(word in kind.lower() for word in ATTENTION):
            raise AttentionError
        begin(self, *args, **kwargs)

    nn.Module.__init__ = begin_unless_attention
    try:
        net = made(name)
    except AttentionError:
        return False
    finally:
        nn.Module.__init__ = begin
    print(name, *sorted({type(module).__name__ for module in net.modules()}), file=sys.stderr, flush=True)
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    return any(max(each.kernel_size) > max(1, min(each.stride)) for each in convolutions)


def made(name: str) -> nn.Module:
    """Return a network of timm without numbers, or with them where it asks for values while it is made."""
    try:
        with torch.device("meta"):
            return timm.create_model(name)
    except (NotImplementedError, RuntimeError):
        return timm.create_model(name)


def main() -> None:
    """Print the names, one a line."""
    warnings.simplefilter("ignore")
    known = set(torchvision.models.list_models(module=torchvision.models))
    print(f"# torchvision {torchvision.__version__.partition('+')[0]}, timm {timm.__version__}; see import_list.py")
    for name in sorted(known & set(shipped_names())):
        print(f"torchvision:{name}")
    for name in timm.list_models():
        if is_meant(name):
            print(f"timm:{name}", flush=True)


if __name__ == "__main__":
    main()

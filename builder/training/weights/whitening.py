"""A first convolution that whitens what it sees: its outputs are uncorrelated and of variance 1, without learning it.

https://arxiv.org/abs/2404.00498, section 3.2; first in https://github.com/tysam-code/hlb-CIFAR10.
"""

from __future__ import annotations

import torch
from torch import nn

from builder.diagnostics import RunError

IMAGES = 5000  # of the first training images, whose patches are enough
BLOCK = 250  # images whose patches are held at a time
SMALLEST = 5e-4  # added to each variance, so that what hardly varies is not blown up


@torch.no_grad()
def whiten_first_convolution(model: nn.Module, images: torch.Tensor) -> None:
    """Let the first convolution of ``model`` whiten the patches that it sees of normalized ``images`` (N, C, H, W).

    Its filters are the principal directions of the patches, largest variance first, each divided by its deviation, and
    their negatives, so that a ReLU behind keeps both signs. What they add to nothing, its bias, begins with 0.
    Raises RunError where there is no convolution, or it has groups, or more filters than there are such directions.
    """
    found = [(name, each) for name, each in model.named_modules() if isinstance(each, nn.Conv2d)]
    if not found:
        raise RunError("`whiten` is for a network that has a convolution", "leave it out: --set whiten=false")
    name, convolution = found[0]
    weight = convolution.weight
    directions, filters = weight[0].numel(), len(weight)
    if convolution.groups != 1 or filters > 2 * directions:
        message = (
            f"`whiten`: `{name}` has {filters} filters over patches of {directions} numbers, in {convolution.groups} "
            f"group{'s' * (convolution.groups > 1)}; one group and at most {2 * directions} filters can be whitened"
        )
        raise RunError(message, "use fewer filters there, or leave it out: --set whiten=false")
    values, vectors = torch.linalg.eigh(_covariance(convolution, images))
    scaled = (vectors / (values.clamp(min=0) + SMALLEST).sqrt()).T.flip(0)[: -(-filters // 2)]
    chosen = torch.cat([scaled, -scaled])[:filters]
    weight.copy_(chosen.view_as(weight).to(weight.dtype))
    if convolution.bias is not None:
        convolution.bias.zero_()


def freeze_first_convolution(model: nn.Module) -> None:
    """Let the filters of the first convolution stay as they are; its bias goes on learning."""
    for each in model.modules():
        if isinstance(each, nn.Conv2d):
            each.weight.requires_grad = False
            return


def _covariance(convolution: nn.Conv2d, images: torch.Tensor) -> torch.Tensor:
    """Return the covariance (numbers of a patch, twice) of the patches that ``convolution`` sees, in float64.

    It is summed on the CPU, block by block, so that it is the same in every process. Padding is not seen.
    """
    side, dilation, stride = map(_pair, (convolution.kernel_size, convolution.dilation, convolution.stride))
    count, total, products = 0, torch.zeros(()), torch.zeros(())
    for block in torch.split(images.cpu().contiguous(), BLOCK):
        unfolded = nn.functional.unfold(block, side, dilation=dilation, stride=stride)
        patches = unfolded.transpose(1, 2).flatten(0, 1).double()
        count += len(patches)
        total, products = total + patches.sum(0), products + patches.T @ patches
    mean = total / count
    return (products / count - mean.outer(mean)).to(torch.float64)


def _pair(sides: tuple[int, ...]) -> tuple[int, int]:
    return sides[0], sides[1]

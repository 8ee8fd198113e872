"""How long a training step takes beside torchvision's module: ``python benchmarks/step_overhead.py resnet18``.

Steps of both are taken in turn, so that a busy machine slows both; the figure is the median of the ratios of the pairs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import torch
from torch import nn
from torchvision.models import get_model

import builder

if TYPE_CHECKING:
    from collections.abc import Callable


def stepper(module: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Callable[[], float]:
    """Return a function that takes one training step and returns its seconds."""
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3, momentum=0.9)
    module.train()

    def step() -> float:
        start = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(images), labels).backward()
        optimizer.step()
        if images.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return step


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=["alexnet", "resnet18"])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    images = torch.rand(options.batch, 3, options.size, options.size, device=options.device)
    labels = torch.randint(1000, (options.batch,), device=options.device)
    for name in options.networks:
        modules = (builder.build(name), get_model(name))
        mine, other = (stepper(module.to(options.device), images, labels) for module in modules)
        mine(), other()
        pairs = [(mine(), other()) if number % 2 else (other(), mine())[::-1] for number in range(options.pairs)]
        ratio = statistics.median(a / b for a, b in pairs)
        seconds = [statistics.median(each) for each in zip(*pairs, strict=True)]
        print(f"{name}: {seconds[0] * 1e3:.1f} ms, torchvision {seconds[1] * 1e3:.1f} ms, ratio {ratio:.4f}")


if __name__ == "__main__":
    main()

"""What ``--deterministic`` costs: ``python -m benchmarks.determinism alexnet resnet20 --batch 32``.

Steps with and without are taken in turn by one network, so that a busy machine slows both; the figure is the median of
the ratios of the pairs, with the middle half of them.
"""

from __future__ import annotations

import argparse
from statistics import quantiles
from time import perf_counter

import torch

import builder
from builder.training.data.batches import Batches
from builder.training.data.dataset import Split
from builder.training.device.determinism import set_workspace
from builder.training.device.precision import Precision
from builder.training.recipe.recipe import load_recipe
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep


def ratios(network: str, options: argparse.Namespace) -> list[float]:
    """Return how many times longer a deterministic step took than one that is not, pair by pair."""
    device = torch.device(options.device)
    recipe = load_recipe("lab").model_copy(update={"batch_size": options.batch, "crop_pct": 1.0})
    model = builder.build(network).to(device)
    images = torch.randint(0, 256, (options.batch, 3, options.size, options.size), dtype=torch.uint8)
    batches = Batches(Split(images, torch.randint(0, 10, (options.batch,))), recipe, device)
    train_on = EagerStep(model, make_optimizer(recipe.optimizer, model), recipe)

    def seconds(deterministic: bool) -> float:
        start = perf_counter()
        with Precision(deterministic=deterministic).on(device):
            for _ in range(options.steps):
                train_epoch(train_on, batches, recipe, EpochTally.empty(1, 1, device), 0, lambda _done: None)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return perf_counter() - start

    seconds(True), seconds(False)
    found = []
    for number in range(options.pairs):
        first = bool(number % 2)
        one, other = seconds(first), seconds(not first)
        found.append(one / other if first else other / one)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=1, help="in each half of a pair")
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    set_workspace()
    for network in options.networks:
        low, middle, high = quantiles(ratios(network, options), n=4)
        what = f"{options.batch} of {options.size}×{options.size}, {options.pairs} pairs"
        print(f"{network}, {what}: {middle:.3f} times as long ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()

"""Loss curves in bf16 beside float32: ``python -m benchmarks.precision_curves resnet20 --data-dir data --seeds 3``.

``--format fp32`` sets float32 with channels last beside it instead, with ``--results`` of its own. Both begin with the
same weights and see the same images in the same order, seed by seed, on a part of CIFAR-10. The numbers of each run are
kept as JSON in ``--results``, where finished ones are not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from matplotlib.figure import Figure

import builder
from builder.training.data.named import load
from builder.training.device.execution import Execution
from builder.training.device.precision import PLAIN, Precision
from builder.training.figures.style import save, styled
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_folder import RunFolder
from builder.training.randomness import seed_globally
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.recipe.schedule import Cosine
from builder.training.trainer import train

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet

COLORS = {"plain": "#555555", "fast": "#0072B2"}


def recipe(epochs: int, seed: int) -> Recipe:
    """Return what all are trained by: 4,000 images in batches of 64, 1,000 held out."""
    optimizer = Sgd(name="sgd", lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.0005)
    return Recipe(
        name="curves",
        epochs=epochs,
        batch_size=64,
        optimizer=optimizer,
        schedule=Cosine(name="cosine", warmup=1),
        init="kaiming_normal",
        size=32,
        validation=1000,
        seed=seed,
    )


def trained(network: str, data: DataSet, wanted: Recipe, precision: Precision) -> list[dict[str, float]]:
    """Train from the seed's weights and return the row of every epoch."""
    seed_globally(wanted.seed)
    model = builder.build(network, classes=10)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        train(model, data, wanted, run, torch.device("cpu"), execution=Execution(precision))
        rows = read_metrics(run.metrics)
    return [{"train_loss": row.train_loss, "val_loss": row.val_loss, "val_accuracy": row.val_accuracy} for row in rows]


def draw(
    network: str, precisions: dict[str, Precision], curves: dict[str, list[list[dict[str, float]]]], path: Path
) -> None:
    """Draw every seed's training and validation loss, both precisions over each other."""
    with styled():
        figure = Figure(figsize=(5.2, 3.0), layout="constrained")
        for place, quantity in enumerate(("train_loss", "val_loss"), 1):
            axes = figure.add_subplot(1, 2, place)
            for name, runs in curves.items():
                for number, rows in enumerate(runs):
                    label = str(precisions[name]) if number == 0 else None
                    style = "-" if name == "plain" else "--"
                    epochs = range(1, len(rows) + 1)
                    values = [row[quantity] for row in rows]
                    axes.plot(epochs, values, style, color=COLORS[name], linewidth=1.1, label=label)
            axes.set(xlabel="Epoch", ylabel=quantity.replace("train_", "Training ").replace("val_", "Validation "))
        axes.legend(frameon=False, fontsize=8)
        figure.suptitle(f"{network}, {len(curves['plain'])} seeds", fontsize=9)
        save(figure, [path.with_suffix(".svg"), path.with_suffix(".png")])


def main() -> None:
    """Train what is missing, draw, and print the differences of pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", default="alexnet_tiny")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("precision-curves"))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, default=None, help="the figure, without suffix")
    parser.add_argument("--format", choices=["bf16", "fp32"], default="bf16", help="of what is set beside float32")
    options = parser.parse_args()
    precisions = {"plain": PLAIN, "fast": Precision(options.format, "channels_last")}
    options.results.mkdir(parents=True, exist_ok=True)
    data = load("cifar10", options.data_dir).hold_out(10_000, 0).subset(4000, 0)
    curves: dict[str, list[list[dict[str, float]]]] = {name: [] for name in precisions}
    for seed in range(options.seeds):
        for name, precision in precisions.items():
            kept = options.results / f"{options.network}-{name}-{seed}.json"
            if not kept.exists():
                rows = trained(options.network, data, recipe(options.epochs, seed), precision)
                kept.write_text(json.dumps(rows, indent=1) + "\n")
            curves[name].append(json.loads(kept.read_text()))
    if options.output:
        draw(options.network, precisions, curves, options.output)
    for quantity in ("train_loss", "val_loss", "val_accuracy"):
        ends = {name: [rows[-1][quantity] for rows in runs] for name, runs in curves.items()}
        pairs = [fast - plain for plain, fast in zip(ends["plain"], ends["fast"], strict=True)]
        means = ", ".join(f"{name} {statistics.fmean(each):.4f}" for name, each in ends.items())
        seeds = ", ".join(f"{name} {statistics.stdev(each):.4f}" for name, each in ends.items())
        difference = f"{statistics.fmean(pairs):+.4f} (standard deviation of pairs {statistics.stdev(pairs):.4f})"
        difference = f"fast - plain {difference}, n={len(pairs)}"
        print(f"{options.network} {quantity}: {means}; between seeds {seeds}; {difference}")


if __name__ == "__main__":
    main()

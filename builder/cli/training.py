"""Commands that train, or measure how fast training is: train, resume, bench."""

from pathlib import Path
from typing import Annotated

import typer

from builder.choices import KeepName
from builder.cli import completion
from builder.cli.options import (
    Curves,
    Data,
    DataDir,
    Device,
    Json,
    LayoutOption,
    Logs,
    OwnDataDir,
    OwnThreads,
    PageFile,
    Plugins,
    PrecisionOption,
    Quiet,
    Recipe,
    RunsDir,
    Settings,
    StepOption,
    ThreadsOption,
    Verbose,
    Weights,
    choices,
)
from builder.commands.terminal.console import answer_with
from builder.training.recipe.data_sets import DEFAULT_DATA, RANDOM_DATA, BenchData

Epochs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Short for --set epochs=N.")]


def train(
    file: PageFile,
    data: Data = DEFAULT_DATA,
    data_dir: DataDir = Path("data"),
    recipe: Recipe = None,
    settings: Settings = None,
    epochs: Epochs = None,
    lr: Annotated[float | None, typer.Option("--lr", metavar="RATE", help="Short for --set lr=RATE.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, metavar="N", help="Short for --set batch_size=N.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="S", help="Short for --set seed=S.")] = None,
    subset: Annotated[int | None, typer.Option(min=1, metavar="N", help="Train on N images only.")] = None,
    device: Device = "auto",
    weights: Weights = None,
    runs_dir: RunsDir = Path("runs"),
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The run's folder is NAME-001, NAME-002, …", show_default="the page's name"),
    ] = None,
    precision: PrecisionOption = "auto",
    layout: LayoutOption = "auto",
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Use deterministic algorithms only, also on a GPU.")
    ] = False,
    step: StepOption = "auto",
    keep: Annotated[
        KeepName,
        typer.Option(
            metavar=choices(KeepName), help="Checkpoints left at the end; only with all can the run be trained longer."
        ),
    ] = "all",
    threads: ThreadsOption = None,
    log: Logs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and train nothing.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Train a network.

    Each run is kept in its own folder, with checkpoints, metrics and curves. The last line printed is its path.

    $ archcli train alexse_both --data digits
    $ archcli train mine.yaml --recipe lab --epochs 2 --lr 0.01 --subset 10000
    $ archcli train mine.yaml --dry-run
    """
    from builder.commands.terminal.training_progress import TrainingProgress

    with TrainingProgress(quiet=quiet, verbose=verbose) as watch:
        from builder.commands import train as command
        from builder.runs.prepare import TrainOptions

        request = TrainOptions(
            page=file,
            data=data,
            data_dir=data_dir,
            recipe=recipe,
            settings=(*(settings or ()), *_set(epochs=epochs, lr=lr, batch_size=batch_size)),
            subset=subset,
            seed=seed,
            device=device,
            weights=weights,
            runs_dir=runs_dir,
            name=name,
            dry_run=dry_run,
            plugins=tuple(plugin or ()),
            precision=None if precision == "auto" else precision,
            layout=None if layout == "auto" else layout,
            deterministic=deterministic,
            step=step,
            keep=keep,
            threads=threads,
            logs=tuple(log or ()),
        )
        trained = command.run(request, watch.begin, watch, watch.note)
    from builder.commands.text import training as text

    answer_with(trained, text.trained, as_json)


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", autocompletion=completion.run)],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="epochs=N", help="Train more epochs than the run had.")
    ] = None,
    epochs: Epochs = None,
    data_dir: OwnDataDir = None,
    device: Device = "auto",
    step: StepOption = "auto",
    threads: OwnThreads = None,
    log: Logs = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Continue a run that was stopped, or train it longer.

    However it was stopped, it ends with the same weights and metrics as an uninterrupted run.

    $ archcli resume runs/alexnet_tiny-001
    $ archcli resume runs/alexnet_tiny-001 --epochs 40
    """
    from builder.commands.terminal.training_progress import TrainingProgress

    with TrainingProgress(quiet=quiet, verbose=verbose) as watch:
        from builder.commands import resume as command

        request = command.ResumeOptions(
            run=run,
            settings=(*(settings or ()), *_set(epochs=epochs)),
            device=device,
            data_dir=data_dir,
            plugins=tuple(plugin or ()),
            step=step,
            threads=threads,
            logs=tuple(log or ()),
        )
        trained = command.run(request, watch.begin, watch, watch.note)
    from builder.commands.text import training as text

    answer_with(trained, text.trained, as_json)


def bench(
    file: PageFile,
    batch: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Batch size.", show_default="the recipe's")
    ] = None,
    data: Annotated[
        BenchData, typer.Option(metavar=choices(BenchData), help="Real images, or random ones of 32×32.")
    ] = RANDOM_DATA,
    data_dir: DataDir = Path("data"),
    recipe: Recipe = None,
    settings: Settings = None,
    device: Device = "auto",
    precision: PrecisionOption = "auto",
    layout: LayoutOption = "auto",
    step: StepOption = "auto",
    threads: ThreadsOption = None,
    workers: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Workers of the DataLoader.", show_default="0 on a CPU, else 4"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="How long to measure; at least 3 rounds.")
    ] = 30.0,
    output: Curves = None,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Measure how fast a network trains on this machine.

    Compares with the plain loop of PyTorch's tutorial, with other precisions and with the limit of the hardware.
    Nothing is kept.

    $ archcli bench alexnet --batch 32
    $ archcli bench mine.yaml --seconds 60 -o speed.svg
    """
    from builder.commands.terminal.bench_progress import BenchProgress

    with BenchProgress(seconds, quiet=quiet) as meter:
        from builder.commands import bench as command
        from builder.commands.text import bench as bench_text
        from builder.runs.prepare import TrainOptions

        request = TrainOptions(
            page=file,
            data=data,
            data_dir=data_dir,
            recipe=recipe,
            settings=(*(settings or ()), *_set(batch_size=batch)),
            device=device,
            plugins=tuple(plugin or ()),
            precision=None if precision == "auto" else precision,
            layout=None if layout == "auto" else layout,
            step=step,
            threads=threads,
        )
        benched = command.run(request, seconds=seconds, workers=workers, figures=output or (), on_round=meter)
    answer_with(benched, bench_text.benched, as_json)


def _set(*, epochs: int | None = None, lr: float | None = None, batch_size: int | None = None) -> tuple[str, ...]:
    """Return short options as what ``--set`` takes."""
    given = {"epochs": epochs, "lr": lr, "batch_size": batch_size}
    return tuple(f"{name}={value}" for name, value in given.items() if value is not None)

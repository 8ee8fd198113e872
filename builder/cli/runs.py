"""Commands about what was trained: evaluate, predict, compare, export."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.choices import SplitName
from builder.cli import completion
from builder.cli.forms import one_form
from builder.cli.options import (
    Classes,
    Curves,
    Device,
    Json,
    Latex,
    OwnDataDir,
    OwnThreads,
    Plugins,
    Quiet,
    Weights,
    check_named,
    choices,
    data_home,
    named,
    to_stdout,
)
from builder.commands.export_forms import EXPORT_FORMS, ExportFormName
from builder.commands.terminal.console import answer_in_pieces, answer_with, is_terminal, say
from builder.commands.terminal.exit_codes import FAILED
from builder.commands.terminal.loading import DeviceNote, Loading
from builder.training.recipe.data_sets import DataName

RunOrFile = Annotated[
    str,
    typer.Argument(
        metavar="RUN|FILE",
        help="The folder of a run, a page, or a shipped network.",
        autocompletion=completion.page_or_run,
    ),
]


OtherWeights = Annotated[
    str | None,
    typer.Option(metavar="FILE|torchvision:NAME", help="Other weights; a page needs them.", show_default="the best"),
]
PageRecipe = Annotated[
    str | None,
    typer.Option(metavar="RECIPE", help="Recipe that prepares the images of a page.", autocompletion=completion.recipe),
]


def evaluate(
    what: RunOrFile,
    split: Annotated[SplitName, typer.Option(metavar=choices(SplitName), help="Split to evaluate on.")] = "test",
    data: Annotated[
        DataName | None, typer.Option(metavar=choices(DataName), help="Data set.", show_default="the run's")
    ] = None,
    data_dir: OwnDataDir = None,
    weights: OtherWeights = None,
    recipe: PageRecipe = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder for figures.", show_default="the run's", callback=named
        ),
    ] = None,
    device: Device = "auto",
    threads: OwnThreads = None,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Evaluate the best weights of a run, or other weights.

    The confusion matrix and the most confident mistakes are drawn into the run's folder, or into the folder of -o.

    $ archcli evaluate runs/alexnet_tiny-001
    $ archcli evaluate resnet18 --weights torchvision:resnet18 --data imagefolder
    """
    from builder.commands.terminal.training_progress import TrainingProgress

    with TrainingProgress(quiet=quiet) as watch:
        from builder.commands import evaluate as command

        asked = command.EvaluateOptions(
            what=what,
            split=split,
            data=data,
            data_dir=data_dir,
            data_home=data_home(),
            device=device,
            weights=weights,
            recipe=recipe,
            plugins=tuple(plugin or ()),
            output=output,
            threads=threads,
        )
        found = command.run(asked, watch, watch.note)
    for warning in (*found.unchecked, *found.warnings):
        say(f"warning: {warning}")
    from builder.commands.text import training as text

    answer_with(found, text.evaluated, as_json)


def predict(
    what: RunOrFile,
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE", help="Image files, or folders of them at any depth.", autocompletion=completion.image
        ),
    ],
    top: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Show the N most probable classes of an image.", show_default="5"),
    ] = None,
    weights: OtherWeights = None,
    recipe: PageRecipe = None,
    classes: Classes = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Images that are computed at a time.", show_default="128"),
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per image.")] = False,
    as_json: Json = False,
) -> None:
    """Predict the classes of images, with probabilities.

    Images are prepared as the validation images of the run. Files that cannot be read are named at the end; the exit
    code is then 1.

    $ archcli predict runs/alexnet_tiny-001 photo.jpg more-photos/
    $ archcli predict resnet18 --weights torchvision:resnet18 photo.jpg
    $ archcli predict runs/alexnet_tiny-001 photos/ --csv > classes.csv
    """
    form = one_form(csv=as_csv, json=as_json)
    with Loading(quiet=quiet) as loading:
        from builder.commands import predict as command
        from builder.commands.terminal.training_progress import TrainingProgress
        from builder.commands.text import predict as predict_text

        asked = command.PredictOptions(
            what=what,
            images=tuple(images),
            weights=weights,
            recipe=recipe,
            classes=classes,
            batch_size=batch_size,
            device=device,
            plugins=tuple(plugin or ()),
        )
        appears = is_terminal(sys.stdout)  # where results appear, they show progress
        with TrainingProgress(quiet=quiet or appears) as watch:
            found = command.run(asked, watch, loading.note)
            loading.clear()
            for warning in (*found.unchecked, *found.warnings):
                watch.note(f"warning: {warning}")
            if appears and not quiet:
                DeviceNote(watch.note).tell()
            renders = {"csv": predict_text.as_csv, "json": predict_text.as_json}
            render = renders.get(form or "")
            answer_in_pieces(render(found) if render else predict_text.predicted(found, top))
    for each in found.unreadable:
        say(f"error: {each.reason}")
    if len(found.unreadable) == len(found.files):
        say("  help: there is no result; JPEG, PNG, PPM, BMP, TIFF and WebP images can be read")
    sys.exit(FAILED if found.unreadable else 0)


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Folders of runs, finished or not.", autocompletion=completion.run),
    ],
    output: Curves = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per run.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    as_latex: Latex = False,
    as_json: Json = False,
) -> None:
    """Compare runs: their results, and the settings that differ.

    Runs that differ only in the seed are also shown as one, with mean and standard deviation. -o draws the curves.

    $ archcli compare runs/*
    $ archcli compare runs/alexnet-001 runs/alexse_both-001 -o curves.svg
    """
    from builder.commands import compare as command
    from builder.commands.text import compare as compare_text

    form = one_form(csv=as_csv, markdown=as_markdown, latex=as_latex, json=as_json)
    compared = command.run(runs, output or ())
    for warning in (*compared.unchecked, *compared.warnings):
        say(f"warning: {warning}")
    renders = {"csv": compare_text.as_csv, "markdown": compare_text.markdown, "latex": compare_text.latex}
    answer_with(compared, renders.get(form or "", compare_text.compared), as_json)


def export(
    what: RunOrFile,
    form: Annotated[
        ExportFormName,
        typer.Option("--to", metavar=choices(ExportFormName), help="Source code, weights, or a program."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file; `-` is stdout, for source."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of the initial weights of a page.")] = 0,
    weights: Weights = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Export a network for programs that do not have archcli.

    Source is printed unless -o names a file; everything else is written to NAME with the form's suffix.
    ONNX and pt2 are programs for any number of images, and are compared with the network before they are written.

    $ archcli export alexse_both --to python -o alexse_both.py
    $ archcli export runs/alexnet_tiny-001 --to safetensors -o weights.safetensors
    $ archcli export runs/alexnet_tiny-001 --to onnx
    """
    if EXPORT_FORMS[form].suffix is not None:
        check_named("--output", f"FILE.{EXPORT_FORMS[form].suffix}", output)
    with Loading(quiet=not EXPORT_FORMS[form].has_weights) as loading:
        from builder.commands import export as command

        exported = command.run(
            what,
            form=form,
            output=to_stdout(output),
            seed=seed,
            weights=weights,
            plugins=tuple(plugin or ()),
            on_fetch=loading.note,
        )
    for warning in exported.unchecked:
        say(f"warning: {warning}")
    from builder.commands.text import pages as text

    answer_with(exported, text.exported, as_json)

"""The command line: options and exit codes. What a command does stands in ``builder/commands/``.

A command's module is imported when the command runs, so that ``--help`` and everything that needs no tensor
answer at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from builder.choices import (
    Format,
    Highlight,
    Level,
    MemoryFormat,
    SchemaKind,
    Shapes,
    SortKey,
    SplitName,
    StepName,
    ThemeName,
    Width,
)
from builder.commands.export_forms import ExportFormName
from builder.commands.terminal.console import answer, complain, open_streams, say
from builder.commands.terminal.exit_codes import FAILED, INVALID, end_when_terminated, exit_codes, leave_when_terminated
from builder.commands.text import pages as text
from builder.commands.text import training as training_text
from builder.json_output import encode
from builder.runs import processes
from builder.training.recipe.data_sets import DEFAULT_DATA, RANDOM_DATA, BenchData, DataName

app = typer.Typer(
    name="archcli",
    help="Write a network as one YAML page: check it, price it, draw it, vary it, train it.",
    epilog="FILE is the path of a page or the name of a shipped network, such as alexnet or resnet18.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[str, typer.Argument(metavar="FILE", help="A page, or the name of a shipped network.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE", help="Pages, or names of shipped networks.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")]
DataDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Where data sets lie, or are put.")]
RunsDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Where runs lie.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to compute; auto takes the best there is.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also the whole recipe and every weight's name.")]
Weights = Annotated[
    str | None,
    typer.Option(metavar="FILE|torchvision:NAME", help="Begin with these, as far as names and shapes fit."),
]
Plugins = Annotated[
    list[Path] | None, typer.Option(metavar="FILE.py", help="Operations of your own; runs the file; may be repeated.")
]
PrecisionOption = Annotated[
    Literal["auto", Format], typer.Option(help="Number format of products; auto takes what pays here.")
]
LayoutOption = Annotated[Literal["auto", MemoryFormat], typer.Option(help="Order of images in memory; auto as above.")]
StepOption = Annotated[StepName, typer.Option(help="Steps as one CUDA graph, or not; auto takes it where it can.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]

Value = TypeVar("Value")


study_app = typer.Typer(
    help="Many runs for one question: plan them, run them, watch them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(study_app, name="study")

Study = Annotated[str, typer.Argument(metavar="FILE|FOLDER", help="A study's page, a shipped study, or its folder.")]
StudiesDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Where studies lie.")]
StudyData = Annotated[
    Path | None, typer.Option("--data-dir", metavar="FOLDER", help="Where data sets lie, or are put.")
]
Workers = Annotated[int | None, typer.Option(min=1, metavar="N", help="Cells side by side; by default what fits.")]
Anew = Annotated[bool, typer.Option("--new", help="Plan it once more, in a folder of its own.")]


def main() -> None:
    """Run ``archcli``; leaves by SystemExit with one of the codes that ``failing`` lists."""
    open_streams()
    leave_when_terminated()
    try:
        with exit_codes():  # help and version are written before any command begins
            app()
    finally:
        end_when_terminated()


def _answer(value: Value, render: Callable[[Value], str], as_json: bool) -> None:
    answer(encode(value) if as_json else render(value))


def _version(wanted: bool) -> None:
    if wanted:
        from builder.commands import version

        answer(f"archcli {version.run()}")
        raise typer.Exit


@app.callback()
@exit_codes()
def program(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    processes.check_together(context.invoked_subcommand)


@app.command()
@exit_codes()
def check(files: Files, plugin: Plugins = None, as_json: Json = False) -> None:
    """Report every mistake of every FILE.

    A FILE may also be a training recipe or a study.
    """
    from builder.commands import check as command

    checked = command.run(files, plugin or ())
    if not as_json:
        complain(*checked.mistakes)
    _answer(checked, text.checked, as_json)
    sys.exit(0 if checked.is_valid else INVALID)


@app.command()
@exit_codes()
def show(
    file: File,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print one page that says the same without extending another.")
    ] = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """List layers with their shapes and costs.

    MACs are multiply-accumulates for one image.
    """
    from builder.commands import show as command

    if resolved:
        _answer(command.run_resolved(file, plugin or ()), text.resolved, as_json)
    else:
        _answer(command.run(file, plugin or ()), text.network, as_json)


@app.command()
@exit_codes()
def draw(
    files: Files,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FIGURE", help="Ends in .svg, .png, .pdf or .dot; may be repeated."),
    ] = None,
    level: Annotated[Level, typer.Option(help="A box for each layer, or block.")] = "layer",
    theme: Annotated[ThemeName, typer.Option(help="Colours.")] = "light",
    shapes: Annotated[Shapes, typer.Option(help="Where sizes (channels × height × width) are written.")] = "changes",
    highlight: Annotated[Highlight, typer.Option(help="What is marked in a comparison.")] = "diff",
    width: Annotated[
        Width | None,
        typer.Option(help="Shrink to a column, two columns, or A4.", show_default=False),
    ] = None,
    legend: Annotated[bool, typer.Option("--legend", help="Say what the kinds of boxes mean.")] = False,
    fold: Annotated[
        list[str] | None,
        typer.Option(metavar="BLOCK", help="Draw it as one box; wildcards as in 'layer*.*'; may be repeated."),
    ] = None,
    expand: Annotated[
        list[str] | None,
        typer.Option(metavar="BLOCK", help="Open it at the level of blocks; may be repeated."),
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Draw one FILE, or several side by side.

    What differs is marked. The figure is written to NAME.svg unless -o names a file.
    """
    from builder.commands import draw as command
    from builder.emit.diagram import DrawOptions

    options = DrawOptions(theme, shapes, highlight, width, legend, tuple(fold or ()), tuple(expand or ()))
    _answer(command.run(files, output or [], level, options, plugin or ()), text.drawn, as_json)


@app.command()
@exit_codes()
def variants(
    file: File,
    insert: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER", help="As on a page: se, or 'se: {reduction: [8, 16]}' for either; repeated: one of."
        ),
    ] = None,
    among: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACES", help="Every subset of these places is a variant; may be repeated."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACES", help="All of these places at once are one variant; may be repeated."),
    ] = None,
    count: Annotated[str | None, typer.Option(metavar="N|N-M", help="How many places a subset has.")] = None,
    same_per: Annotated[
        str | None, typer.Option(metavar="BLOCKS", help="The same choice for all blocks inside each of these.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELDS", help="'block*: {shortcut: [none, auto]}'; repeatable."),
    ] = None,
    params: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A,B", help="A parameter of the page; may be repeated.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="'$parameters < 1.1 * $base_parameters'; repeatable.")
    ] = None,
    not_both: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Nothing at both of these places; may be repeated.")
    ] = None,
    uses: Annotated[str | None, typer.Option(metavar="PAGE", help="Templates to insert, such as gates.yaml.")] = None,
    classes: Annotated[int | None, typer.Option(min=1, metavar="N", help="Classes, if not the page's.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, metavar="N", help="Draw N variants at random.")] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Decides which are drawn.")] = 0,
    stratified: Annotated[
        bool, typer.Option("--stratified", help="Draw every number of places equally often.")
    ] = False,
    sort: Annotated[SortKey | None, typer.Option(help="By what to sort.")] = None,
    pareto: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only what no other beats in both, as in macs,parameters.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="List the first N only.")] = None,
    only_count: Annotated[bool, typer.Option("--only-count", help="Say only how many there are.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write a page for each variant.")
    ] = None,
    figure: Annotated[Path | None, typer.Option("--draw", metavar="FIGURE", help="Draw them side by side.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print lines of CSV as they are found.")] = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """List the networks of what may go where.

    PLACES is a selector such as 'block*.pre_activation' or Bottleneck.branch. Without options, FILE's own `variants:`.
    """
    from builder.commands import variants as command
    from builder.commands.space import SpaceOptions
    from builder.commands.text import variants as variants_text

    space = SpaceOptions(
        insert=tuple(insert or ()),
        among=tuple(among or ()),
        at=tuple(at or ()),
        count=count,
        same_per=same_per,
        set=tuple(settings or ()),
        params=tuple(params or ()),
        where=tuple(where or ()),
        not_both=tuple(not_both or ()),
    )
    asked = command.VariantsOptions(
        file, space, uses, classes, tuple(plugin or ()), (sample, seed, stratified) if sample is not None else None
    )
    listing = command.ListingOptions(sort, pareto, limit)
    if only_count:
        _answer(command.count(asked), variants_text.counted, as_json)
    elif as_csv:
        for line in command.csv_lines(asked, listing):
            answer(line)
    else:
        _answer(command.run(asked, listing, output, figure), variants_text.varied, as_json)


@app.command()
@exit_codes()
def diff(
    one: Annotated[str, typer.Argument(metavar="A", help="A page, or the name of a shipped network.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    classes: Annotated[int | None, typer.Option(min=1, metavar="N", help="Compare both with N classes.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say what separates two networks: blocks, layers, sizes and costs.

    What only has another name is no difference.
    """
    from builder.commands import diff as command
    from builder.commands.text import diff as diff_text

    _answer(command.run(one, other, classes, plugin or ()), diff_text.differing, as_json)


@app.command()
@exit_codes()
def train(
    file: File,
    data: Annotated[DataName, typer.Option(help="What to train on.")] = DEFAULT_DATA,
    data_dir: DataDir = Path("data"),
    recipe: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="A YAML file or a shipped recipe; by default the data set's.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a recipe's field; may be repeated.")
    ] = None,
    subset: Annotated[int | None, typer.Option(min=1, metavar="N", help="Train on N images only.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="S", help="Short for --set seed=S.")] = None,
    device: Device = "auto",
    weights: Weights = None,
    runs_dir: RunsDir = Path("runs"),
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The run's folder is NAME-001, NAME-002, …")] = None,
    precision: PrecisionOption = "auto",
    layout: LayoutOption = "auto",
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Only what gives the same bits every time, even on a GPU.")
    ] = False,
    step: StepOption = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Train FILE.

    Everything about the run is kept in a folder of its own, whose path is the last line that is printed.
    """
    from builder.commands import train as command
    from builder.commands.terminal.training_progress import TrainingProgress
    from builder.runs.prepare import TrainOptions

    request = TrainOptions(
        file,
        data,
        data_dir,
        recipe,
        tuple(settings or ()),
        subset,
        seed,
        device,
        weights,
        runs_dir,
        name,
        dry_run,
        tuple(plugin or ()),
        None if precision == "auto" else precision,
        None if layout == "auto" else layout,
        deterministic,
        step,
    )
    with TrainingProgress(quiet=quiet, verbose=verbose) as watch:
        trained = command.run(request, watch.begin, watch, say)
    _answer(trained, training_text.trained, as_json)


@app.command()
@exit_codes()
def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="epochs=N", help="Train more epochs than the run had.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where its data lie; by default where the run found them.")
    ] = None,
    device: Device = "auto",
    step: StepOption = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Go on with RUN.

    However it was stopped, it ends with the same weights and metrics as if nothing had happened.
    """
    from builder.commands import resume as command
    from builder.commands.terminal.training_progress import TrainingProgress

    with TrainingProgress(quiet=quiet, verbose=verbose) as watch:
        again = (tuple(settings or ()), device, data_dir, tuple(plugin or ()))
        trained = command.run(run, *again, watch.begin, watch, step)
    _answer(trained, training_text.trained, as_json)


@app.command()
@exit_codes()
def evaluate(
    what: Annotated[str, typer.Argument(metavar="RUN|FILE", help="The folder of a run; or a page, with --weights.")],
    split: Annotated[SplitName, typer.Option(help="Which images.")] = "test",
    data: Annotated[DataName | None, typer.Option(help="Another data set than the run's.", show_default=False)] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where it lies; by default where the run found it.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="FILE|torchvision:NAME", help="These instead of a run's best ones.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="Prepares the images for a page; a run has its own.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="For the pictures; by default the run's.")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say how good a run's best weights are, or others.

    The confusion matrix and the most confident mistakes are drawn into the run's folder, or into that of -o.
    """
    from builder.commands import evaluate as command
    from builder.commands.terminal.training_progress import TrainingProgress

    with TrainingProgress(quiet=quiet) as watch:
        found = command.run(
            command.EvaluateOptions(what, split, data, data_dir, device, weights, recipe, tuple(plugin or ()), output),
            watch,
            say,
        )
    for warning in found.warnings:
        say(f"warning: {warning}")
    _answer(found, training_text.evaluated, as_json)


@app.command()
@exit_codes()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of runs, finished or not.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FIGURE", help="Ends in .svg, .png or .pdf; may be repeated."),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print tables of Markdown.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a line of CSV for each run.")] = False,
    as_json: Json = False,
) -> None:
    """Compare RUNs: what they gave, and in what they differ.

    Runs that differ in nothing but the seed are also shown as one, with mean and spread. -o draws their curves.
    """
    from builder.commands import compare as command
    from builder.commands.text import compare as compare_text

    compared = command.run(runs, output or ())
    for warning in compared.warnings:
        say(f"warning: {warning}")
    render = compare_text.as_csv if as_csv else compare_text.markdown if as_markdown else compare_text.compared
    _answer(compared, render, as_json)


@app.command()
@exit_codes()
def bench(
    file: File,
    batch: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Images a step.", show_default="the recipe's")
    ] = None,
    data: Annotated[BenchData, typer.Option(help="Real images, or noise of 32×32.")] = RANDOM_DATA,
    data_dir: DataDir = Path("data"),
    recipe: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="A YAML file or a shipped recipe; by default the data set's.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a recipe's field; may be repeated.")
    ] = None,
    device: Device = "auto",
    precision: PrecisionOption = "auto",
    layout: LayoutOption = "auto",
    step: StepOption = "auto",
    workers: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Of the tutorial's DataLoader.", show_default="0 on a CPU, else 4"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="How long to measure, at least 3 rounds.")
    ] = 30.0,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FIGURE", help="Ends in .svg, .png or .pdf; may be repeated."),
    ] = None,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say how fast FILE trains here.

    Beside the plain loop of PyTorch's tutorial, other precisions, and what the hardware allows. Nothing is kept.
    """
    from builder.commands import bench as command
    from builder.commands.terminal.bench_progress import BenchProgress
    from builder.commands.text import bench as bench_text
    from builder.runs.prepare import TrainOptions

    changes = [*(settings or ()), *([f"batch_size={batch}"] if batch is not None else [])]
    request = TrainOptions(
        file,
        data,
        data_dir,
        recipe,
        tuple(changes),
        device=device,
        plugins=tuple(plugin or ()),
        precision=None if precision == "auto" else precision,
        layout=None if layout == "auto" else layout,
        step=step,
    )
    with BenchProgress(seconds, quiet=quiet) as meter:
        benched = command.run(request, seconds, workers, output or (), meter)
    _answer(benched, bench_text.benched, as_json)


@app.command()
@exit_codes()
def export(
    what: Annotated[str, typer.Argument(metavar="FILE|RUN", help="A page, a shipped network, or a run's folder.")],
    form: Annotated[ExportFormName, typer.Option("--to", help="Source, or weights.")],
    output: Output = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Draws the weights of a page.")] = 0,
    weights: Weights = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Write a network for programs that do not have archcli.

    Source goes to stdout unless a file is named; weights go to NAME.safetensors or NAME.pth.
    """
    from builder.commands import export as command

    _answer(command.run(what, form, output, seed, weights, tuple(plugin or ()), say), text.exported, as_json)


@study_app.command("plan")
@exit_codes()
def study_plan(
    file: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    data_dir: StudyData = None,
    device: Device = "auto",
    workers: Workers = None,
    anew: Anew = False,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say what a study would do, what it costs and how sure its answer can be, and write that down.

    Every network is measured for a moment. Nothing is run.
    """
    from builder.commands import study as command
    from builder.commands.terminal.study_progress import StudyProgress
    from builder.commands.text import study as study_text
    from builder.study.planning import PlanOptions

    asked = command.StudyOptions(file, PlanOptions(studies_dir, data_dir, device, workers, tuple(plugin or ())), anew)
    _answer(command.plan(asked, StudyProgress(quiet=quiet).measured), study_text.planned, as_json)


@study_app.command("run")
@exit_codes()
def study_run(
    file: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    data_dir: StudyData = None,
    device: Device = "auto",
    workers: Workers = None,
    anew: Anew = False,
    retry: Annotated[bool, typer.Option("--retry-failed", help="Try cells once more that have failed.")] = False,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on although the code that trains has changed.")
    ] = False,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Run what is not done of a study, as many cells side by side as this machine carries.

    It is planned first if it is not yet. However it is stopped, running it again goes on where it was.
    """
    from builder.commands import study as command
    from builder.commands.terminal.study_progress import StudyProgress
    from builder.commands.text import study as study_text
    from builder.study.planning import PlanOptions

    asked = command.StudyOptions(
        file, PlanOptions(studies_dir, data_dir, device, workers, tuple(plugin or ())), anew, retry, other_code
    )
    view = StudyProgress(quiet=quiet)
    try:
        now = command.run(asked, view.measured, view.planned, view.finished, view.turn)
    finally:
        view.leave()
    _answer(now, study_text.standing, as_json)
    sys.exit(FAILED if now.failures else 0)


@study_app.command("status")
@exit_codes()
def study_status(
    file: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again every second, until it is done.")] = False,
    as_json: Json = False,
) -> None:
    """Say how far a study is: what is done, running and failed, and the time left."""
    from builder.commands import study as command
    from builder.commands.terminal.study_progress import watch_status
    from builder.commands.text import study as study_text
    from builder.study.planning import PlanOptions

    asked = command.StudyOptions(file, PlanOptions(studies_dir))
    now = watch_status(lambda: command.status(asked)) if watch else command.status(asked)
    _answer(now, study_text.standing, as_json)


@study_app.command("worker")
@exit_codes()
def study_worker(
    file: Study,
    storage: Annotated[
        str,
        typer.Option(metavar="URL", help="postgresql://user:password@host/database, or mysql://…"),
    ],
    studies_dir: StudiesDir = Path("study-runs"),
    data_dir: StudyData = None,
    device: Device = "auto",
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on although the code that trains has changed.")
    ] = False,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Run cells of a study that many machines share in a database, until none is left.

    Start as many as there are cores or GPUs, on any machines, by any scheduler. In the end all results lie in the
    folder of each. Needs the extra `distributed`.
    """
    from builder.commands import study as command
    from builder.commands.terminal.study_progress import StudyProgress
    from builder.commands.text import study as study_text
    from builder.study.planning import PlanOptions

    asked = command.StudyOptions(
        file, PlanOptions(studies_dir, data_dir, device, None, tuple(plugin or ())), other_code=other_code
    )
    view = StudyProgress(quiet=quiet)
    now = command.worker(asked, storage, view.planned, view.ran)
    _answer(now, study_text.standing, as_json)
    sys.exit(FAILED if now.failures else 0)


@app.command()
@exit_codes()
def report(
    study: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where to write; by default STUDY/report."),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all comparisons as CSV.")] = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Say what a study found, and how sure that is.

    The answer, a page that needs nothing else (report.html), the same as Markdown and JSON, every run and every
    comparison as CSV. The page's path is the last line that is printed.
    """
    from builder.commands import report as command
    from builder.commands.text import report as report_text

    found = command.run(study, studies_dir, output, tuple(plugin or ()))
    if as_json:
        answer(command.json_text(found))
    elif as_csv:
        answer(command.csv_text(found))
    elif as_markdown:
        answer(command.markdown_text(found))
    else:
        answer(report_text.reported(found))


@app.command()
@exit_codes()
def schema(
    kind: Annotated[SchemaKind, typer.Argument(help="What is to be completed.")] = "page",
    output: Output = None,
    plugin: Plugins = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a page of documentation.")] = False,
) -> None:
    """Print the JSON Schema of a page, a recipe or a study.

    With it editors complete and check while you type.
    """
    from builder.commands import schema as command

    if as_markdown:
        answer(command.markdown(kind))
    else:
        answer(text.schema(command.run(kind, output, plugin or ())))


@app.command()
@exit_codes()
def init(name: Annotated[str, typer.Argument(metavar="NAME", help="The page is written to NAME.yaml.")]) -> None:
    """Write a small page to start from.

    Nothing is ever overwritten.
    """
    from builder.commands import init as command

    answer(text.initialized(command.run(name)))


@app.command()
@exit_codes()
def explain(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="As in error[CODE]; without it, all.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print all as a page of documentation.")] = False,
    as_json: Json = False,
) -> None:
    """Say what the code of a mistake means.

    With an example that has the mistake, and the same put right.
    """
    from builder.commands import explain as command

    if as_markdown:
        answer(command.markdown())
    else:
        _answer(command.run(code), text.explained, as_json)


@app.command()
@exit_codes()
def doctor(
    data_dir: DataDir = Path("data"),
    runs_dir: RunsDir = Path("runs"),
    as_json: Json = False,
) -> None:
    """Look whether everything is here that the program needs.

    Ends with 1 if something is missing.
    """
    from builder.commands import doctor as command

    examined = command.run(data_dir, runs_dir)
    _answer(examined, text.examined, as_json)
    sys.exit(0 if examined.is_well else FAILED)


if __name__ == "__main__":
    main()

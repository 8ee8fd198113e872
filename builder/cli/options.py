"""The options that several commands have, each described once."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar, get_args

import typer

from builder.choices import DATA_VARIABLE, DEVICE_VARIABLE, MOST_THREADS, RUNS_VARIABLE, Format, MemoryFormat, StepName
from builder.cli import completion
from builder.commands.terminal.console import say
from builder.diagnostics import ArchError, Diagnostic
from builder.shipped import shipped_recipes
from builder.training.recipe.data_sets import DataName


def choices(literal: object) -> str:
    """Return what help and messages show for a choice: its values with bars between them."""
    return "|".join(get_args(literal))


def running(file: str) -> None:
    """Say that a file of the user's is run."""
    say(f"running {file}, which is Python")


def data_home() -> Path:
    """Return where a command looks for data sets if neither an option nor what it reads says so."""
    return Path(os.environ.get(DATA_VARIABLE) or "data")


_STDOUT = Path("-")
_Output = TypeVar("_Output", Path | None, list[Path] | None)


def to_stdout(output: Path | None) -> Path | None:
    """Return where text goes: nowhere but to standard output, which `-` is, if no file is named."""
    return None if output == _STDOUT else output


def named(param: typer.CallbackParam, output: _Output) -> _Output:
    """Return an output that has to have a name; raise ArchError for `-`, standard output."""
    check_named(max(param.opts, key=len), param.metavar or "FILE", output)
    return output


def check_named(option: str, metavar: str, output: Path | list[Path] | None) -> None:
    """Raise ArchError where an ``option`` that needs a name is given `-`, standard output."""
    if _STDOUT in (output if isinstance(output, list) else [output]):
        message = f"`{option}` does not write to standard output, which `-` is"
        raise ArchError(Diagnostic("usage", message, None, f"write `{option} {metavar}`"))


FIGURES = "FILE.svg|png|pdf"

Precision: TypeAlias = Literal["auto", Format]
Layout: TypeAlias = Literal["auto", MemoryFormat]

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A page, the name of a shipped network, or MODULE.py:NAME, which is run.",
        autocompletion=completion.page,
    ),
]
PageFile = Annotated[
    str,
    typer.Argument(metavar="FILE", help="A page, or the name of a shipped network.", autocompletion=completion.page),
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Pages, names of shipped networks, or MODULE.py:NAME, which is run.",
        autocompletion=completion.page,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, with all digits of numbers.")]
Latex = Annotated[bool, typer.Option("--latex", help="Print a LaTeX table; it needs the package booktabs.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to this file instead of stdout, which `-` is.", callback=to_stdout
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, only the result.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also print the whole recipe and all weight names.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE.py", help="Python file with your own operations; it is executed."),
]
ImageSize = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="C,H,W",
        help="Size of an image, for a network in Python.",
        show_default="the first usual one that fits",
    ),
]
Classes = Annotated[int | None, typer.Option(min=1, metavar="N", help="Number of classes, instead of the page's.")]

Data = Annotated[DataName, typer.Option(metavar=choices(DataName), help="Data set to train on.")]
DataDir = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER", help="Folder of the data sets; missing ones are downloaded into it.", envvar=DATA_VARIABLE
    ),
]
OwnDataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", help="Folder of the data set.", show_default="the run's"),
]
RunsDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for runs.", envvar=RUNS_VARIABLE)]
Recipe = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE",
        help=f"Training recipe: a YAML file, or {', '.join(shipped_recipes())}.",
        show_default="the data set's",
        autocompletion=completion.recipe,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a field of the recipe, such as momentum=0.8."),
]
Weights = Annotated[
    str | None,
    typer.Option(metavar="FILE|torchvision:NAME", help="Initial weights; those whose name and shape fit are loaded."),
]

Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda",
        help="Device; auto takes the fastest one available.",
        envvar=DEVICE_VARIABLE,
        autocompletion=completion.one_of("auto", "cpu", "cuda"),
    ),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option(metavar=choices(Precision), help="Compute precision; auto picks the fastest that is safe here."),
]
LayoutOption = Annotated[
    Layout,
    typer.Option(metavar=choices(Layout), help="Memory format (contiguous or channels_last)."),
]
StepOption = Annotated[
    StepName,
    typer.Option(
        metavar=choices(StepName), help="Training step as one CUDA graph or eager; auto uses a graph if possible."
    ),
]
_Threads = partial(typer.Option, "--threads", min=1, max=MOST_THREADS, metavar="N")
ThreadsOption = Annotated[int | None, _Threads(help="Threads on a CPU; by default a short trial decides.")]
OwnThreads = Annotated[
    int | None, _Threads(help="Threads on a CPU; another number changes the last bits.", show_default="the run's")
]
Logs = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="tensorboard|FILE.py",
        help="Also log to TensorBoard, or to the class Logger of a file, which is run.",
    ),
]
Curves = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", metavar=FIGURES, help="Also draw a figure; the suffix is the format.", callback=named
    ),
]

Study = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study's page, the name of a shipped study, or the folder of a planned one.",
        autocompletion=completion.study,
    ),
]
StudiesDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of studies.")]
StudyData = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", help="Folder of the data sets.", show_default="data, or the plan's"),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Cells that run at the same time.", show_default="one per core or GPU"),
]
Anew = Annotated[bool, typer.Option("--new", help="Plan again, in a new folder.")]
OtherCode = Annotated[
    bool, typer.Option("--other-code", help="Continue although the code that trains has changed since the plan.")
]

"""The command line: options and exit codes. What a command does stands in ``builder/commands/``.

A command's module is imported when the command runs, so that ``--help`` and everything that needs no tensor
answer at once.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from builder.commands import text
from builder.commands.console import answer, complain
from builder.commands.data import encode
from builder.commands.failing import INVALID, exit_codes, leave_when_terminated

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

Value = TypeVar("Value")


def main() -> None:
    """Run ``archcli``; leaves by SystemExit with one of the codes that ``failing`` lists."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no × shows ?, and nothing breaks
    leave_when_terminated()
    app()


def _answer(value: Value, render: Callable[[Value], str], as_json: bool) -> None:
    answer(encode(value) if as_json else render(value))


def _version(wanted: bool) -> None:
    if wanted:
        from builder.commands import version

        answer(f"archcli {version.run()}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
@exit_codes()
def check(files: Files, as_json: Json = False) -> None:
    """Report every mistake of every FILE.

    A FILE may also be a training recipe.
    """
    from builder.commands import check as command

    checked = command.run(files)
    if not as_json:
        complain(*checked.mistakes)
    _answer(checked, text.checked, as_json)
    sys.exit(0 if checked.is_valid else INVALID)


@app.command()
@exit_codes()
def show(file: File, as_json: Json = False) -> None:
    """List layers with their shapes and costs.

    MACs are multiply-accumulates for one image.
    """
    from builder.commands import show as command

    _answer(command.run(file), text.network, as_json)


@app.command()
@exit_codes()
def draw(
    files: Files,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FIGURE", help="Ends in .svg, .png, .pdf or .dot; may be repeated."),
    ] = None,
    level: Annotated[Literal["layer", "block"], typer.Option(help="How much is shown.")] = "layer",
    as_json: Json = False,
) -> None:
    """Draw one FILE, or several side by side with their differences marked."""
    from builder.commands import draw as command

    _answer(command.run(files, output or [], level), text.drawn, as_json)


@app.command()
@exit_codes()
def variants(
    file: File,
    insert: Annotated[str, typer.Option(metavar="LAYER", help="As on a page: se, or 'se: {reduction: 8}'.")],
    among: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACES", help="Every subset of these places is a variant; may be repeated."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACES", help="All of these places at once are one variant; may be repeated."),
    ] = None,
    count: Annotated[str | None, typer.Option(metavar="N|N-M", help="How many places a subset has.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write a page for each variant.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the networks that come of one layer at several places.

    PLACES is a selector such as 'block*.pre_activation' or Bottleneck.branch.
    """
    from builder.commands import variants as command

    _answer(command.run(file, insert, among or [], at or [], count, output), text.varied, as_json)


@app.command()
@exit_codes()
def schema(
    kind: Annotated[Literal["page", "recipe"], typer.Argument(help="What is to be completed.")] = "page",
    output: Output = None,
) -> None:
    """Print the JSON Schema of a page or a recipe.

    With it editors complete and check while you type.
    """
    from builder.commands import schema as command

    answer(text.schema(command.run(kind, output)))


@app.command()
@exit_codes()
def init(name: Annotated[str, typer.Argument(metavar="NAME", help="The page is written to NAME.yaml.")]) -> None:
    """Write a small page to start from.

    Nothing is ever overwritten.
    """
    from builder.commands import init as command

    answer(text.initialised(command.run(name)))


if __name__ == "__main__":
    main()

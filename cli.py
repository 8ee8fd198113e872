"""The command line: options and exit codes. What a command does stands in ``builder/commands/``.

A command's module is imported when the command runs, so that ``--help`` and everything that needs no tensor
answer at once.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

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
Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Pages, or names of shipped networks.")]
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
    """Report every mistake of every FILE, networks and training recipes alike."""
    from builder.commands import check as command

    checked = command.run(files)
    if not as_json:
        complain(*checked.mistakes)
    _answer(checked, text.checked, as_json)
    sys.exit(0 if checked.is_valid else INVALID)


@app.command()
@exit_codes()
def show(file: File, as_json: Json = False) -> None:
    """List blocks and layers with shapes, parameters and multiply-accumulates (MACs)."""
    from builder.commands import show as command

    _answer(command.run(file), text.network, as_json)


@app.command()
@exit_codes()
def schema(output: Output = None) -> None:
    """Print the JSON Schema of a page, which lets editors complete and check while you type."""
    from builder.commands import schema as command

    answer(text.schema(command.run(output)))


@app.command()
@exit_codes()
def init(name: Annotated[str, typer.Argument(metavar="NAME", help="The page is written to NAME.yaml.")]) -> None:
    """Write a small, commented page to start from; nothing is ever overwritten."""
    from builder.commands import init as command

    answer(text.initialised(command.run(name)))


if __name__ == "__main__":
    main()

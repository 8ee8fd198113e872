"""Commands that help: explain, schema, doctor."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.choices import SchemaKind
from builder.cli import completion
from builder.cli.options import DataDir, Json, Output, Plugins, RunsDir, choices
from builder.commands.terminal.console import answer, answer_with
from builder.commands.terminal.exit_codes import FAILED
from builder.commands.terminal.loading import Loading


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="The code in error[CODE]; without it, all codes are listed.",
            autocompletion=completion.code,
        ),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print all codes as Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Explain an error code, with a wrong and a right example.

    $ archcli explain unknown-field
    $ archcli explain
    """
    from builder.commands import explain as command
    from builder.commands.text import pages as text

    if as_markdown:
        answer(command.markdown())
    else:
        answer_with(command.run(code), text.explained, as_json)


def schema(
    kind: Annotated[
        SchemaKind, typer.Argument(metavar=choices(SchemaKind), help="What the schema describes.")
    ] = "page",
    output: Output = None,
    plugin: Plugins = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it as a page of documentation.")] = False,
) -> None:
    """Print the JSON Schema of a page, a recipe or a study.

    Editors use it to complete and check a file while it is typed.

    $ archcli schema -o arch.schema.json
    $ archcli schema recipe
    """
    from builder.commands import schema as command
    from builder.commands.text import pages as text

    if as_markdown:
        answer(command.markdown(kind))
    else:
        answer(text.schema(command.run(kind, output, plugin or ())))


def doctor(
    data_dir: DataDir = Path("data"),
    runs_dir: RunsDir = Path("runs"),
    as_json: Json = False,
) -> None:
    """Check that everything the program needs is installed and works.

    The exit code is 1 if something is missing.

    $ archcli doctor
    """
    with Loading():
        from builder.commands import doctor as command
        from builder.commands.text import pages as text

        examined = command.run(data_dir, runs_dir)
    answer_with(examined, text.examined, as_json)
    sys.exit(0 if examined.is_well else FAILED)

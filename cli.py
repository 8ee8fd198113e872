"""The command ``archcli``: its commands by section, and how it starts. Their options stand in ``builder/cli/``."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from builder.cli import completion, help, live, pages, run_folders, runs, studies, training, variants  # noqa: A004 - a room, not the function
from builder.cli.program import Command, Program, ProgramWithDefault
from builder.commands.terminal.console import answer, open_streams
from builder.commands.terminal.exit_codes import end_when_terminated, exit_codes, leave_when_terminated
from builder.runs import processes

FIRST_STEPS = """\
Write a neural network as one YAML page: check it, draw it, vary it, train it.

$ archcli init mine                        # write mine.yaml, a small page with comments
$ archcli draw mine.yaml                   # draw it: mine.svg
$ archcli train mine.yaml --data digits    # train it on images that need no download
"""
STUDIES = """\
Train many networks with many seeds to answer one question.

$ archcli study plan digits_placement
$ archcli study run digits_placement
"""
EVERYWHERE = """\
FILE is the path of a page or the name of a shipped network, such as alexnet or resnet18. RUN is the folder of a run.
`archcli COMMAND -h` shows the options and examples of a command. The documentation is the folder docs/ of the
repository; docs/tutorial.md is the way in.
"""
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}

SECTIONS: dict[str, tuple[Callable[..., None], ...]] = {
    "Networks": (
        pages.init,
        pages.import_,
        pages.check,
        pages.show,
        pages.draw,
        variants.variants,
        pages.diff,
        live.live,
    ),
    "Training": (
        *(training.train, training.resume, runs.evaluate, runs.predict, runs.compare),
        *(runs.export, training.bench),
    ),
    "Studies": (studies.report,),
    "Help": (help.explain, help.schema, help.doctor),
}
STUDY: tuple[Callable[..., None], ...] = (studies.plan, studies.run, studies.status)

app = typer.Typer(
    cls=Program, help=FIRST_STEPS, epilog=EVERYWHERE, context_settings=SETTINGS,
    rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
study_app = typer.Typer(cls=Program, help=STUDIES, rich_markup_mode=None)
runs_app = typer.Typer(cls=ProgramWithDefault, help=run_folders.list_runs.__doc__, rich_markup_mode=None)
for section, functions in SECTIONS.items():
    if section == "Training":
        app.add_typer(runs_app, name="runs", rich_help_panel=section)
    if section == "Studies":
        app.add_typer(study_app, name="study", rich_help_panel=section)
    for function in functions:
        app.command(function.__name__.rstrip("_"), cls=Command, rich_help_panel=section)(function)
for name, function in (("list", run_folders.list_runs), ("prune", run_folders.prune)):
    runs_app.command(name, cls=Command)(function)
for function in STUDY:
    study_app.command(function.__name__, cls=Command)(function)


def _version(wanted: bool) -> None:
    if wanted:
        from builder.commands import version

        answer(f"archcli {version.run()}")
        raise typer.Exit


def _reference(context: typer.Context, wanted: bool) -> None:
    if wanted:
        from builder.cli.reference import command_reference

        answer(command_reference(context).rstrip("\n"))
        raise typer.Exit


@app.callback()
@exit_codes()
def program(
    context: typer.Context,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    __: Annotated[
        bool, typer.Option("--markdown", callback=_reference, is_eager=True, help="Print all commands as Markdown.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    processes.check_together(context.invoked_subcommand)


def asked_for(words: Sequence[str]) -> typer.Typer:
    """Return the program with the command that the first word names alone: making all the others takes time."""
    named = [each for each in app.registered_commands if [each.name] == [*words[:1]]]
    if not named or completion.VARIABLE in os.environ:
        return app
    program = typer.Typer(cls=Program, context_settings=SETTINGS, rich_markup_mode=None, pretty_exceptions_enable=False)
    program.registered_callback = app.registered_callback
    program.registered_commands = named
    return program


_OBJECTS = 50_000
"""After how many new objects garbage is looked for: what is imported is none, and to look through it takes time."""


def main() -> None:
    """Run ``archcli``; leaves by SystemExit with one of the codes that ``exit_codes`` lists."""
    gc.set_threshold(_OBJECTS)
    open_streams()
    completion.be_quick()
    leave_when_terminated()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # pydantic would look through every installed package
    try:
        asked_for(sys.argv[1:])(prog_name="archcli")
    finally:
        end_when_terminated()


if __name__ == "__main__":
    main()

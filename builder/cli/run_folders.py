"""Commands about folders of runs: the list of runs, and its command prune."""

import sys
from pathlib import Path
from typing import Annotated, get_args

import typer

from builder.choices import RUNS_VARIABLE, EndedState
from builder.cli import completion
from builder.cli.forms import one_form
from builder.cli.options import Json, choices
from builder.commands.terminal.console import answer, answer_with, can_ask, confirmed, say
from builder.commands.terminal.exit_codes import FAILED
from builder.diagnostics import ArchError, Diagnostic, RunError

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="Folder of runs.", envvar=RUNS_VARIABLE, autocompletion=completion.folder),
]


def list_runs(
    folder: Folder = Path("runs"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per run.")] = False,
    as_json: Json = False,
) -> None:
    """List the runs of a folder: state, network, data, best validation accuracy, size on disk and age.

    A run is finished, running, stopped (`archcli resume` continues it), failed, or broken.

    $ archcli runs
    $ archcli runs ~/runs --json
    $ archcli runs prune --state failed --older-than 30d
    """
    from builder.commands import runs as command
    from builder.commands.text import runs as text

    form = one_form(csv=as_csv, json=as_json)
    answer_with(command.run(folder), text.as_csv if form == "csv" else text.listed, as_json)


def prune(
    folder: Folder = Path("runs"),
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar=choices(EndedState),
            help="Only runs in this state.",
            autocompletion=completion.one_of(*get_args(EndedState)),
        ),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Only runs unchanged for so long: 45m, 12h, 30d or 2w.")
    ] = None,
    keep_newest: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="All of these runs but the newest N.")
    ] = None,
    slim: Annotated[
        bool, typer.Option("--slim", help="Keep the runs; of finished ones, drop all checkpoints but the best weights.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Remove runs by state, age or number, or the checkpoints of finished ones.

    Shows what goes and how much, and asks. A run that is being trained is never touched, and no link is followed.

    $ archcli runs prune --state failed --older-than 30d
    $ archcli runs prune --keep-newest 20 --yes
    $ archcli runs prune --slim
    """
    from builder.commands import runs as command
    from builder.commands.text import runs as text

    asked = command.PruneOptions(
        folder=folder, states=tuple(state or ()), older_than=older_than, keep_newest=keep_newest, slim=slim
    )
    chosen = command.choose(asked)
    if dry_run:
        answer_with(chosen, text.prunable, as_json)
        return
    if not yes and chosen.runs:
        say(text.prunable(chosen))
        if not can_ask():
            hint = "`--yes` removes without a question; `--dry-run` only shows"
            raise ArchError(Diagnostic("usage", "there is no terminal on which to ask", None, hint))
        if not confirmed(text.question(chosen)):
            raise RunError("nothing was removed")
    done = command.prune(chosen)
    if as_json or chosen.runs:
        answer_with(done, text.pruned, as_json)
    else:
        answer(text.prunable(chosen))
    sys.exit(FAILED if done.kept else 0)

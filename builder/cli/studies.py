"""Commands about studies: plan, run and status of ``archcli study``, and the report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.forms import one_form
from builder.cli.options import (
    Anew,
    Device,
    Json,
    Logs,
    OtherCode,
    Plugins,
    Quiet,
    StudiesDir,
    Study,
    StudyData,
    Workers,
    data_home,
    named,
)
from builder.commands.terminal.console import answer, answer_with
from builder.commands.terminal.exit_codes import FAILED
from builder.commands.terminal.loading import Loading

if TYPE_CHECKING:
    from builder.study.planning import PlanOptions


def plan(
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
    """Plan a study: its cells, its cost, and how precise its answer can be.

    The plan is written down. Every network is measured for a moment; nothing is trained.

    $ archcli study plan digits_placement
    """
    with Loading(quiet=quiet) as loading:
        from builder.commands import study as command
        from builder.commands.terminal.study_progress import StudyProgress
        from builder.commands.text import study as text

        place = _place(studies_dir, data_dir, device, workers, plugin)
        asked = command.StudyOptions(what=file, place=place, anew=anew)
        planned = command.plan(asked, StudyProgress(loading, quiet=quiet).measured)
    answer_with(planned, text.planned, as_json)


def run(
    file: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    data_dir: StudyData = None,
    device: Device = "auto",
    workers: Workers = None,
    anew: Anew = False,
    retry: Annotated[bool, typer.Option("--retry-failed", help="Run failed cells again.")] = False,
    more_seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Add so many fresh seeds to a study that has ended.")
    ] = None,
    other_code: OtherCode = False,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="HOURS", help="Hours for the study in all, instead of the page's.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask cluster to run on, by its scheduler: tcp://HOST:8786."),
    ] = None,
    tls: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Certificates for --scheduler: ca.pem, cert.pem and key.pem."),
    ] = None,
    log: Logs = None,
    quiet: Quiet = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Run the cells of a study that are not done, several at a time.

    A study without a plan is planned first. However it was stopped, running it again continues where it was.

    $ archcli study run digits_placement
    $ archcli study run digits_placement --workers 2 --retry-failed
    $ archcli study run digits_placement --scheduler tcp://node1:8786
    $ archcli study run study-runs/digits_placement-001 --more-seeds 5
    $ archcli study run digits_placement --log tensorboard
    """
    with Loading(quiet=quiet) as loading:
        from builder.commands import study as command
        from builder.commands.terminal.study_progress import StudyProgress
        from builder.commands.text import study as text

        place = _place(studies_dir, data_dir, device, workers, plugin)
        asked = command.StudyOptions(
            what=file, place=place, anew=anew, retry=retry, other_code=other_code, scheduler=scheduler, tls=tls,
            hours=budget, more_seeds=more_seeds, logs=tuple(log or ()),
        )  # fmt: skip
        view = StudyProgress(loading, quiet=quiet)
        try:
            callbacks = command.RunCallbacks(view.measured, view.planned, view.finished, view.refused, view.turn)
            now = command.run(asked, callbacks)
        finally:
            view.leave()
    answer_with(now, text.standing, as_json)
    sys.exit(FAILED if now.failures else 0)


def status(
    file: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Update every second until the study is done.")] = False,
    as_json: Json = False,
) -> None:
    """Show the progress of a study: done, running, failed, and the time left.

    $ archcli study status digits_placement
    $ archcli study status digits_placement --watch
    """
    from builder.commands import study as command
    from builder.commands.terminal.study_progress import watch_status
    from builder.commands.text import study as text

    asked = command.StudyOptions(what=file, place=_place(studies_dir))
    now = watch_status(lambda: command.status(asked)) if watch else command.status(asked)
    answer_with(now, text.standing, as_json)


def report(
    study: Study,
    studies_dir: StudiesDir = Path("study-runs"),
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder to write to.", show_default="STUDY/report", callback=named
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all comparisons as CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown.")] = False,
    as_latex: Annotated[
        bool, typer.Option("--latex", help="Print the table of variants in LaTeX; it needs the package booktabs.")
    ] = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Report the result of a study, and how certain it is.

    Writes one self-contained page (report.html), the same as Markdown and JSON, and every run and every comparison
    as CSV. The page's path is the last line printed.

    $ archcli report digits_placement
    $ archcli report study-runs/digits_placement-001 --markdown
    """
    from builder.commands import report as command
    from builder.commands.text import report as text

    one_form(csv=as_csv, markdown=as_markdown, latex=as_latex, json=as_json)
    found = command.run(study, studies_dir, output, tuple(plugin or ()))
    if as_json:
        answer(command.json_text(found))
    elif as_csv:
        answer(command.csv_text(found))
    elif as_latex:
        answer(text.latex(found))
    elif as_markdown:
        answer(command.markdown_text(found))
    else:
        answer(text.reported(found))


def _place(
    studies: Path,
    data: Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    plugin: list[Path] | None = None,
) -> "PlanOptions":
    from builder.study.planning import PlanOptions

    home = data_home()
    return PlanOptions(
        studies=studies, data=data, home=home, device=device, workers=workers, plugins=tuple(plugin or ())
    )

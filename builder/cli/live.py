"""The command that shows pages in a browser while they are edited."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli import completion
from builder.cli.options import Plugins, RunsDir, data_home
from builder.commands.terminal.console import answer, say


def live(
    pages: Annotated[
        list[str],
        typer.Argument(metavar="PAGE", help="Pages, or names of shipped networks.", autocompletion=completion.page),
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port on this machine.", show_default="any free one")
    ] = 0,
    browser: Annotated[bool, typer.Option("--open", help="Open the address in your browser.")] = False,
    runs_dir: RunsDir = Path("runs"),
    plugin: Plugins = None,
) -> None:
    """Show PAGE in a browser and follow it while you edit it.

    Every save redraws the figure; mistakes stand at their lines. Click places on the figure to see the variants that
    insert a layer there. Nothing is written unless you press a button that says so. Ctrl-C ends it.

    $ archcli live mine.yaml
    $ archcli live alexnet alexse_both
    """
    from builder.extras import need

    need("live", "`archcli live`")
    from builder.live import command

    def ready(address: str) -> None:
        answer(address)
        say("open this address in a browser on this machine; Ctrl-C ends")
        if browser:
            import webbrowser

            webbrowser.open(address)

    asked = command.LiveOptions(tuple(pages), port, tuple(plugin or ()), runs_dir, data_home())
    command.run(asked, ready)

"""Commands about networks as pages say them: init, import, check, show, draw, diff. Only import needs torch."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.choices import Direction, Highlight, Level, Shapes, ThemeName
from builder.cli import completion
from builder.cli.forms import one_form, rendering
from builder.cli.options import (
    Classes,
    Csv,
    File,
    Files,
    ImageSize,
    Json,
    Latex,
    Markdown,
    Output,
    Plugins,
    choices,
    named,
    running,
)
from builder.commands.import_network.pages import as_pages
from builder.commands.terminal.console import answer, answer_with, complain, say
from builder.commands.terminal.exit_codes import FAILED, INVALID


def init(name: Annotated[str, typer.Argument(metavar="NAME", help="The page is written to NAME.yaml.")]) -> None:
    """Write a small page to start from.

    An existing file is never overwritten.

    $ archcli init mine
    """
    from builder.commands import init as command
    from builder.commands.text import pages as text

    answer(text.initialized(command.run(name)))


def import_(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MODULE.py:NAME",
            help="A network, its class or a function that makes it; or torchvision:NAME, timm:NAME, FILE.pt2.",
            autocompletion=completion.network,
        ),
    ],
    size: ImageSize = None,
    output: Output = None,
    weights_out: Annotated[
        Path | None, typer.Option(metavar="FILE.safetensors", help="Keep the weights of the network.", callback=named)
    ] = None,
    plugin_stub: Annotated[
        Path | None,
        typer.Option(metavar="FILE.py", help="Write a plugin to fill in for what a page cannot say.", callback=named),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a network that exists in Python as a page.

    It runs that Python. The page is built, loads the weights of the network and is compared with it; the exit code is 0
    if the outputs are equal bit for bit, and 1 if the page is not proven, which its first line then says.

    $ archcli import mine.py:Net --input 3,32,32 -o mine.yaml
    $ archcli import timm:resnet50d -o resnet50d.yaml --weights-out resnet50d.safetensors
    """
    from builder.commands.import_network import command
    from builder.commands.text import importing as import_text

    found = command.run(what, size, output, weights_out, plugin_stub, running)
    answer_with(found, import_text.imported, as_json)
    for line in import_text.verdict(found):
        say(line)
    sys.exit(0 if found.equal else FAILED)


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Pages, recipes, studies, or shipped names.", autocompletion=completion.checkable
        ),
    ],
    plugin: Plugins = None,
    as_github: Annotated[
        bool, typer.Option("--github", help="Print mistakes as annotations for GitHub Actions.")
    ] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print mistakes as SARIF, for code scanning.")] = False,
    as_json: Json = False,
) -> None:
    """Report every mistake in every FILE.

    A FILE may also be a training recipe or a study. The exit code is 0 without mistakes and 2 with mistakes.

    $ archcli check alexnet resnet
    $ archcli check archs/*.yaml --json
    """
    form = one_form(github=as_github, sarif=as_sarif, json=as_json)
    from builder.commands import check as command

    checked = command.run(files, plugin or ())
    if not as_json:
        complain(*checked.mistakes)
    if form in {"github", "sarif"}:
        from builder.commands.text import ci

        answer(ci.github(checked) if form == "github" else ci.sarif(checked))
    else:
        from builder.commands.text.check import checked as verdicts

        answer_with(checked, verdicts, as_json)
    sys.exit(0 if checked.is_valid else INVALID)


def show(
    file: File,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print one equivalent page that extends no other page.")
    ] = False,
    size: ImageSize = None,
    plugin: Plugins = None,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
    as_latex: Latex = False,
    as_json: Json = False,
) -> None:
    """List layers with their shapes, parameters and MACs.

    MACs are multiply-accumulate operations for one image.

    $ archcli show resnet18
    $ archcli show alexse_both --resolved
    $ archcli show alexse_both --latex
    """
    from builder.commands import show as command
    from builder.commands.text import pages as text

    form = one_form(resolved=resolved, csv=as_csv, markdown=as_markdown, latex=as_latex, json=as_json and not resolved)
    with as_pages([file], running, size) as (page,):
        if resolved:
            answer_with(command.run_resolved(page, plugin or ()), text.resolved, as_json)
        else:
            answer_with(command.run(page, plugin or ()), rendering(form, text.network, text.layers), as_json)


def draw(
    files: Files,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.svg|png|pdf|tex|dot",
            help="Figure to write.",
            show_default="NAME.svg",
            callback=named,
        ),
    ] = None,
    level: Annotated[Level, typer.Option(metavar=choices(Level), help="One box per layer, or per block.")] = "layer",
    theme: Annotated[ThemeName, typer.Option(metavar=choices(ThemeName), help="Color theme.")] = "light",
    shapes: Annotated[
        Shapes, typer.Option(metavar=choices(Shapes), help="Where to write shapes (channels × height × width).")
    ] = "changes",
    highlight: Annotated[
        Highlight, typer.Option(metavar=choices(Highlight), help="What to highlight in a comparison.")
    ] = "diff",
    direction: Annotated[
        Direction | None,
        typer.Option(
            metavar=choices(Direction), help="How the figure is read.", show_default="vertical; horizontal for blocks"
        ),
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Fit this width, such as 89mm (Nature's column), 183mm or page (A4)."),
    ] = None,
    height: Annotated[str | None, typer.Option(metavar="LENGTH", help="Fit this height, such as 170mm.")] = None,
    legend: Annotated[bool, typer.Option("--legend", help="Add a legend of box types.")] = False,
    fold: Annotated[
        list[str] | None, typer.Option(metavar="BLOCK", help="Draw this block as one box; wildcards as in 'layer*.*'.")
    ] = None,
    expand: Annotated[
        list[str] | None, typer.Option(metavar="BLOCK", help="Show the inside of this block with --level block.")
    ] = None,
    size: ImageSize = None,
    classes: Classes = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Draw one FILE, or several side by side.

    Differences between the networks are highlighted.

    $ archcli draw alexresnet -o figure.svg -o figure.png
    $ archcli draw alexnet alexse_both --level block
    $ archcli draw mine.py:Net --input 3,32,32
    $ archcli draw resnet50 --level block --width 89mm -o figure.pdf
    """
    from builder.commands import draw as command
    from builder.commands.text import pages as text
    from builder.emit.diagram import DrawOptions

    options = DrawOptions(
        theme=theme,
        shapes=shapes,
        highlight=highlight,
        direction=direction,
        width=width,
        height=height,
        legend=legend,
        fold=tuple(fold or ()),
        expand=tuple(expand or ()),
    )
    with as_pages(files, running, size) as pages:
        answer_with(command.run(pages, output or [], level, options, classes, plugin or ()), text.drawn, as_json)


def diff(
    one: Annotated[
        str, typer.Argument(metavar="A", help="A page, or a shipped network.", autocompletion=completion.page)
    ],
    other: Annotated[
        str, typer.Argument(metavar="B", help="The network to compare with.", autocompletion=completion.page)
    ],
    classes: Classes = None,
    plugin: Plugins = None,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
    as_latex: Latex = False,
    as_json: Json = False,
) -> None:
    """List the differences between two networks: blocks, layers, sizes and costs.

    A layer that only has another name is not a difference. CSV and LaTeX have the costs only.

    $ archcli diff alexnet alexse_both
    $ archcli diff resnet18 resnet34 --classes 10
    """
    from builder.commands import diff as command
    from builder.commands.text import diff as diff_text

    form = one_form(csv=as_csv, markdown=as_markdown, latex=as_latex, json=as_json)
    plain = diff_text.markdown if as_markdown else diff_text.differing
    render = rendering(None if as_markdown else form, plain, diff_text.costs)
    answer_with(command.run(one, other, classes, plugin or ()), render, as_json)

"""The command that lists variants: what is inserted where, which settings vary, and how the list is shown."""

from pathlib import Path
from typing import Annotated

import typer

from builder.choices import SortKey
from builder.cli import completion
from builder.cli.forms import one_form, rendering
from builder.cli.options import Classes, File, ImageSize, Json, Latex, Markdown, Plugins, choices, named, running
from builder.commands.import_network.pages import as_pages
from builder.commands.terminal.console import answer, answer_with


def variants(
    file: File,
    insert: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER", help="Layer to insert, as on a page: se, or 'se: {reduction: [8, 16]}' for alternatives."
        ),
    ] = None,
    among: Annotated[
        list[str] | None, typer.Option(metavar="PLACES", help="Every subset of these places is a variant.")
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(metavar="PLACES", help="All of these places at once are one variant.")
    ] = None,
    count: Annotated[str | None, typer.Option(metavar="N|N-M", help="Number of places in a subset.")] = None,
    same_per: Annotated[
        str | None, typer.Option(metavar="BLOCKS", help="Make the same choice for all blocks inside each of these.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELDS", help="Fields that vary: 'block*: {shortcut: [none, auto]}'."),
    ] = None,
    params: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A,B", help="Values of a parameter of the page.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Keep only these: '$parameters < 1.1 * $base_parameters'."),
    ] = None,
    not_both: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Never insert at both of these places.")
    ] = None,
    uses: Annotated[
        str | None,
        typer.Option(
            metavar="PAGE", help="Page with templates to insert, such as gates.yaml.", autocompletion=completion.page
        ),
    ] = None,
    classes: Classes = None,
    sample: Annotated[int | None, typer.Option(min=1, metavar="N", help="Sample N variants at random.")] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Seed of the sample.")] = 0,
    stratified: Annotated[
        bool, typer.Option("--stratified", help="Sample every number of places equally often.")
    ] = False,
    sort: Annotated[SortKey | None, typer.Option(metavar=choices(SortKey), help="Column to sort by.")] = None,
    pareto: Annotated[
        str | None, typer.Option(metavar="A,B", help="Keep the Pareto front of two columns, as in macs,parameters.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="List only the first N.")] = None,
    only_count: Annotated[bool, typer.Option("--only-count", help="Print only the number of variants.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write a page for each variant.", callback=named),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--draw", metavar="FILE.svg|png|pdf|tex|dot", help="Draw them side by side.", callback=named),
    ] = None,
    size: ImageSize = None,
    plugin: Plugins = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, line by line as variants are found.")] = False,
    as_markdown: Markdown = False,
    as_latex: Latex = False,
    as_json: Json = False,
) -> None:
    """List every variant of a network, with its costs.

    PLACES is a selector such as 'block*.pre_activation' or Bottleneck.branch.
    Without options, the `variants:` section of FILE is used.

    $ archcli variants alexnet --insert se --among 'block*.pre_activation'
    $ archcli variants resnet18 --insert se --at BasicBlock.branch -o se_pages
    """
    from builder.commands import variants as command
    from builder.commands.text import variants as variants_text
    from builder.variants.options import SpaceOptions

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
    form = one_form(csv=as_csv, markdown=as_markdown, latex=as_latex, json=as_json)
    with as_pages([file], running, size) as (page,):
        asked = command.VariantsOptions(
            page=page,
            space=space,
            uses=uses,
            classes=classes,
            plugins=tuple(plugin or ()),
            sample=(sample, seed, stratified) if sample is not None else None,
        )
        listing = command.ListingOptions(sort=sort, pareto=pareto, limit=limit)
        if only_count:
            answer_with(command.count(asked), variants_text.counted, as_json)
        elif as_csv:
            for line in command.csv_lines(asked, listing):
                answer(line)
        else:
            render = rendering(form, variants_text.varied, variants_text.listed)
            answer_with(command.run(asked, listing, output, figure), render, as_json)

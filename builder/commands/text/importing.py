"""What ``archcli import`` found, as a person reads it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from builder.quantities import human, plural, shape

if TYPE_CHECKING:
    from builder.commands.import_network.command import PageImported
    from builder.importing.convert import Hole

_SHOWN = 8


def imported(value: PageImported) -> str:
    """Return the page where it went into no file, else what it is and where it lies."""
    if value.file is None:
        return value.page
    price = (
        f", {human(value.parameters)} parameters, {human(value.macs)} MACs"
        if value.parameters is not None and value.macs is not None
        else ""
    )
    lines = [f"{value.network}: {shape(value.input)}{price}"]
    lines += [f"  page:    {value.file}"]
    lines += [f"  weights: {value.weights}"] if value.weights is not None else []
    lines += [f"  plugin:  {value.plugin}"] if value.plugin is not None else []
    return "\n".join(lines)


def verdict(value: PageImported) -> list[str]:
    """Return whether the page is proven, and else every reason why not: one line each, for stderr."""
    if value.equal and value.compared_outputs:
        images = f"2 random images of {shape(value.input)}"
        loads = f"all weights load but {_listed(value.idle)}" if value.idle else "the weights load strictly"
        left = [f"  `{value.ending}` at its end is left out: the loss computes it"] if value.ending else []
        return [f"equal: {loads}, and the outputs on {images} have the same bits", *left]
    if value.equal:
        return ["equal in names and shapes of all weights; a network without numbers has no outputs to compare"]
    if value.refused:
        return [f"warning: not proven: the page is refused: {value.refused}"]
    if value.holes:
        lines = [f"warning: not proven: {plural(len(value.holes), 'thing')} cannot be said on a page"]
        told = Counter(map(_hole, value.holes))
        lines += [line + (f" ({count} times)" if count > 1 else "") for line, count in [*told.items()][:_SHOWN]]
        if len(told) > _SHOWN:
            lines.append(f"  and {len(told) - _SHOWN} more")
        if value.plugin is None:
            lines.append("  help: `--plugin-stub FILE.py` writes an operation to fill in for each")
        return lines
    return [f"warning: not proven: {value.unproven}"]


def _listed(idle: tuple[str, ...]) -> str:
    """Return the weights that are left out, the first by its name."""
    first, *more = idle
    rest = f" and {len(more)} more" if more else ""
    return f"`{first}`{rest}, which nothing uses and the page leaves out"


def _hole(hole: Hole) -> str:
    return f"  `{hole.word}`: {hole.reason}" + (f", {hole.place}" if hole.place else "")

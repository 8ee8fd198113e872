"""Runs side by side: as text, Markdown or CSV."""

from __future__ import annotations

import textwrap
from dataclasses import fields
from typing import TYPE_CHECKING

from builder.quantities import duration, human, plural
from builder.runs.facts import plainly
from builder.tables import csv_lines, latex_table, markdown_table, terminal_table, text_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.commands.compare import Compared, RunRow, Spread
    from builder.tables import Table

_WIDTH, _KIND = 110, 9
_NOTHING = "–"
_MANY = 4  # facts that differ; with more of them a line does not fit a screen


def compared(value: Compared) -> str:
    """Return what all runs share, a table of the runs with what differs, one of the groups, and what to mind."""
    parts = [
        f"{plural(len(value.runs), 'run')}, the same in all\n{_shared(value)}" if value.equal else "",
        *(terminal_table(each) for each in _tables(value)),
        "\n".join(f"note: {each}" for each in value.notes),
        "\n".join(str(path) for path in value.figures),
    ]
    return "\n\n".join(part for part in parts if part)


def markdown(value: Compared) -> str:
    """Return the same as Markdown."""
    parts = [
        "\n".join(f"- {kind}: {_listed(shared)}" for kind, shared in value.equal.items()),
        *(markdown_table(each) for each in _tables(value)),
        "\n".join(f"- {each}" for each in value.notes),
        "\n".join(f"![curves]({path})" for path in value.figures),
    ]
    return "\n\n".join(part for part in parts if part)


def as_csv(value: Compared) -> str:
    """Return a line for each run, its numbers unrounded, with a column for each fact that differs."""
    differing = list(value.runs[0].differs)
    names = [field.name for field in fields(value.runs[0]) if field.name != "differs" and field.name not in differing]
    rows = []
    for row in value.runs:
        cells, facts = [getattr(row, name) for name in names], [row.differs[name] for name in differing]
        rows.append([*cells[:4], *facts, *cells[4:]])
    return csv_lines([*names[:4], *differing, *names[4:]], rows)


def latex(value: Compared) -> str:
    """Return the tables of the runs and of the groups for a paper."""
    return "\n\n".join(latex_table(each) for each in _tables(value))


def _shared(value: Compared) -> str:
    return "\n".join(
        textwrap.fill(
            _listed(shared), _WIDTH, initial_indent=f"{kind:<{_KIND}}", subsequent_indent=" " * _KIND,
            break_on_hyphens=False,
        )
        for kind, shared in value.equal.items()
    )  # fmt: skip


def _listed(facts: Mapping[str, object]) -> str:
    """Return facts as a list in words; what is called as its kind needs no name."""
    own = {"network", "data", "images", "recipe", "device"}
    return ", ".join(plainly(value) if name in own else f"{name} {plainly(value)}" for name, value in facts.items())


def _tables(value: Compared) -> list[Table]:
    """Return the runs with what differs in columns of its own; where that is a lot, in a table of its own."""
    wide = len(value.runs[0].differs) > _MANY
    tables = [_runs(value, with_facts=not wide), *([_facts(value)] if wide else [])]
    return [*tables, _groups(value)] if any(group.n > 1 for group in value.groups) else tables


def _facts(value: Compared) -> Table:
    """Return a row for each fact that differs, and a column for each run."""
    rows = [[name, *(plainly(row.differs[name]) for row in value.runs)] for name in value.runs[0].differs]
    return text_table(["in what they differ", *(_folder(row, value) for row in value.runs)], rows)


def _runs(value: Compared, *, with_facts: bool) -> Table:
    differing = list(value.runs[0].differs) if with_facts else []
    state = any(row.state != "finished" for row in value.runs)
    head = ["run", *(["state"] if state else []), *differing]
    results = ["best validation", "epoch", "test", "parameters", "time", "images/s"]
    rows = []
    for row in value.runs:
        cells = [_folder(row, value), *([_state(row)] if state else [])]
        rows.append([*cells, *(plainly(row.differs[name]) for name in differing), *_results(row)])
    return text_table([*head, *results], rows, range(len(head), len(head) + len(results)))


def _folder(row: RunRow, value: Compared) -> str:
    """Return the name of the run's folder, its whole path where another's has the same name."""
    alike = sum(other.run.name == row.run.name for other in value.runs)
    return row.run.name if alike == 1 and row.run.name else str(row.run)


def _state(row: RunRow) -> str:
    return row.state if row.state == "finished" else f"{row.state}, epoch {row.epoch} of {row.epochs} done"


def _results(row: RunRow) -> list[str]:
    return [
        _percent(row.best_val_accuracy),
        _NOTHING if row.best_epoch is None else str(row.best_epoch),
        _percent(row.test_accuracy),
        _NOTHING if row.parameters is None else human(row.parameters),
        duration(row.seconds),
        _NOTHING if row.images_per_second is None else f"{row.images_per_second:,.0f}",
    ]


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.2%}"


def _groups(value: Compared) -> Table:
    head = ["over seeds", "n", "best validation", "lowest – highest", "test", "lowest – highest"]
    rows = [[group.name, str(group.n), *_spread(group.best_val_accuracy), *_spread(group.test_accuracy)]
            for group in value.groups]  # fmt: skip
    return text_table(head, rows, range(1, len(head)))


def _spread(found: Spread | None) -> list[str]:
    if found is None:
        return [_NOTHING, ""]
    if found.deviation is None:
        return [f"{found.mean:.2%}", ""]
    return [f"{found.mean:.2%} ± {100 * found.deviation:.2f}", f"{found.lowest:.2%} – {found.highest:.2%}"]

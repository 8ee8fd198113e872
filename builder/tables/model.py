"""A table before it is written: rows of values, and for each column how people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Cell: TypeAlias = str | int | float | None
"""A value: text, a number, or nothing."""


@dataclass(frozen=True)
class Column:
    """A column: its ``name`` for programs, its ``title`` and ``show`` for people; numbers are flushed right.

    Without a title it is for programs only.
    """

    name: str
    title: str | None = None
    show: Callable[[Any], str] | None = None
    is_number: bool = False

    def shown(self, cell: Cell) -> str:
        """Return a value as people read it; nothing where there is none."""
        if cell is None:
            return ""
        return str(cell) if self.show is None else self.show(cell)


@dataclass(frozen=True)
class Table:
    """Rows of values under columns; ``total`` is a last row that adds up the others, and not for programs."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None

    @property
    def titles(self) -> list[str]:
        """What stands above the columns that people see."""
        return [column.title for column in self.columns if column.title is not None]

    @property
    def numbers(self) -> list[int]:
        """Which of the columns that people see are flushed right."""
        seen = [column for column in self.columns if column.title is not None]
        return [index for index, column in enumerate(seen) if column.is_number]

    def shown(self, row: Sequence[Cell]) -> list[str]:
        """Return a row as people read it."""
        pairs = zip(self.columns, row, strict=True)
        return [column.shown(cell) for column, cell in pairs if column.title is not None]

    @property
    def body(self) -> list[list[str]]:
        """The rows as people read them, without the total."""
        return [self.shown(row) for row in self.rows]


def text_table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> Table:
    """Return a table of what people read already; ``numbers`` are the columns that are flushed right."""
    right = frozenset(numbers)
    columns = tuple(Column(title, title, is_number=index in right) for index, title in enumerate(head))
    return Table(columns, tuple(tuple(row) for row in rows))

"""What a report is made of, before it is HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from builder.study.report.sections.diagrams import Diagram
    from builder.study.report.svg.figure import Figure


@dataclass(frozen=True)
class Paragraph:
    """Some sentences: plain ones, a remark, or what must not be overlooked."""

    text: str
    kind: Literal["plain", "note", "warning"] = "plain"


class Fact(NamedTuple):
    """Something said in a few words, what it is called, and what is to be added."""

    term: str
    said: str
    more: str = ""


@dataclass(frozen=True)
class Facts:
    """Facts beside one another."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head: the first cell of each names it; columns in ``numbers`` are flushed right."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Drawings:
    """One figure over the whole width, or ``small`` ones beside one another, with what has to be known of them."""

    figures: tuple[Figure, ...]
    caption: str
    small: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure of networks."""

    name: str
    diagram: Diagram
    caption: str


@dataclass(frozen=True)
class CodeListing:
    """A text as it is, such as a file or commands; ``folded`` where few want to see it."""

    label: str
    text: str
    folded: bool = False


@dataclass(frozen=True)
class Heading:
    """The title of what follows inside a part."""

    text: str


ReportBlock: TypeAlias = Paragraph | Facts | Table | Drawings | Picture | CodeListing | Heading


@dataclass(frozen=True)
class ReportPart:
    """A part of the report: its name in links, its title, what a list of contents calls it, and what it says."""

    name: str
    title: str
    called: str
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True)
class Report:
    """A whole report: the study's name, its question, the answer, what keeps that from being final, and the parts.

    ``more`` are sentences of the answer that follow the first ones.
    """

    name: str
    question: str | None
    answers: tuple[str, ...]
    warning: str | None
    parts: tuple[ReportPart, ...]
    remark: str
    more: tuple[str, ...] = ()

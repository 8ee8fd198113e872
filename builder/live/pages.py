"""The pages that are followed, as they are now: what each says, what is wrong with it, and how it was last right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.files import read_regular
from builder.lowering import find, lower
from builder.lowering.pages import read_base
from builder.ops import OPERATIONS
from builder.reader import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.graph import Graph
    from builder.ops import Operations


@dataclass(frozen=True)
class FollowedPage:
    """A page: the name it was asked for by, its text, its mistakes, and the network that it was when it last had none.

    ``reads`` are the files that it is made of. ``text`` is None where there is no file.
    """

    asked: str
    file: Path
    text: str | None = None
    graph: Graph | None = None
    mistakes: tuple[Diagnostic, ...] = ()
    reads: tuple[Path, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether the network is what the page says now."""
        return self.graph is not None and not self.mistakes


@dataclass(frozen=True)
class Snapshot:
    """All pages at one moment; ``version`` counts the moments at which something changed."""

    version: int
    pages: tuple[FollowedPage, ...]

    @property
    def graphs(self) -> list[Graph]:
        """The networks of the pages that have or had one."""
        return [page.graph for page in self.pages if page.graph is not None]

    @property
    def is_current(self) -> bool:
        """Whether every network is what its page says now."""
        return all(page.is_current for page in self.pages)


def first_look(asked: Sequence[str], operations: Operations = OPERATIONS) -> Snapshot:
    """Return the pages as they are; raise ArchError for one that is not there, which is likely a slip of a name."""
    return look_again(Snapshot(0, tuple(FollowedPage(each, find(each)[0]) for each in asked)), operations)


def look_again(before: Snapshot, operations: Operations = OPERATIONS) -> Snapshot:
    """Return the pages as they are now; it is ``before`` itself where nothing that is read says anything else."""
    pages = tuple(_look(page, operations) for page in before.pages)
    if [_said(page) for page in pages] == [_said(page) for page in before.pages]:
        return before
    return Snapshot(before.version + 1, pages)


def _look(page: FollowedPage, operations: Operations) -> FollowedPage:
    """Return the page as it is now, with the network that it was where it is none."""
    reads = page.reads or (page.file,)
    try:
        path, member = find(page.asked)
        base = read_base(path, member, operations)
        reads = tuple(each for _, each in base.chain)
        graph = lower(base.merged())
    except ArchError as error:
        return replace(page, text=_text(page.file), mistakes=error.diagnostics, reads=reads)
    except Exception as error:  # noqa: BLE001 - whoever edits should see it, and go on being followed
        ours = Diagnostic("our-mistake", f"this is a mistake in archcli: {type(error).__name__}: {error}")
        return replace(page, text=_text(page.file), mistakes=(ours,), reads=reads)
    return replace(page, text=_text(page.file), graph=graph, mistakes=(), reads=reads)


def _text(path: Path) -> str | None:
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _said(page: FollowedPage) -> object:
    """Return what decides how a page looks, without comparing networks: the texts that it was read from."""
    raw = [each.mark.source.text for each in page.graph.page.raw] if page.is_current and page.graph else None
    return page.text, page.mistakes and [(each.message, str(each.mark)) for each in page.mistakes], raw

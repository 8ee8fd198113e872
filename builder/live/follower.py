"""Follows the files of pages: looks again when something in their folders changes, and tells whoever waits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from watchfiles import awatch

from builder.live.pages import look_again

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from watchfiles import Change

    from builder.live.pages import Snapshot
    from builder.ops import Operations

STEP: Final = 15
"""Milliseconds of quiet after which a save is taken to be over."""

AGAIN: Final = 700
"""Milliseconds after which files are asked for their times, should nobody have told of a change."""

EMPTY: Final = 0.05
"""Seconds after which a file that was found empty is read again: many editors empty it before they write."""

ALIVE: Final = 20.0
"""Seconds after which whoever waits hears that nothing has changed, which shows who is gone."""


class Follower:
    """The newest snapshot, and what it takes to keep it the newest."""

    def __init__(self, snapshot: Snapshot, operations: Operations) -> None:
        """Begin with what was read already."""
        self.snapshot = snapshot
        self._operations = operations
        self._changed = asyncio.Event()
        self.prepare: Callable[[Snapshot], object] = lambda _: None
        """What is done with a new snapshot before anybody asks, in a thread."""

    async def look(self) -> None:
        """Read the pages again, in a thread; tell whoever waits if they say something else."""
        found = await asyncio.to_thread(look_again, self.snapshot, self._operations)
        if any(page.text == "" for page in found.pages):  # somebody is about to write
            await asyncio.sleep(EMPTY)
            found = await asyncio.to_thread(look_again, self.snapshot, self._operations)
        if found is not self.snapshot:
            self.snapshot = found
            waiting, self._changed = self._changed, asyncio.Event()
            waiting.set()
            await asyncio.to_thread(self.prepare, found)

    async def follow(self) -> None:
        """Look again whenever a page changes in a folder from which the pages are read; never returns.

        Folders are watched and not files, because editors save a file by putting another one in its place. Every now
        and then the files are asked for their times too, for file systems that tell nobody of a change.
        """
        while True:
            folders, stamps = self._folders(), self._stamps()
            await self.look()
            with suppress(OSError):  # a folder that went away meanwhile
                async for changes in _changes(folders):
                    if changes or self._stamps() != stamps:
                        stamps = self._stamps()
                        await self.look()
                    if self._folders() != folders:
                        break

    async def versions(self) -> AsyncIterator[int]:
        """Yield the version now, every later one, and the same again when nothing has changed for a while."""
        seen = -1
        while True:
            changed = self._changed
            if seen == self.snapshot.version:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), ALIVE)
            seen = self.snapshot.version
            yield seen

    def _stamps(self) -> list[tuple[int, int] | None]:
        return [_stamp(path) for page in self.snapshot.pages for path in (page.file, *page.reads)]

    def _folders(self) -> tuple[Path, ...]:
        reads = (path for page in self.snapshot.pages for path in (page.file, *page.reads))
        return tuple(sorted({path.absolute().parent for path in reads if path.absolute().parent.is_dir()}))


async def _changes(folders: tuple[Path, ...]) -> AsyncIterator[set[tuple[Change, str]]]:
    """Yield what changes in the folders, nothing every ``AGAIN`` milliseconds; where there are none, only that."""
    if not folders:
        await asyncio.sleep(AGAIN / 1000)
        return
    watched = awatch(
        *folders, watch_filter=_is_page, step=STEP, debounce=150, recursive=False,
        rust_timeout=AGAIN, yield_on_timeout=True,
    )  # fmt: skip
    async for changes in watched:
        yield changes


def _is_page(_: Change, path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

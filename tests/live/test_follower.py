"""A file is followed however it is saved."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from builder.live import follower
from builder.live.follower import Follower
from builder.live.pages import first_look
from builder.ops import OPERATIONS
from tests.command_line import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def renamed(path: Path, text: str) -> None:
    """Save as most editors do: another file takes the name."""
    other = path.with_name(".other")
    other.write_text(text, "utf-8")
    other.replace(path)


def written(path: Path, text: str) -> None:
    """Save into the file itself."""
    path.write_text(text, "utf-8")


def recreated(path: Path, text: str) -> None:
    """Delete the file, and make it anew."""
    path.unlink()
    path.write_text(text, "utf-8")


async def after(looking: Follower, act: Callable[[], None], wanted: Callable[[], bool]) -> None:
    """Follow, act, and wait until what is wanted holds."""
    following = asyncio.create_task(looking.follow())
    try:
        async with asyncio.timeout(30):
            stream = looking.versions()
            await anext(stream)
            act()
            while not wanted():
                await anext(stream)
    finally:
        following.cancel()


class TestFollower:
    """What was saved is what is seen."""

    @pytest.mark.parametrize("save", [renamed, written, recreated])
    def test_a_save(self, page: Path, save: Callable[[Path, str], None]) -> None:
        """By whatever way."""
        looking = Follower(first_look([page.name]), OPERATIONS)
        changed = PAGE.replace("out: 8", "out: 16")
        asyncio.run(
            after(
                looking, lambda: save(page, changed), lambda: looking.snapshot.graphs[0].nodes[0].shape.channels == 16
            )
        )
        assert looking.snapshot.is_current

    def test_a_folder_that_goes_away_and_comes_back(self, page: Path) -> None:
        """As when another branch is looked at for a while."""
        inner = page.parent / "inner" / "small.yaml"
        inner.parent.mkdir()
        inner.write_text(PAGE, "utf-8")
        looking = Follower(first_look(["inner/small.yaml"]), OPERATIONS)

        def leave() -> None:
            inner.unlink()
            inner.parent.rmdir()

        asyncio.run(after(looking, leave, lambda: not looking.snapshot.is_current))

        def come_back() -> None:
            inner.parent.mkdir()
            inner.write_text(PAGE, "utf-8")

        asyncio.run(after(looking, come_back, lambda: looking.snapshot.is_current))

    def test_a_file_that_is_emptied_first(self, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Many editors do that before they write; nobody is told of the moment between."""
        looking = Follower(first_look([page.name]), OPERATIONS)
        page.write_text("", "utf-8")

        async def waited(_: float) -> None:
            """Write instead."""
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")

        monkeypatch.setattr(follower.asyncio, "sleep", waited)
        asyncio.run(looking.look())
        assert (looking.snapshot.version, looking.snapshot.is_current) == (2, True)

    def test_everybody_is_told(self, page: Path) -> None:
        """Two tabs hear of one save."""
        looking = Follower(first_look([page.name]), OPERATIONS)

        async def two() -> list[int]:
            """Return what two tabs hear."""
            streams = [looking.versions(), looking.versions()]
            for each in streams:
                await anext(each)
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
            waiting = [asyncio.ensure_future(anext(each)) for each in streams]
            await asyncio.sleep(0)
            await looking.look()
            return await asyncio.gather(*waiting)

        assert asyncio.run(two()) == [2, 2]

"""The system's Chromium, driven by Playwright, and a server in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import inspect
import shutil
from contextlib import contextmanager
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from builder.live.app import Served
from builder.live.follower import Follower
from builder.live.pages import first_look
from builder.live.serving import listening, server_at
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


class Driven:
    """An object of Playwright's asynchronous interface, used as if it were synchronous.

    Playwright's own synchronous one runs in greenlets, in which Python 3.11 cannot tell pytest where a test failed.
    """

    def __init__(self, what: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._what, self._loop = what, loop

    def __getattr__(self, name: str) -> Any:
        """Return a part of it, or what calls one of its methods in the loop and waits."""
        found = getattr(self._what, name)
        if not callable(found):
            return self._wrapped(found)
        return lambda *given, **named: self._wrapped(self._called(found, given, named))

    def unwrapped(self) -> Any:
        """Return the object itself, as an argument of another."""
        return self._what

    def _called(self, method: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        async def call() -> Any:
            result = method(*given, **named)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._wrapped(each) for each in value]
        return Driven(value, self._loop) if type(value).__module__.startswith("playwright.") else value


@contextmanager
def chromium() -> Iterator[Driven]:
    """Start a browser."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - where it is installed

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        playwright = Driven(async_playwright(), loop).start()
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()
        playwright.stop()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def following(*pages: str) -> Iterator[str]:
    """Serve pages of the current folder, and give the address."""
    served = Served(Follower(first_look(pages), OPERATIONS), OPERATIONS)
    with listening(0) as listener:
        server, address = server_at(listener, served)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


def until(page: Driven, condition: str, seconds: float = 60) -> None:
    """Wait until a JavaScript expression holds; Playwright's own way would need ``eval``, which the page forbids."""
    end = monotonic() + seconds
    while not page.evaluate(condition):
        assert monotonic() < end, condition
        page.wait_for_timeout(20)


def wait_for_version(page: Driven, number: int) -> None:
    """Wait until the figure is of this version, or a later one."""
    until(page, f"Number(document.documentElement.dataset.version ?? 0) >= {number}")

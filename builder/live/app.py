"""The server: what each address answers. Everything that computes does so in a thread, one thing at a time."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, get_args

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from builder.choices import Level, ThemeName, Width
from builder.commands.text.missing import missing_package
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.json_output import encode
from builder.live.figures import FigureOptions, Figures, small_figure
from builder.live.guard import Guard
from builder.live.space import find_space, question, seen_space
from builder.live.view import view
from builder.live.writing import inside, write_variants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from builder.live.follower import Follower
    from builder.live.pages import Snapshot
    from builder.live.space import FoundSpace, SpaceQuestion
    from builder.live.study_page import PlannedStudy
    from builder.ops import Operations

STATIC: Final = Path(__file__).parent / "static"

LARGEST: Final = 100_000
"""Bytes of a request; what is clicked has a few hundred."""


@dataclass
class Served:
    """What the server knows: the pages, their figures, the last space that was asked for, and where things lie."""

    follower: Follower
    operations: Operations
    plugins: tuple[Path, ...] = ()
    runs_dir: Path = Path("runs")
    data_dir: Path = Path("data")
    here: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        """Begin without figures and spaces."""
        self.figures = Figures(self.operations)
        self._lock = Lock()
        self._space: tuple[object, FoundSpace] | None = None
        self._view: tuple[int, Response] | None = None
        self.follower.prepare = self._prepare

    @property
    def snapshot(self) -> Snapshot:
        """The pages as they are now."""
        return self.follower.snapshot

    def _prepare(self, snapshot: Snapshot) -> None:
        """Make ready what the browser will ask for: the figure, as it was asked for last."""
        if snapshot is self.snapshot:
            self.figures.of(lambda: self.snapshot, self.figures.last)

    def view(self, snapshot: Snapshot) -> Response:
        """Return everything that is told of the pages but their figure; two tabs cost no more than one."""
        with self._lock:
            if self._view is None or self._view[0] != snapshot.version:
                self._view = (snapshot.version, _json(view(snapshot)))
            return self._view[1]

    def asked(self, wanted: SpaceQuestion) -> str:
        """Return the page that a question is about; raise ArchError where there is none of that number."""
        pages = self.snapshot.pages
        if not 0 <= wanted.page < len(pages):
            raise ArchError(Diagnostic("usage", f"there is no page {wanted.page}"))
        return pages[wanted.page].asked

    def space(self, wanted: SpaceQuestion) -> FoundSpace:
        """Return the space that was asked for, the last one without looking again."""
        key = (self.snapshot.version, wanted)
        with self._lock:
            if self._space is None or self._space[0] != key:
                self._space = (key, find_space(wanted.options(self.asked(wanted), self.plugins)))
            return self._space[1]


def application(served: Served, *, token: str, port: int) -> Starlette:
    """Return the server at ``/TOKEN/``, which follows the pages as long as it runs."""

    @asynccontextmanager
    async def following(_: Starlette) -> AsyncIterator[None]:
        """Follow the pages meanwhile."""
        task = asyncio.create_task(served.follower.follow())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    routes = [
        Route("/events", _Answers(served).events),
        Route("/view", _answered(_Answers(served).view)),
        Route("/figure", _answered(_Answers(served).figure)),
        Route("/space", _answered(_Answers(served).space)),
        Route("/variant.svg", _answered(_Answers(served).variant)),
        Route("/study", _answered(_Answers(served).study), methods=["POST"]),
        Route("/write-variants", _answered(_Answers(served).write_variants), methods=["POST"]),
        Route("/write-study", _answered(_Answers(served).write_study), methods=["POST"]),
        Route("/measure", _Answers(served).measure, methods=["POST"]),
        Mount("/", StaticFiles(directory=STATIC, html=True)),
    ]
    guard = Middleware(Guard, token=token, port=port)
    return Starlette(routes=[Mount(f"/{token}", routes=routes)], middleware=[guard], lifespan=following)


def _json(value: object, status: int = 200) -> Response:
    return Response(encode(value, indent=None), status, media_type="application/json")


def _problem(error: ArchError | RunError) -> Response:
    """Return what a user did wrong as the browser shows it: sentences, each with its help."""
    if isinstance(error, RunError):
        return _json({"problems": [{"message": error.message, "hint": error.hint}]}, 422)
    return _json({"problems": list(error.diagnostics)}, 422)


def _missing(error: ModuleNotFoundError) -> RunError:
    told = missing_package(error)
    if told is None:
        raise error
    return RunError(*told)


def _answered(make: Callable[[Request, Any], object]) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of what computes an answer from a request and its JSON, in a thread."""

    @wraps(make)
    async def answer(request: Request) -> Response:
        try:
            sent = await _sent(request)
            found = await asyncio.to_thread(make, request, sent)
        except (ArchError, RunError) as error:
            return _problem(error)
        except ModuleNotFoundError as error:  # what only the numbers of a study need
            return _problem(_missing(error))
        return found if isinstance(found, Response) else _json(found)

    return answer


async def _sent(request: Request) -> Any:
    if request.method != "POST":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise ArchError(Diagnostic("usage", f"a request has at most {LARGEST:,} bytes"))
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ArchError(Diagnostic("usage", "a request is a JSON object"))
    return found


class _Answers:
    """What each address answers."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def events(self, _: Request) -> StreamingResponse:
        """Answer with a stream of versions: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

        async def stream() -> AsyncIterator[str]:
            async for version in self.served.follower.versions():
                yield f"data: {version}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")

    def view(self, _request: Request, _sent: Any) -> object:
        """Answer with everything that is told of the pages but their figure."""
        return self.served.view(self.served.snapshot)

    def figure(self, request: Request, _sent: Any) -> object:
        """Answer with the figure that the controls ask for."""
        asked = request.query_params
        blocks = tuple(each.strip() for each in asked.get("blocks", "").split(",") if each.strip())
        options = FigureOptions(
            level=_one_of("level", asked.get("level", "block"), Level),
            theme=_one_of("theme", asked.get("theme", "light"), ThemeName),
            width=_one_of("width", asked["width"], Width) if asked.get("width") else None,
            blocks=blocks,
        )
        return self.served.figures.of(lambda: self.served.snapshot, options)

    def space(self, request: Request, _sent: Any) -> object:
        """Answer with the variants of a space."""
        wanted = question(request.query_params.get("space", ""))
        command = wanted.command(self.served.asked(wanted), self.served.plugins)
        return seen_space(self.served.space(wanted), command, self.served.runs_dir)

    def variant(self, request: Request, _sent: Any) -> Response:
        """Answer with the small figure of a variant."""
        wanted = question(request.query_params.get("space", ""))
        found = self.served.space(wanted).variant(request.query_params.get("name", ""))
        if found is None:
            return Response("there is no such variant\n", 404, media_type="text/plain")
        theme = _one_of("theme", request.query_params.get("theme", "light"), ThemeName)
        return Response(small_figure(found.graph, theme), media_type="image/svg+xml")

    def study(self, _request: Request, sent: Any) -> object:
        """Answer with the study that would be written and its plan."""
        return self._planned(sent)

    def write_variants(self, _request: Request, sent: Any) -> object:
        """Write the pages of the variants, and answer with their paths."""
        wanted = question(json.dumps(sent.get("space")))
        folder = inside(str(sent.get("folder", "")), self.served.here)
        return write_variants(self.served.space(wanted).found, folder)

    def write_study(self, _request: Request, sent: Any) -> object:
        """Write the study's page, and answer with its path."""
        from builder.live.study_page import write_study

        return write_study(self._planned(sent))

    async def measure(self, request: Request) -> Response:
        """Answer with the plan that ``archcli study plan`` makes of a page, in a process of its own."""
        try:
            sent = await _sent(request)
            file = inside(str(sent.get("file", "")), self.served.here)
        except ArchError as error:
            return _problem(error)
        command = (sys.executable, "-m", "archcli", "study", "plan", str(file), "--quiet")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            told, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            return _problem(RunError(complaint.decode("utf-8", "replace").strip() or "the plan could not be made"))
        return _json({"plan": told.decode("utf-8", "replace")})

    def _planned(self, sent: Any) -> PlannedStudy:
        from builder.live.study_page import plan_form, study_form

        wanted = question(json.dumps(sent.get("space")))
        return plan_form(study_form(sent.get("study")), wanted, self.served.space(wanted).found, self.served.data_dir)


def _one_of(what: str, value: str, words: Any) -> Any:
    if value not in get_args(words):
        known = ", ".join(get_args(words))
        raise ArchError(Diagnostic("usage", f"`{value}` is no {what}", None, f"one of {known}"))
    return value

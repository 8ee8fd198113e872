"""A study's cells in a database that many machines share: who takes which, and what came of it.

The queue is Optuna's, in PostgreSQL or MySQL; what it leaves open is done here. Every cell is put there by its id and
no trial is drawn; a cell has at most one trial that waits, runs or is complete. Whoever runs one gives signs of life by
the database's clock, from before it is taken; when they stop, the trial has failed, and its cell is put there again. A
worker that comes back from the dead finds its trial closed, and its result is dropped.
https://optuna.readthedocs.io/en/stable/reference/generated/optuna.storages.RDBStorage.html
"""

from __future__ import annotations

import base64
import json
import warnings
import zlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.study.plan.extra import optuna
from builder.study.results.result import CellFailure
from builder.study.workers.code import code_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from optuna.storages import RDBStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell

BEAT = 10
"""Seconds between two signs of life."""

STALE = 60
"""Seconds without one after which a trial's worker is gone."""

ATTEMPTS, DEATHS = 3, 5
"""After this many errors, or deaths of its worker, a cell has failed."""

_LOCK = 7_238_114
"""The number by which programs of this kind ask PostgreSQL for their common lock."""


_DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}
"""What talks to a database whose address names no driver."""

_TRY = "try "
"""How the names of trials begin among what the database knows of a study."""


@dataclass(frozen=True)
class Claim:
    """A cell that this worker has, and the number under which the database knows it."""

    cell: str
    trial: int


class SharedQueue:
    """The cells of one study in a database."""

    def __init__(self, url: str, plan: Plan, beat: int = BEAT, stale: int = STALE) -> None:
        """Join the study in the database at ``url``, which begins there if nobody has begun it.

        Raises RunError where the database can't be reached or is of another kind, Optuna is not installed, or the study
        there is another one: by its page, its images or the code that trains.
        """
        self._optuna = optuna("distributed", "many machines share a study")
        self._storage = _connected(url, beat, stale)
        try:
            with self._alone():
                self._study = self._joined(plan)
        except RunError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def leave_thread(self) -> None:
        """Give back the connection that this thread has."""
        self._storage.remove_session()

    def close(self) -> None:
        """Leave the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    @property
    def lost(self) -> tuple[type[Exception], ...]:
        """What is raised where the database can't be reached any more."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with the extra

        return (SQLAlchemyError, self._optuna.exceptions.StorageInternalError)

    def _joined(self, plan: Plan) -> Study:
        study: Study = self._optuna.create_study(
            storage=self._storage, study_name=plan.name, load_if_exists=True, direction="maximize"
        )
        mine = {
            "page": json.loads(json.dumps(plan.asked)),
            "images": plan.data.fingerprint,
            "code": code_digest(plan.code),
        }
        theirs = study.user_attrs
        for name, value in mine.items():
            if name not in theirs:
                study.set_user_attr(name, value)
            elif theirs[name] != value:
                message = f"the study `{plan.name}` in this database has another {name}"
                hint = {
                    "page": "use the page that started it, or give the study another name",
                    "images": "every machine needs the same images",
                    "code": "every machine needs the same version of archcli",
                }[name]
                raise RunError(message, hint)
        return study

    def fill(self, known: Callable[[], Iterable[Cell]]) -> int:
        """See that every cell that is to be run waits, runs or is done; return how many are not done and not failed.

        The cells are those that ``known`` returns, which is called while nobody else changes which there are.
        """
        with self._alone():
            self._fail_the_lost()
            cells = known()
            trials = self._by_cell()
            count = 0
            for cell in cells:
                found = trials.get(cell.id, [])
                states = {each.state.name for each in found}
                if "COMPLETE" in states or _failure_of(cell, found) is not None:
                    continue
                count += 1
                if not states & {"WAITING", "RUNNING"}:
                    self._study.enqueue_trial({}, user_attrs={"cell": cell.id})
        return count

    @property
    def running(self) -> int:
        """How many cells are being run anywhere."""
        return len(self._study.get_trials(deepcopy=False, states=(self._state("RUNNING"),)))

    def trials(self) -> dict[str, str]:
        """Return the text of every trial of a search that any machine has made, by its name."""
        prefix, found = _TRY, self._study.user_attrs
        return {name.removeprefix(prefix): str(text) for name, text in found.items() if name.startswith(prefix)}

    def share_try(self, name: str, text: str) -> None:
        """Let every machine know of a trial."""
        self._study.set_user_attr(_TRY + name, text)

    def claim(self) -> Claim | None:
        """Take a cell that waits, the first first; return None where none does."""
        waiting = self._study.get_trials(deepcopy=False, states=(self._state("WAITING"),))
        for trial in sorted(waiting, key=lambda each: each.number):
            number = trial._trial_id  # noqa: SLF001 - by which alone its storage knows it
            self.beat(Claim("", number))  # before it is taken, so that no trial ever runs without a sign of life
            cell = trial.user_attrs.get("cell")
            if self._close(number, "RUNNING" if cell else "FAIL") and cell:
                return Claim(str(cell), number)
        return None

    def beat(self, claim: Claim) -> None:
        """Give a sign of life."""
        self._storage.record_heartbeat(claim.trial)

    def complete(self, claim: Claim, result: str, value: float) -> bool:
        """Keep the text of a result; return False where the cell was given to another meanwhile."""
        return self._end(claim, "COMPLETE", {"result": _pressed(result)}, value)

    def fail(self, claim: Claim, message: str) -> None:
        """Note that the cell could not be run this time, and why."""
        self._end(claim, "FAIL", {"message": message})

    def give_back(self, claim: Claim) -> None:
        """Let another run the cell, for this worker was asked to stop."""
        self._end(claim, "FAIL", {"given back": True})

    def results(self) -> dict[str, str]:
        """Return the text of every result by its cell."""
        done = self._study.get_trials(deepcopy=False, states=(self._state("COMPLETE"),))
        return {str(each.user_attrs["cell"]): _unpressed(each.user_attrs["result"]) for each in done}

    def failures(self, cells: Iterable[Cell]) -> list[CellFailure]:
        """Return those of ``cells`` that have been tried often enough."""
        trials = self._by_cell()
        found = (_failure_of(cell, trials.get(cell.id, [])) for cell in cells)
        return [each for each in found if each is not None]

    def _by_cell(self) -> dict[str, list[FrozenTrial]]:
        found: dict[str, list[FrozenTrial]] = defaultdict(list)
        for each in self._study.get_trials(deepcopy=False):
            found[str(each.user_attrs.get("cell"))].append(each)
        return found

    def _fail_the_lost(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna calls it experimental
            self._optuna.storages.fail_stale_trials(self._study)

    def _end(self, claim: Claim, state: str, attributes: dict[str, object], value: float | None = None) -> bool:
        try:
            for name, each in attributes.items():
                self._storage.set_trial_user_attr(claim.trial, name, each)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            return False
        return self._close(claim.trial, state, value)

    def _close(self, trial: int, state: str, value: float | None = None) -> bool:
        values = None if value is None else (value,)
        try:
            return self._storage.set_trial_state_values(trial, self._state(state), values)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            return False

    def _state(self, name: str) -> Any:
        return self._optuna.trial.TrialState[name]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from changing which cells there are; the lock ends with the connection, however that ends."""
        from sqlalchemy import text  # noqa: PLC0415 - comes with the extra

        take, give = f"SELECT pg_advisory_lock({_LOCK})", f"SELECT pg_advisory_unlock({_LOCK})"
        if self._storage.engine.dialect.name == "mysql":  # whose MariaDB waits for a time only, and returns 1 or not
            take, give = "SELECT GET_LOCK('archcli', 60)", "SELECT RELEASE_LOCK('archcli')"
        with self._storage.engine.connect() as connection:
            while connection.execute(text(take)).scalar() == 0:
                pass
            try:
                yield
            finally:
                connection.execute(text(give))


def _failure_of(cell: Cell, trials: Iterable[FrozenTrial]) -> CellFailure | None:
    """Return why there will be no result of a cell, None where it may be tried once more or is done."""
    found = list(trials)
    failed = [each for each in found if each.state.name == "FAIL" and "given back" not in each.user_attrs]
    messages = [str(each.user_attrs["message"]) for each in failed if "message" in each.user_attrs]
    deaths = len(failed) - len(messages)
    enough = len(messages) >= ATTEMPTS or deaths >= DEATHS
    if not enough or any(each.state.name == "COMPLETE" for each in found):
        return None
    message = messages[-1] if messages else "its worker was lost"
    return CellFailure(cell.id, cell.variant, cell.settings, cell.seed, cell.stage, message, len(failed))


def _connected(url: str, beat: int, stale: int) -> RDBStorage:
    """Return Optuna's storage at ``url``; raise RunError where it can't be had."""
    from optuna.storages import RDBStorage  # noqa: PLC0415 - an optional extra
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - comes with it
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError  # noqa: PLC0415 - the same
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - the same: no connection is kept while a cell runs for an hour

    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind not in ("postgresql", "mysql"):
            message = f"a study is shared through PostgreSQL or MySQL, not {kind}"
            raise RunError(message, "on one machine `archcli study run` needs no database")
        if parsed.drivername in _DRIVERS:
            parsed = parsed.set(drivername=f"{kind}+{_DRIVERS[kind]}")
        shown = parsed.render_as_string(hide_password=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna calls its heartbeat experimental
            address = parsed.render_as_string(hide_password=False)
            return RDBStorage(address, {"poolclass": NullPool}, heartbeat_interval=beat, grace_period=stale)
    except (ArgumentError, NoSuchModuleError) as error:
        raise RunError(f"`{url.partition('@')[2] or url}` is not the address of a database: {error}",
                       "such as postgresql://user:password@host/database") from error  # fmt: skip
    except ImportError as error:
        raise RunError(f"the driver of {shown} is not installed", f"pip install {parsed.get_driver_name()}") from error
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"the database {shown} can't be reached: {reason}") from error


def _pressed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode("ascii")


def _unpressed(text: object) -> str:
    return zlib.decompress(base64.b64decode(str(text))).decode()

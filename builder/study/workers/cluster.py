"""Dask, as a study uses it: started here with a worker for each core or GPU, or found where it runs.

https://distributed.dask.org
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import dask
from distributed import Client, LocalCluster, Security

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("distributed", "tornado", "asyncio")

_QUIET = {
    "distributed.admin.low-level-log-length": 20,
    "distributed.admin.log-length": 100,
    "distributed.admin.system-monitor.log-length": 20,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.profile.enabled": False,
    "distributed.diagnostics.nvml": False,
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.diagnostics.erred-tasks.max-history": 10,
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.events-cleanup-delay": "1 minute",
}
"""What Dask keeps for developers grows with every cell, and a study has thousands."""

_OURS = _QUIET | {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
}
"""A cell is tried again, elsewhere, as the study says and not as Dask would."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_PATIENCE = 20.0
"""Seconds for which a scheduler is looked for."""


@dataclass
class Cluster:
    """A cluster that is there: its client, and the processes of this machine that belong to it, if any do."""

    client: Client
    launcher: Launcher | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it ends with the study."""
        return self.launcher is not None

    def tend(self) -> None:
        """See that the workers of this machine are there."""
        if self.launcher is not None:
            self.launcher.tend()


class Launcher:
    """The process that starts the workers of this machine, watches them, and starts again those that have ended.

    It is ``dask worker`` with a nanny for each of them, in a session of its own: Ctrl-C reaches the coordinator alone.
    """

    def __init__(self, address: str, workers: int, log: Path, scratch: str) -> None:
        self._command = [
            *(sys.executable, "-P", str(Path(__file__).with_name("start.py")), address),
            *("--nworkers", str(workers), "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"),
            *("--name", "cell", "--death-timeout", "120", "--local-directory", scratch),
        ]
        self._environment = _environment()  # of those that are started again, too
        self._log = log
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def tend(self) -> None:
        """Start it once more where it has ended."""
        if self._process.poll() is not None:
            self._process = self._start()

    def stop(self) -> None:
        """End it, and whatever it has started, at once: by now every cell is saved."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            with self._log.open("a", encoding="utf-8") as file:
                return subprocess.Popen(  # noqa: S603 - our own workers
                    self._command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=self._environment,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise RunError(f"workers can't be started: {error.strerror or error}") from error


@contextmanager
def embedded(logs: Path, workers: int) -> Iterator[Cluster]:
    """Give a cluster on this machine's loopback, with so many workers; ``logs`` is a folder for what they print.

    Raises RunError on Windows.
    """
    if os.name == "nt":
        message = "on Windows the workers of a study can't be ended together"
        raise RunError(message, "use WSL, or a Dask cluster: --scheduler tcp://HOST:8786")
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
    with (
        _logging_into(logs / "dask.log"),
        dask.config.set(_OURS),
        TemporaryDirectory(prefix="archcli-", ignore_cleanup_errors=True) as scratch,
        LocalCluster(n_workers=0, threads_per_worker=1, silence_logs=False, **options) as scheduler,
        Client(scheduler, set_as_default=False) as client,
    ):
        launcher = Launcher(scheduler.scheduler_address, workers, logs / "workers.log", scratch)
        try:
            yield Cluster(client, launcher)
        finally:
            launcher.stop()


@contextmanager
def connected(logs: Path, address: str, tls: Path | None) -> Iterator[Cluster]:
    """Give the cluster whose scheduler runs at ``address``, with the certificates in the folder ``tls``.

    Raises RunError where it can't be reached.
    """
    with _logging_into(logs / "dask.log"), dask.config.set(_QUIET):
        try:
            client = Client(address, security=_security(tls), set_as_default=False, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            message = f"no Dask scheduler can be reached at {address}: {str(error).splitlines()[0]}"
            raise RunError(message, "start one: dask scheduler; its address is tcp://HOST:8786") from error
        with client:
            yield Cluster(client)


def _security(folder: Path | None) -> Security | None:
    if folder is None:
        return None
    files = {"tls_ca_file": "ca.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}
    missing = [name for name in files.values() if not (folder / name).is_file()]
    if missing:
        raise RunError(f"{folder} has no {' and no '.join(missing)}", "it needs ca.pem, cert.pem and key.pem")
    return Security(require_encryption=True, **{field: str(folder / name) for field, name in files.items()})


def _environment() -> dict[str, str]:
    """Return what a worker's libraries are to know: one thread each, which no load slows, or what the user has set."""
    threads = os.environ.get("OMP_NUM_THREADS") or "1"
    ours = {f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": repr(value) for name, value in _QUIET.items()}
    return os.environ | dict.fromkeys(_THREADS, threads) | ours


@contextmanager
def _logging_into(path: Path) -> Iterator[None]:
    """Let Dask write into a file what it has to say, and nothing to the terminal."""
    try:
        path.parent.mkdir(exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(each, each.handlers[:], each.propagate, each.level) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [handler], False
    loggers[0].setLevel(logging.WARNING)
    try:
        yield
    finally:
        for each, handlers, propagate, level in before:
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)
        handler.close()

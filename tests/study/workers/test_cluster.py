"""Dask, as it is started here or found elsewhere."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dask
import pytest

from benchmarks.study_of_nothing import children, context_of_nothing, nothing
from builder.diagnostics import RunError
from builder.study.plan.stages import Stages
from builder.study.workers.cluster import connected, embedded
from builder.study.workers.coordinator import Callbacks, coordinate
from builder.study.workers.limits import Limits
from tests.study.conftest import FAST, make_plan
from tests.study.fake_cells import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.study.results.folder import StudyFolder
    from builder.study.workers.cluster import Cluster

ROOT = Path(__file__).parents[3]
TRAP = "import pathlib; pathlib.Path({marker!r}).touch(); raise SystemExit('the trap was run')\n"
LIBRARIES = ("torch", "numpy", "yaml", "sklearn", "filelock", "pydantic", "random", "json", "distributed", "pathlib")
"""Names that a file in the working folder may have; a worker imports each of them from elsewhere."""


def run_nothing(folder: StudyFolder, cluster: Cluster, *, is_remote: bool = False) -> None:
    """Run the study with cells that end at once."""
    plan = make_plan()
    context = context_of_nothing(folder, plan, is_remote=is_remote)
    coordinate(Stages(folder, plan), cluster, nothing, context, FAST, None, Callbacks())


@pytest.mark.slow
class TestEmbedded:
    """A cluster that begins and ends with a study."""

    @pytest.mark.parametrize("names", [("builder",), LIBRARIES], ids=["ours", "libraries"])
    def test_nothing_of_the_working_folder_is_run(
        self, folder: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
    ) -> None:
        """Whatever lies there under whichever name; another package of our name is not taken either."""
        place, marker = tmp_path / "work", tmp_path / "marker"
        place.mkdir()
        for name in names:
            (place / f"{name}.py").write_text(TRAP.format(marker=str(marker)), "utf-8")
        (tmp_path / "path" / "builder").mkdir(parents=True)
        (tmp_path / "path" / "builder" / "__init__.py").write_text(TRAP.format(marker=str(marker)), "utf-8")
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'path'}{os.pathsep}{ROOT}")
        monkeypatch.chdir(place)
        with embedded(folder.path / "workers", 1) as cluster:
            run_nothing(folder, cluster)
        assert len(folder.results().outcomes) == 4
        assert not marker.exists()

    def test_it_leaves_no_process_and_says_nothing(
        self, folder: StudyFolder, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What Dask has to say lies in the study's folder, and its settings are as they were."""
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        handlers, before = logging.getLogger("distributed").handlers[:], dask.config.get("distributed")
        with embedded(folder.path / "workers", 1) as cluster:
            run_nothing(folder, cluster)
            began = children(os.getpid())
        assert not set(began) & set(children(os.getpid()))
        assert capfd.readouterr() == ("", "")
        assert (folder.path / "workers" / "workers.log").read_text()
        assert logging.getLogger("distributed").handlers == handlers
        assert dask.config.get("distributed") == before

    def test_its_workers_end_when_it_is_killed(self, folder: StudyFolder, tmp_path: Path) -> None:
        """And let go of what they have."""
        script = (
            "import sys, time; from pathlib import Path\n"
            "from builder.study.workers.cluster import embedded\n"
            "with embedded(Path(sys.argv[1]), 1) as cluster:\n"
            "    cluster.client.wait_for_workers(1)\n"
            "    print('there', flush=True)\n"
            "    time.sleep(600)\n"
        )
        command = [sys.executable, "-c", script, str(folder.path / "workers")]
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        coordinator = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert coordinator.stdout is not None
        with coordinator.stdout:
            assert coordinator.stdout.readline() == "there\n"
        (launcher,) = (each for each in children(coordinator.pid) if children(each))
        workers = [launcher, *children(launcher)]
        coordinator.kill()
        coordinator.wait()
        until = time.monotonic() + 60
        while any(is_there(each) for each in workers) and time.monotonic() < until:
            time.sleep(0.1)
        assert not [each for each in workers if is_there(each)]

    def test_a_launcher_that_is_killed_is_started_again(self, folder: StudyFolder, cluster: Cluster) -> None:
        """With all its nannies."""
        assert cluster.launcher is not None
        os.kill(cluster.launcher.pid, signal.SIGKILL)
        run_nothing(folder, cluster)
        assert len(folder.results().outcomes) == 4

    def test_a_worker_that_is_asked_to_end_saves_its_cell_first(
        self, folder: StudyFolder, run: Callable[..., None], cluster: Cluster
    ) -> None:
        """As Slurm and Kubernetes ask it to before they take its machine away; no cell has failed through that."""
        asked: list[int] = []
        assert cluster.launcher is not None
        launcher = cluster.launcher

        def preempt() -> None:
            began = (folder.path / "ran.txt").read_text().count("began") if (folder.path / "ran.txt").exists() else 0
            if began == 2 and not asked:
                asked.append(launcher.pid)
                os.kill(launcher.pid, signal.SIGTERM)

        run("slow", plan=make_plan(1, 2), limits=replace(FAST, deaths=1), turn=preempt)
        noted = Counter(line.split()[0] for line in (folder.path / "ran.txt").read_text().splitlines())
        assert noted == {"began": 4, "saved": 2, "ended": 2}
        assert folder.results().failures == ()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Give what starts a scheduler with a worker, as a user would, and returns its address."""
    with contextlib.ExitStack() as open_ones:

        def start(*options: str, protocol: str = "tcp") -> str:
            file = tmp_path / "scheduler.json"
            environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
            dask_ = [sys.executable, "-P", "-m", "dask"]
            listen = ["--host", f"{protocol}://127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
            commands = [
                [*dask_, "scheduler", *listen, "--scheduler-file", str(file), *options],
                [*dask_, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--memory-limit", "0",
                 "--local-directory", str(tmp_path / "scratch"), "--no-dashboard", *options],
            ]  # fmt: skip
            for command in commands:
                with (tmp_path / "dask.log").open("ab") as log:
                    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
                open_ones.callback(process.wait)
                open_ones.callback(os.killpg, process.pid, signal.SIGKILL)
            until = time.monotonic() + 60
            while not file.exists() and time.monotonic() < until:
                time.sleep(0.1)
            return str(json.loads(file.read_text())["address"])

        yield start


class TestConnected:
    """A cluster that runs already."""

    def test_one_that_is_not_there_is_said_with_how_to_start_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a while."""
        monkeypatch.setattr("builder.study.workers.cluster._PATIENCE", 0.2)
        with pytest.raises(RunError, match=r"no Dask scheduler can be reached at tcp://127\.0\.0\.1:1") as raised:
            connected(tmp_path / "logs", "tcp://127.0.0.1:1", None).__enter__()
        assert "dask scheduler" in str(raised.value.hint)

    def test_certificates_that_are_missing_are_named(self, tmp_path: Path) -> None:
        """And which are needed."""
        (tmp_path / "ca.pem").touch()
        with pytest.raises(RunError, match=r"has no cert\.pem and no key\.pem"):
            connected(tmp_path / "logs", "tls://127.0.0.1:1", tmp_path).__enter__()

    @pytest.mark.slow
    def test_a_study_runs_on_it(self, folder: StudyFolder, scheduler: Callable[..., str]) -> None:
        """With workers that somebody else has started, who stay."""
        with connected(folder.path / "workers", scheduler(), None) as cluster:
            run_nothing(folder, cluster, is_remote=True)
            assert len(cluster.client.nthreads()) == 1
        assert len(folder.results().outcomes) == 4

    @pytest.mark.slow
    def test_it_runs_encrypted_too(self, folder: StudyFolder, scheduler: Callable[..., str], tmp_path: Path) -> None:
        """And nobody without a certificate can use it."""
        tls = certificates(tmp_path / "tls")
        options = ("--tls-ca-file", str(tls / "ca.pem"), "--tls-cert", str(tls / "cert.pem"))
        address = scheduler(*options, "--tls-key", str(tls / "key.pem"), protocol="tls")
        with connected(folder.path / "workers", address, tls) as cluster:
            run_nothing(folder, cluster, is_remote=True)
        assert len(folder.results().outcomes) == 4
        with pytest.raises(RunError, match="no Dask scheduler can be reached"):
            connected(folder.path / "workers", address, None).__enter__()

    @pytest.mark.slow
    def test_a_scheduler_that_ends_is_said(self, folder: StudyFolder, scheduler: Callable[..., str]) -> None:
        """The results so far are there."""
        plan = make_plan()
        limits = Limits(looking=0.1, stopping=2)
        with connected(folder.path / "workers", scheduler(), None) as cluster:
            context = context_of_nothing(folder, plan, f"slow:{folder.path}", is_remote=True)

            def end() -> None:
                if (folder.path / "ran.txt").exists():
                    with contextlib.suppress(Exception):
                        cluster.client.shutdown()

            with pytest.raises(RunError, match="the scheduler is gone"):
                coordinate(Stages(folder, plan), cluster, prepare, context, limits, None, Callbacks(turn=end))


def is_there(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def certificates(folder: Path) -> Path:
    """Return a folder with a certificate that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command, *files], check=True, capture_output=True)
    shutil.copy(folder / "cert.pem", folder / "ca.pem")
    return folder

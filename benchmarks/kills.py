"""Kill training runs at random moments and at every named one; what they end with has to be the same bits.

    python -m benchmarks.kills --kills 200 --seed 0     SIGKILL at random moments
    python -m benchmarks.kills --points                 every named moment once
    python -m benchmarks.kills --controls               saboteurs that have to be caught
    python -m benchmarks.kills --processes 2 ...        runs of several processes, of which one or all are killed

Each process is forked from one that has torch loaded, trains a network with batch norm and dropout by Adam with
warm-up, augmentation, clipped gradients, weight decay for some weights only, a running mean of the weights and an
early stop, saves after every third step, and is started again until the run has ended. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from benchmarks.crash_points import CONTROLS, CONTROLS_OF_SEVERAL, DIED, POINTS, in_first
from builder.training import trainer
from builder.training.data.dataset import DataSet
from builder.training.device.distributed import join
from builder.training.folder.checkpoints import read_checkpoint
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_folder import RunFolder
from builder.training.recipe.optimizer import Adam
from builder.training.recipe.recipe import Augment, Recipe
from builder.training.recipe.schedule import Cosine
from tests.training.tiny_task import TinyNetwork, quadrants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECIPE = Recipe(
    name="killed",
    epochs=9,
    batch_size=16,
    optimizer=Adam(name="adam", lr=0.01, weight_decay=0.01, decay_norm_and_bias=False),
    schedule=Cosine(name="cosine", warmup=1),
    clip_norm=1.0,
    ema_decay=0.9,
    early_stop=3,
    augment=Augment(flip=True, crop_padding=1, cutout=2),
    seed=5,
)
EVERY = 3  # steps between two checkpoints
PATIENCE = 10.0  # seconds in which a process has to end when another is gone; torchrun gives it 30
CPU = torch.device("cpu")


def data() -> DataSet:
    """Return 150 images to train on, 20 to choose the best epoch by and 20 to test on."""
    return DataSet("quadrants", ("nw", "ne", "sw", "se"), quadrants(150, 1), quadrants(20, 2), quadrants(20, 3))


class EveryThird:
    """Saves far more often than a real run does, so that kills land in it."""

    def __init__(self, _size: int) -> None:
        """Begin; the size of a checkpoint plays no part."""
        self._asked = 0

    def due(self) -> bool:
        """Return whether a third step was just made."""
        self._asked += 1
        return self._asked % EVERY == 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take no time."""
        yield


def train(folder: Path, prepare: Callable[[], None]) -> None:
    """Train in this process until the end of the run."""
    torch.manual_seed(RECIPE.seed)
    network = TinyNetwork()
    trainer.saving_pace = EveryThird  # type: ignore[misc,assignment]  # in a process of its own
    trainer.draw_curves = lambda *_: None  # takes longer than the training
    prepare()
    with join(CPU) as group:
        trainer.train(network, data(), RECIPE, RunFolder(folder), CPU, group=group)


def started(folder: Path, prepare: Callable[[], None] = lambda: None, processes: int = 1) -> list[int]:
    """Return the ids of new processes that train together in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    together = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [_forked(folder, prepare, together | {"RANK": str(number)}) for number in range(processes)]


def _forked(folder: Path, prepare: Callable[[], None], variables: dict[str, str]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    os.environ |= variables
    try:
        os.dup2(os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.stderr.fileno())
        train(folder, prepare)
        status = 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to learn of it
        (folder / "failed.txt").write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


def waited(children: list[int]) -> list[int]:
    """Return how each process ended: 0, an exit status, or the negative signal.

    Where one ended badly the others get SIGTERM, as torchrun sends it, and have to end by themselves.
    """
    ended: dict[int, int] = {}
    failed_at = inf
    while len(ended) < len(children):
        left = [child for child in children if child not in ended]
        for child in left:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                ended[child] = os.waitstatus_to_exitcode(status)
        if failed_at == inf and any(ended.values()):
            failed_at = time.monotonic()
            _send(signal.SIGTERM, [child for child in left if child not in ended])
        if time.monotonic() - failed_at > PATIENCE:
            _send(signal.SIGKILL, left)
            raise SystemExit(f"a process did not end {PATIENCE:g} s after another")
        time.sleep(0.0005)
    return [ended[child] for child in children]


def _send(number: signal.Signals, children: list[int]) -> None:
    for child in children:
        os.kill(child, number)


def outcome(folder: Path) -> str:
    """Return a checksum over all that a run ends with, but for the time that it took."""
    run = RunFolder(folder)
    digest = sha256()
    for path in (run.last, run.best):
        found = read_checkpoint(path)
        for name in sorted(found.tensors):
            digest.update(name.encode() + found.tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes())
    digest.update(
        repr([(row.epoch, row.train_loss, row.val_loss, row.lr) for row in read_metrics(run.metrics)]).encode()
    )
    summary = json.loads(run.summary.read_text("utf-8"))
    digest.update(repr([summary[name] for name in ("best_epoch", "best_val_accuracy", "test_loss")]).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Killed:
    """How many processes were killed until how many runs had ended, and what is wrong with those that ended wrong."""

    kills: int
    runs: int
    wrong: tuple[str, ...]


def uninterrupted(home: Path, processes: int = 1) -> tuple[str, float]:
    """Return the outcome of a run that nobody disturbs, and its seconds."""
    train(RunFolder.create(home, "warm").path, lambda: None)  # what torch imports late, no child has to import again
    folder = RunFolder.create(home, "whole").path
    start = time.perf_counter()
    if any(waited(started(folder, processes=processes))):
        raise SystemExit((folder / "failed.txt").read_text())
    return outcome(folder), time.perf_counter() - start


def kill_at_random(
    home: Path, kills: int, seed: int, prepare: Callable[[], None] = lambda: None, processes: int = 1
) -> Killed:
    """Kill at random moments until that has been done ``kills`` times, and let every run come to its end.

    Of several processes one is killed, or all: which is random too.
    """
    right, seconds = uninterrupted(home, processes)
    numbers = random.Random(seed)
    done, runs, wrong = 0, 0, []
    while done < kills:
        folder = RunFolder.create(home, "killed").path
        runs += 1
        while True:
            children = started(folder, prepare, processes)
            time.sleep(numbers.uniform(0, seconds))
            _send(signal.SIGKILL, numbers.choice([children, *([child] for child in children)]))
            ended = waited(children)
            if -signal.SIGKILL not in ended:
                break
            done += 1
        wrong += _wrong(folder, max(ended), right)
    return Killed(done, runs, tuple(wrong))


def _wrong(folder: Path, status: int, right: str) -> list[str]:
    """Return what is wrong with a run that has ended, nothing if it is as it should be."""
    if status != 0:
        return [f"{folder.name}: exit status {status}: {(folder / 'failed.txt').read_text()}"]
    leftovers = [path.name for path in folder.glob(".*.tmp")]
    if leftovers:
        return [f"{folder.name}: left {leftovers}"]
    return [] if outcome(folder) == right else [f"{folder.name}: other bits"]


def die_at(home: Path, point: str, right: str, processes: int = 1) -> str | None:
    """Let the first process end at a named moment and go on; return what is wrong, None if nothing is."""
    folder = RunFolder.create(home, "dying").path
    status = waited(started(folder, in_first(POINTS[point]), processes))[0]
    if status != DIED:
        return f"never came there: exit status {status}"
    return next(iter(_wrong(folder, max(waited(started(folder, processes=processes))), right)), None)


def main() -> None:
    """Run what the command line asks for; exit 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--points", action="store_true")
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        failures = report_kills(home, asked.kills, asked.seed, asked.processes) if asked.kills else 0
        failures += report_points(home, asked.processes) if asked.points else 0
        failures += report_controls(home, asked.seed, asked.processes) if asked.controls else 0
    sys.exit(min(failures, 1))


def report_kills(home: Path, kills: int, seed: int, processes: int) -> int:
    """Kill at random moments, print what came of it, and return how many runs ended wrong."""
    found = kill_at_random(home, kills, seed, processes=processes)
    each = "" if processes == 1 else f" of {processes} processes each"
    print(f"{found.kills} SIGKILLs over {found.runs} runs{each}, seed {seed}: {len(found.wrong)} wrong")
    print(*found.wrong, sep="\n")
    return len(found.wrong)


def report_points(home: Path, processes: int) -> int:
    """Let a process end at each named moment, print what came of it, and return how often that was wrong."""
    right, _ = uninterrupted(home, processes)
    failures = 0
    for point in POINTS:
        wrong = die_at(home, point, right, processes)
        failures += wrong is not None
        print(f"{'wrong' if wrong else 'right':<6} {point}{f': {wrong}' if wrong else ''}")
    return failures


def report_controls(home: Path, seed: int, processes: int) -> int:
    """Let each saboteur work, print what came of it, and return how many were not caught."""
    failures = 0
    for control, sabotage in (CONTROLS | (CONTROLS_OF_SEVERAL if processes > 1 else {})).items():
        found = kill_at_random(home, 20, seed, sabotage, processes)
        failures += not found.wrong
        verdict = "as has to be" if found.wrong else "NOT CAUGHT"
        print(f"{control}: {len(found.wrong)} of {found.runs} runs wrong after {found.kills} SIGKILLs, {verdict}")
    return failures


if __name__ == "__main__":
    main()

"""Kill training runs at random moments and at every named one; what they end with has to be the same bits.

    python -m benchmarks.kills --kills 200 --seed 0     SIGKILL at random moments
    python -m benchmarks.kills --points                 every named moment once
    python -m benchmarks.kills --controls               two saboteurs that have to be caught

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
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from builder.training import checkpoints, durable, evaluate, metrics, snapshot, trainer
from builder.training.checkpoints import read_checkpoint
from builder.training.data import DataSet
from builder.training.metrics import read_metrics
from builder.training.recipe import Adam, Augment, Cosine, Recipe
from builder.training.run_folder import RunFolder
from tests.training.tiny_task import TinyNetwork, quadrants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.training.progress import Progress

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
DIED = 9  # exit status of a process that ends at a named moment
EVERY = 3  # steps between two checkpoints


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


def train(folder: Path, prepare: Callable[[], None], on_progress: Callable[[Progress], None] | None = None) -> None:
    """Train in this process until the end of the run."""
    torch.manual_seed(RECIPE.seed)
    network = TinyNetwork()
    trainer.saving_pace = EveryThird  # type: ignore[misc,assignment]  # in a process of its own
    trainer.draw_curves = lambda *_: None  # takes longer than the training
    prepare()
    arguments = (network, data(), RECIPE, RunFolder(folder), torch.device("cpu"))
    trainer.train(*arguments, *([on_progress] if on_progress else []))


def started(folder: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """Return the id of a new process that trains in ``folder``."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        sys.stdout = sys.stderr = (folder / "said.txt").open("a")
        train(folder, prepare)
        status = 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to learn of it
        (folder / "failed.txt").write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


def waited(child: int) -> int:
    """Return how the process ended: 0, its exit status, or the negative signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


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


def uninterrupted(home: Path) -> tuple[str, float]:
    """Return the outcome of a run that nobody disturbs, and its seconds."""
    train(RunFolder.create(home, "warm").path, lambda: None)  # what torch imports late, no child has to import again
    folder = RunFolder.create(home, "whole").path
    start = time.perf_counter()
    if waited(started(folder)) != 0:
        raise SystemExit((folder / "failed.txt").read_text())
    return outcome(folder), time.perf_counter() - start


def kill_at_random(home: Path, kills: int, seed: int, prepare: Callable[[], None] = lambda: None) -> Killed:
    """Kill processes at random moments until there were ``kills``, and let every run come to its end."""
    right, seconds = uninterrupted(home)
    numbers = random.Random(seed)
    done, runs, wrong = 0, 0, []
    while done < kills:
        folder = RunFolder.create(home, "killed").path
        runs += 1
        while True:
            child = started(folder, prepare)
            time.sleep(numbers.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            status = waited(child)
            done += status == -signal.SIGKILL
            if status != -signal.SIGKILL:
                break
        wrong += _wrong(folder, status, right)
    return Killed(done, runs, tuple(wrong))


def _wrong(folder: Path, status: int, right: str) -> list[str]:
    """Return what is wrong with a run that has ended, nothing if it is as it should be."""
    if status != 0:
        return [f"{folder.name}: exit status {status}: {(folder / 'failed.txt').read_text()}"]
    leftovers = [path.name for path in folder.glob(".*.tmp")]
    if leftovers:
        return [f"{folder.name}: left {leftovers}"]
    return [] if outcome(folder) == right else [f"{folder.name}: other bits"]


def _die() -> None:
    os._exit(DIED)


def _at(holder: object, name: str, nth: int, *, after: bool = False, only: str = "") -> Callable[[], None]:
    """Return what makes a process end before or after the nth call of a function, those on paths with ``only``."""

    def prepare() -> None:
        original = getattr(holder, name)
        calls = iter(range(1, 1_000_000))

        def dying(*arguments: object, **keywords: object) -> object:
            hit = only in str(arguments[0]) and next(calls) == nth
            if hit and not after:
                _die()
            result = original(*arguments, **keywords)
            if hit:
                _die()
            return result

        setattr(holder, name, dying)

    return prepare


def _half_written(nth: int, only: str) -> Callable[[], None]:
    """Return what makes a process end when half of the nth file was written."""

    def prepare() -> None:
        original = Path.write_bytes
        calls = iter(range(1, 1_000_000))

        def dying(path: Path, content: bytes) -> int:
            if only in path.name and next(calls) == nth:
                original(path, content[: len(content) // 2])
                _die()
            return original(path, content)

        Path.write_bytes = dying  # type: ignore[method-assign,assignment]  # this process only, and it is about to die

    return prepare


def _half_a_row() -> None:
    """Let the process end when half of the second epoch's row was written."""
    original = trainer.append_metrics

    def dying(path: Path, row: metrics.EpochMetrics) -> int:
        length = original(path, row)
        if row.epoch == 2:
            os.truncate(path, length - 20)
            _die()
        return length

    trainer.append_metrics = dying


POINTS: dict[str, Callable[[], None]] = {
    "before anything was saved": _at(trainer, "write_checkpoint", 1),
    "when the first checkpoint was saved, and the recipe was not": _at(trainer, "write_checkpoint", 1, after=True),
    "before a temporary file": _at(checkpoints, "replacing", 5),
    "when half of a temporary file was written": _half_written(5, "last"),
    "when it was written and not forced to the disk": _at(durable, "_force_to_disk", 9, only="last"),
    "when it was forced to the disk and not moved": _at(durable, "_force_to_disk", 9, after=True, only="last"),
    "when the former file was moved away": _at(Path, "replace", 7, after=True, only="last"),
    "when it was moved": _at(Path, "replace", 8, after=True, only="last"),
    "when the folder was forced to the disk": _at(checkpoints, "replacing", 6),
    "between best and last": _at(trainer, "write_checkpoint", 1, after=True, only="best"),
    "when half of a row was written": _half_a_row,
    "between a row and the next checkpoint": _at(trainer, "append_metrics", 2, after=True),
    "in validation": _at(evaluate, "cross_entropy", 2),
    "at the edge of an epoch": _at(trainer, "train_epoch", 2),
    "after an epoch's last step": _at(trainer, "train_epoch", 2, after=True),
    "in the test": _at(trainer, "load_weights", 1),
    "before the summary": _at(trainer, "write_summary", 1),
    "after the summary": _at(trainer, "write_summary", 1, after=True),
}
"""Every named moment, with what makes a process end there."""


def die_at(home: Path, point: str) -> str | None:
    """Let a process end at a named moment and another go on; return what is wrong, None if nothing is."""
    right, _ = uninterrupted(home)
    folder = RunFolder.create(home, "dying").path
    status = waited(started(folder, POINTS[point]))
    if status != DIED:
        return f"never came there: exit status {status}"
    return next(iter(_wrong(folder, waited(started(folder)), right)), None)


def written_in_place() -> None:
    """Sabotage: write checkpoints straight to their place, slowly, as ``torch.save`` to a path would."""

    @contextmanager
    def in_place(path: Path, _former: Path | None = None) -> Iterator[Path]:
        yield path

    def slowly(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            for start in range(0, len(content), 4096):
                file.write(content[start : start + 4096])
                file.flush()
                time.sleep(0.001)
        return len(content)

    checkpoints.replacing = in_place
    Path.write_bytes = slowly  # type: ignore[method-assign,assignment]  # this process only, which a kill ends


def random_states_forgotten() -> None:
    """Sabotage: go on without the states of the random generators, as others have done."""
    snapshot._restore_random_states = lambda *_: None  # noqa: SLF001 - a saboteur knows where to strike


CONTROLS = {"checkpoints written in place": written_in_place, "random states forgotten": random_states_forgotten}


def main() -> None:
    """Run what the command line asks for; exit 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--points", action="store_true")
    parser.add_argument("--controls", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if asked.kills:
            found = kill_at_random(home, asked.kills, asked.seed)
            failures += len(found.wrong)
            print(f"{found.kills} SIGKILLs over {found.runs} runs, seed {asked.seed}: {len(found.wrong)} wrong")
            print(*found.wrong, sep="\n")
        for point in POINTS if asked.points else ():
            wrong = die_at(home, point)
            failures += wrong is not None
            print(f"{'wrong' if wrong else 'right':<6} {point}{f': {wrong}' if wrong else ''}")
        for control, sabotage in CONTROLS.items() if asked.controls else ():
            found = kill_at_random(home, 20, asked.seed, sabotage)
            failures += not found.wrong
            print(
                f"{control}: {len(found.wrong)} of {found.runs} runs wrong after {found.kills} SIGKILLs, as has to be"
            )
    sys.exit(min(failures, 1))


if __name__ == "__main__":
    main()

"""A training run from beginning to end: epochs, the best weights, the test at the end."""

from __future__ import annotations

import gc
from contextlib import nullcontext, suppress
from dataclasses import replace
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from builder.diagnostics import RunError
from builder.training.data.batches import Batches
from builder.training.device.determinism import with_deterministic_pooling
from builder.training.device.devices import describe_device
from builder.training.device.distributed import ALONE
from builder.training.device.environment import describe_arithmetic, describe_environment
from builder.training.device.execution import Execution
from builder.training.device.kinds import best_kind, kind_of
from builder.training.device.threads import computing_in
from builder.training.divergence import all_finite, find_cause, find_cause_in_evaluation
from builder.training.evaluation.evaluate import check_fit, evaluate_batches
from builder.training.figures.curves import draw_curves
from builder.training.folder.checkpoints import Checkpoint, read_best, read_newest, write_checkpoint
from builder.training.folder.failure import DivergedError, RunFailure, advice, write_failure
from builder.training.folder.header import RunHeader
from builder.training.folder.metrics import (
    EpochMetrics,
    MetricsSeen,
    append_metrics,
    check_metrics,
    cut_metrics,
    read_metrics,
)
from builder.training.folder.run_files import read_data, read_environment, write_environment
from builder.training.folder.summary import Summary, write_summary
from builder.training.interrupts import Interrupted, StopSignals
from builder.training.progress import (
    BatchDone,
    EpochDone,
    EpochStarted,
    GoingOn,
    ImagesInMainMemory,
    LookingBack,
    Preparing,
    SizeChosen,
    ignore,
)
from builder.training.randomness import seed_globally
from builder.training.saving import drawing_pace, saving_pace
from builder.training.snapshot import Position, SnapshotOrigin, changed_generator, restore_snapshot, take_snapshot
from builder.training.steps.average import Average, SlowWeights
from builder.training.steps.cuda_graph import choose_step, recorder_for
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.more_epochs import check_past
from builder.training.steps.optimizers import make_optimizer, set_epoch
from builder.training.steps.out_of_memory import OutOfMemoryExplained
from builder.training.steps.schedules import learning_rate
from builder.training.steps.step import EagerStep
from builder.training.weights.files import load_weights
from builder.training.weights.initialization import initialize
from builder.training.weights.whitening import IMAGES, freeze_first_convolution, whiten_first_convolution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from torch import nn

    from builder.choices import SplitName
    from builder.training.data.dataset import DataSet, Split
    from builder.training.device.distributed import ProcessGroup
    from builder.training.divergence import Cause
    from builder.training.evaluation.evaluate import Evaluation
    from builder.training.folder.run_folder import RunFolder
    from builder.training.progress import Progress, StepChosen
    from builder.training.recipe.recipe import Recipe
    from builder.training.steps.step import TrainingStep


def train(
    model: nn.Module,
    data: DataSet,
    recipe: Recipe,
    folder: RunFolder,
    device: torch.device,
    on_progress: Callable[[Progress], None] = ignore,
    group: ProcessGroup = ALONE,
    execution: Execution = Execution(),  # noqa: B008 - it is frozen
) -> Summary:
    """Train ``model`` on ``data`` as ``recipe`` says, keep everything in ``folder``, and return the result.

    Weights that the model already has stay where the recipe's ``init`` is ``page``. A folder that holds ``last`` is
    gone on with from there, to the same final bits and in its own ``execution``, but for steps and threads that are
    asked for otherwise; the recipe may then have more epochs than it had. Validation and test are computed in float32
    whatever the precision. At the end the model has the weights of the epoch that the recipe selects, and the folder no
    checkpoint but ``best``, which holds those, and ``last``, or what ``execution`` says. All processes of a ``group``
    call this with equal arguments, and the first one writes.
    Raises RunError if the data don't fit the network, a loss is not finite, memory or disk are full, the folder is
    another recipe's or data's, or another process trains in it; and Interrupted, with everything saved, after Ctrl-C,
    SIGTERM or SIGHUP.
    """
    memory = OutOfMemoryExplained(recipe.batch_size, device)
    with folder.locked() if group.is_first else nullcontext():
        if group.broadcast_from_rank0(lambda: folder.has_begun):
            execution = Execution.of_run(folder).taking(execution.step, execution.threads)
        with computing_in(execution.threads, device), memory:
            run = _Run(model, data, recipe, folder, device, on_progress, group, execution)
            memory.try_step = run.try_step if group.world_size == 1 else None
            return run.to_its_end()


class _Run:
    """What a run works with, where it stands, and its steps."""

    def __init__(
        self,
        model: nn.Module,
        data: DataSet,
        recipe: Recipe,
        folder: RunFolder,
        device: torch.device,
        on_progress: Callable[[Progress], None],
        group: ProcessGroup,
        execution: Execution,
    ) -> None:
        """Make everything ready, and go to where ``last`` was taken if the folder holds one."""
        self.recipe, self.folder, self.device, self.report = recipe, folder, device, on_progress
        self.group = group
        self.data = data.hold_out(recipe.validation, recipe.seed)
        going_on = group.broadcast_from_rank0(lambda: folder.has_begun)
        self.execution, self.precision = execution, execution.precision
        self.chosen: tuple[TrainingStep, StepChosen] | None = None
        self.batches = {name: self._batches(split) for name, split in self.data.splits.items()}
        for name, each in self.batches.items():
            if name != "train" or not recipe.sides:
                self._prepare(name, each)
        self.model = model.to(device).to(memory_format=self.precision.memory_format)
        if self.precision.deterministic:
            with_deterministic_pooling(self.model, device)
        self._begin_weights(anew=not going_on)
        if recipe.sync_batchnorm:
            group.convert_sync_batch_norm(self.model)
        learner = group.wrap(self.model)
        self.optimizer = make_optimizer(recipe.optimizer, self.model)
        self.eager = EagerStep(learner, self.optimizer, recipe, self.precision, group)
        self.average = Average(self.model, recipe.ema_decay) if recipe.ema_decay is not None else None
        total = recipe.epochs * self.batches["train"].steps
        self.slow = SlowWeights(self.model, recipe.lookahead, total) if recipe.lookahead is not None else None
        arithmetic = describe_arithmetic(device) | {"precision": str(self.precision)}
        self.origin = SnapshotOrigin(self._header(), arithmetic, group.world_size)
        self.best = Checkpoint({}, {})
        self.best_is_saved = True
        self.images_trained, self.seconds_trained = 0, 0.0
        self.position = Position()
        self.tally = self._empty_tally()
        if going_on:
            self._resume()
        if recipe.sides and not self.has_ended:
            self._training_batches(self.position.epoch)
        self.started = perf_counter() - self.position.seconds
        self.pace = saving_pace(3 * sum(each.nbytes for each in self.model.state_dict().values()))  # Adam's size
        self.drawing = drawing_pace()
        self.signals = StopSignals()
        if not going_on:
            self._begin()

    def to_its_end(self) -> Summary:
        """Train and validate the epochs that are left, and return the result; Interrupted after a signal."""
        with self.signals, self.precision.on(self.device):
            try:
                while not self.has_ended:
                    self.train()
                    self.validate()
            except Interrupted:
                self.save()
                if self.group.is_first:
                    self.draw()
                raise
            self.save()
            return self.conclude()

    def _header(self) -> RunHeader:
        """Return what checkpoints say of this run before anything is measured."""
        said = read_data(self.folder)
        chosen = said if said.name is not None else replace(said, name=self.data.name)
        return RunHeader(said.network, self.recipe, self.data.classes, chosen, self.data.fingerprint, MetricsSeen())

    def _begin_weights(self, *, anew: bool) -> None:
        """See that the network takes the images, and draw its weights as the recipe says; what it freezes stays so."""
        first = self._batches(self.data.train, self.recipe.in_epoch(1))
        check_fit(self.model, self.batches["train"])
        if self.recipe.sides:
            check_fit(self.model, first)
        initialize(self.model, self.recipe)
        if self.recipe.whiten:
            freeze_first_convolution(self.model)
            if anew:
                whiten_first_convolution(self.model, first.first_images(min(IMAGES, len(first.split))))

    def _batches(self, split: Split, recipe: Recipe | None = None) -> Batches:
        """Return the batches of ``split``, whose images are not resized yet."""
        return Batches(split, recipe or self.recipe, self.device, self.precision, self.group)

    def _prepare(self, name: str, batches: Batches) -> None:
        self.report(Preparing(name, len(batches.split)))
        batches.prepare()
        if batches.waits_for_host:
            self.report(ImagesInMainMemory(name, len(batches.split)))

    def _training_batches(self, epoch: int) -> Batches:
        """Return the training batches of ``epoch``, resized; images of another size, and a recorded step, are let go.

        Nothing but the epoch decides their size, so that a run that goes on in the middle of their growth, or that
        repeats steps, sees the same.
        """
        recipe = self.recipe.in_epoch(epoch)
        if self.batches["train"].recipe != recipe:
            self.chosen = None
            self.batches["train"] = self._batches(self.data.train, recipe)
            gc.collect()
            best_kind().empty_cache()
            assert recipe.side is not None, "images that grow have a side"
            self.report(SizeChosen(epoch, recipe.side))
            self._prepare("train", self.batches["train"])
        return self.batches["train"]

    def _begin(self) -> None:
        """Write down what the run begins with, weights from elsewhere too, so that it can go on from its first step."""
        seed_globally(self.recipe.seed, self.group.rank)  # for dropout
        data = {"name": self.data.name, "sha256": self.origin.header.fingerprint}
        images = {name: len(split) for name, split in self.data.splits.items()}
        environment = describe_environment(self.device) | self.execution.record
        if self.group.is_first:
            write_environment(self.folder, environment | {"data": data | {"images": images}})
        self.save()
        if self.group.is_first:  # last: a folder that holds it can be gone on with
            self.folder.write("recipe.yaml", self.recipe.to_yaml())

    def _resume(self) -> None:
        """Put everything where it was when the newest whole checkpoint was taken."""
        newest, damage = read_newest(self.folder.last, self.folder.previous)
        before = SnapshotOrigin.of(newest)
        self.origin.check_same_run(before)
        self.position, self.tally = restore_snapshot(
            newest, self.model, self.optimizer, self.device, self.group, self.average, self.slow
        )
        steps = self.batches["train"].steps
        done = (self.position.epoch - 1) * steps + self.position.step
        check_past(before.header.recipe, self.recipe, done, steps)
        if self.position.best_epoch:
            self.best = read_best(self.folder.best)
        self.group.barrier()  # until all have read
        if self.group.is_first:
            self._clear_up(damage is not None, before.header.metrics)
        self.origin = self.origin.after(before)
        self._have_seen(self.group.broadcast_from_rank0(lambda: MetricsSeen.in_file(self.folder.metrics)))
        position, changed = self.position, (*self.origin.changed(before), *changed_generator(newest, self.device))
        self.report(GoingOn(position.epoch, position.step, damage, changed))

    def _clear_up(self, last_is_damaged: bool, seen: MetricsSeen | None) -> None:
        """Bring the folder to where the run goes on from."""
        if last_is_damaged:
            self.folder.set_last_aside()  # the next save would put it in the place of the whole one
        if seen is not None:
            check_metrics(self.folder.metrics, seen)
        cut_metrics(self.folder.metrics, self.position.metrics_bytes)
        self.folder.write("recipe.yaml", self.recipe.to_yaml())  # whose epochs may be more
        self._keep_threads()

    def _keep_threads(self) -> None:
        """Let the folder say in how many threads the run computes from now on, where it said another number."""
        said, name = read_environment(self.folder), "threads"
        if name in said and self.execution.threads not in (None, said[name]):
            device = {"device": describe_device(self.device)} if kind_of(self.device).is_host else {}
            write_environment(self.folder, said | {name: self.execution.threads} | device)

    def _have_seen(self, metrics: MetricsSeen) -> None:
        """Let checkpoints say from now on that so much had been measured."""
        self.position.metrics_bytes = metrics.size
        self.origin = replace(self.origin, header=replace(self.origin.header, metrics=metrics))

    @property
    def has_ended(self) -> bool:
        """Whether all epochs are done, or the last few of them brought nothing better and the recipe stops early."""
        done, patience = self.position.epoch - 1, self.recipe.early_stop
        return done == self.recipe.epochs or (patience is not None and done - self.position.best_epoch >= patience)

    def _empty_tally(self) -> EpochTally:
        return EpochTally.empty(self.position.epoch, self.batches["train"].steps, self.device)

    def train(self) -> None:
        """Train the steps that are left of this epoch."""
        batches, first = self._training_batches(self.position.epoch), self.position.step
        if set_epoch(self.optimizer, self.position.epoch):
            self.chosen = None  # a recorded step would go on with what learned before
        train_on = self._step()
        self.report(EpochStarted(self.position.epoch, self.recipe.epochs, first, batches.steps, self._sides_left))
        start = perf_counter()
        train_epoch(train_on, batches, self.recipe, self.tally, first, self._after_step, self.slow)
        self._stop_if_lost()  # waits for the device
        self.seconds_trained += perf_counter() - start
        self.images_trained += batches.images - min(first * self.recipe.batch_size, batches.images)

    @property
    def _sides_left(self) -> tuple[int, ...]:
        """The sides of the training images of this epoch and of each after it, where they grow."""
        return self.recipe.sides[self.position.epoch - 1 :]

    def _step(self) -> TrainingStep:
        """Return what takes a step, chosen after all that is restored: before a session's first, and at a new size."""
        if self.chosen is None:
            recorder = recorder_for(self.device, self.group.world_size)
            epoch = self.batches["train"].epoch(self.position.epoch)
            self.chosen = choose_step(self.eager, self.execution.step, recorder, lambda: next(epoch))
            self.report(self.chosen[1])
        return self.chosen[0]

    def try_step(self, images: int) -> None:
        """Make a step of so many images, whatever becomes of the weights: a run that ran out of memory is over."""
        self.chosen = None  # and with it the memory of a recording
        recipe = self.recipe.model_copy(update={"batch_size": images})
        batches = Batches(self.data.train[:images], recipe, self.device, self.precision)
        tally = EpochTally.empty(1, batches.steps, self.device)
        train_on = EagerStep(self.model, self.optimizer, recipe, self.precision)
        train_epoch(train_on, batches, recipe, tally, 0, lambda _done: None)

    def _after_step(self, done: int) -> None:
        self.position.step = done
        if self.average is not None:
            self.average.update((self.position.epoch - 1) * self.batches["train"].steps + done)
        if self._after_batch("train", done, saving=self.pace.due()):
            self.save()

    def _after_batch(self, phase: SplitName, done: int, *, saving: bool = False) -> bool:
        """Report a batch, stop if a signal asks a process for it, and return whether it is time to save."""
        batches = self.batches[phase]
        steps = batches.steps if phase == "train" else batches.evaluation_steps
        self.report(BatchDone(phase, done, steps))
        signal, save = self.group.agreed(self.signals.received or 0, saving and self.group.is_first)
        if signal:
            where = f"batch {done:,} of {steps:,} of {phase}"
            epoch = min(self.position.epoch, self.recipe.epochs)
            message = f"stopped in epoch {epoch} of {self.recipe.epochs}, after {where}; saved in {self.folder.last}"
            raise Interrupted(signal, message, self.folder.path)
        return bool(save)

    def validate(self) -> None:
        """Measure the epoch's weights, keep them if the recipe selects them, write the row, and turn to the next."""
        position, batches = self.position, self.batches["train"]
        loss, accuracy = self.tally.all_reduce(self.group).result(batches.images, self.recipe.batch_size)
        with self.average.in_place() if self.average else nullcontext():
            found = self._evaluate("validation")
            if not isfinite(found.loss):
                message = f"the validation loss is {found.loss} after epoch {position.epoch}"
                raise self._failed(
                    message, batches.steps, find_cause_in_evaluation(self.model, self.batches["validation"])
                )
        row = EpochMetrics(
            epoch=position.epoch,
            train_loss=loss,
            train_accuracy=accuracy,
            val_loss=found.loss,
            val_accuracy=found.accuracy,
            lr=learning_rate(self.recipe, position.epoch * batches.steps - 1, batches.steps),
            seconds=round(self.elapsed - position.epoch_began, 3),
        )
        seen = self.origin.header.metrics or MetricsSeen()
        self._have_seen(self.group.broadcast_from_rank0(lambda: append_metrics(self.folder.metrics, row, seen)))
        best = found.accuracy > position.best_accuracy or position.best_epoch == 0
        if best:
            position.best_epoch, position.best_accuracy = position.epoch, found.accuracy
        if best or self.recipe.selection == "last":
            self._keep_weights(found.accuracy)
        position.epoch, position.step, position.epoch_began = position.epoch + 1, 0, self.elapsed
        self.tally = self._empty_tally()
        self.report(EpochDone(row, best))
        if not self.has_ended and self.group.is_first and self.drawing.due():
            self.draw()

    def _keep_weights(self, accuracy: float) -> None:
        """Copy the weights as they are now, on the device; they reach the disk, and main memory, with the next save."""
        weights = {name: each.detach().clone() for name, each in self._judged.items()}
        found = {"epoch": self.position.epoch, "val_accuracy": accuracy}
        self.best = Checkpoint(weights, found | self.origin.header.record)
        self.best_is_saved = False

    @property
    def _judged(self) -> Mapping[str, torch.Tensor]:
        """The weights that are validated and kept: their running mean, where the recipe asks for one."""
        return self.average.tensors if self.average is not None else self.model.state_dict()

    def _evaluate(self, phase: Literal["validation", "test"]) -> Evaluation:
        self.group.broadcast_buffers(self.model)

        def after_batch(done: int) -> None:
            self._after_batch(phase, done)

        return evaluate_batches(self.model, self.batches[phase], after_batch)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, in all its sessions."""
        return perf_counter() - self.started

    def save(self) -> None:
        """Write ``best``, then ``last``: what going on begins with never tells of more than is there."""
        with self.pace.timed():
            self._stop_if_lost()
            self.position.seconds = self.elapsed
            snapshot = take_snapshot(
                self.model, self.optimizer, self.tally, self.position, self.origin, self.group, self.average, self.slow
            )
            if not self.group.is_first:
                return
            if not self.best_is_saved:
                here = {name: each.cpu() for name, each in self.best.tensors.items()}
                self.best = Checkpoint(here, self.best.record)
                write_checkpoint(self.folder.best, self.best)
                self.best_is_saved = True
            write_checkpoint(self.folder.last, snapshot, self.folder.previous)

    def _stop_if_lost(self) -> None:
        """Raise RunError, and leave the checkpoints as they are, if a loss or a weight is infinite or not a number."""
        tally = self.tally.all_reduce(self.group)
        before, lost = (tally.epoch - 1) * len(tally.losses), tally.first_lost()
        if lost is not None:
            message = f"the loss is {float(tally.losses[lost])} at step {lost + 1:,} of epoch {tally.epoch}"
            raise self._failed(message, lost + 1, self._cause(message, before + lost))
        if not self.group.broadcast_from_rank0(lambda: all_finite(self.model.state_dict().values())):
            done = before + self.position.step
            message = f"a weight is infinite or NaN after {done:,} steps"
            raise self._failed(message, self.position.step, self._cause(message, done - 1) if done else None)

    def _cause(self, message: str, lost: int) -> Cause | None:
        """Return where it began that step ``lost`` (from 0) had no finite loss, None if that can't be found."""
        if self.group.world_size > 1:
            return None  # each process would see its own part only
        try:
            newest, _ = read_newest(self.folder.last, self.folder.previous)
            position, _ = restore_snapshot(newest, self.model, self.optimizer, self.device, slow=self.slow)
        except RunError:
            return None
        batches = self.batches["train"]
        done = (position.epoch - 1) * batches.steps + position.step
        self.report(LookingBack(message, lost + 1 - done))

        def wanted() -> bool:
            return not self.signals.received

        repeated = self.model, self.optimizer, self._training_batches, self.recipe
        return find_cause(*repeated, done, lost, wanted, self.slow)

    def _failed(self, message: str, step: int, cause: Cause | None) -> DivergedError:
        """Return what to raise, after it was written into the folder and the curves so far were drawn."""
        if cause is not None:
            message = f"{message}; it began in {cause.what}"
        hint = advice(self.recipe)
        if self.group.is_first:
            layer = cause.layer if cause else None
            write_failure(self.folder, RunFailure(message, hint, self.position.epoch, step, layer))
            self.draw()
        return DivergedError(message, hint)

    def draw(self) -> list[EpochMetrics]:
        """Draw the curves of the epochs so far, and return them."""
        with self.drawing.timed():
            rows = read_metrics(self.folder.metrics)
            draw_curves(rows, self.folder.path)
        return rows

    def conclude(self) -> Summary:
        """Draw the curves, test the selected weights once, and write the summary."""
        rows = self.group.broadcast_from_rank0(self.draw)
        load_weights(self.model, self.best.tensors)
        test = self._evaluate("test") if "test" in self.batches else None
        summary = Summary(
            recipe=self.recipe.name,
            data=self.data.name,
            device=describe_device(self.device),
            precision=str(self.precision),
            parameters=sum(weight.numel() for weight in self.model.parameters()),
            epochs=self.recipe.epochs,
            best_epoch=self.position.best_epoch,
            best_val_accuracy=self.position.best_accuracy,
            test_accuracy=test.accuracy if test else None,
            test_loss=test.loss if test else None,
            final=rows[-1],
            seconds=round(self.elapsed, 3),
            images_per_second=self.images_trained / self.seconds_trained if self.images_trained else None,
            step=str(self.chosen[1]) if self.chosen else None,
        )
        if self.group.is_first:
            write_summary(self.folder, summary)
            self._tidy()
        return summary

    def _tidy(self) -> None:
        """Remove the checkpoints that an ended run no longer needs, after its result is on the disk."""
        if self.execution.keep == "best":
            self.folder.drop_checkpoints()
        else:
            with suppress(RunError):  # it has its result, whatever holds on to the file
                self.folder.drop_previous()

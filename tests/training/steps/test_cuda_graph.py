"""A recorded step beside the step itself: the same bits, and what happens where a recording can't be trusted.

No GPU is needed: what stands in for the one function that records does the work again at each replay. What a GPU alone
can show is at the end.
"""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch
from torch import nn

from builder.diagnostics import RunError
from builder.training import trainer
from builder.training.data.batches import Batches
from builder.training.device.determinism import set_workspace
from builder.training.device.execution import Execution
from builder.training.device.precision import Precision
from builder.training.folder.checkpoints import read_checkpoint
from builder.training.folder.run_folder import RunFolder
from builder.training.interrupts import Interrupted
from builder.training.progress import BatchDone, Progress, StepChosen
from builder.training.recipe.optimizer import Adam, AdamW, Sgd
from builder.training.recipe.schedule import Cosine
from builder.training.recipe.weight_group import WeightGroup
from builder.training.steps.cuda_graph import choose_step, recorder_for
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.recorder import GpuRecorder, Recording
from builder.training.steps.step import EagerStep
from builder.training.steps.step_state import StepState
from builder.training.trainer import train
from tests.training.stand_in import StandIn
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from builder.choices import StepName
    from builder.training.data.dataset import DataSet
    from builder.training.folder.summary import Summary
    from builder.training.recipe.recipe import Recipe
    from builder.training.steps.recorder import Outputs, RecordedWork

CPU = torch.device("cpu")
PLACE = r"\(test_cuda_graph\.py, line \d+\)"
RECIPES = {
    "sgd": {"optimizer": Sgd(name="sgd", lr=0.1)},
    "momentum": {"optimizer": Sgd(name="sgd", lr=0.1, momentum=0.9), "clip_norm": 0.5},
    "nesterov": {
        "optimizer": Sgd(name="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01, decay_norm_and_bias=False),
        "label_smoothing": 0.1,
    },
    "adam": {"optimizer": Adam(name="adam", lr=0.01), "schedule": Cosine(name="cosine", warmup=1)},
    "adamw": {"optimizer": AdamW(name="adamw", lr=0.01, weight_decay=0.1), "ema_decay": 0.9},
}


class Heads(NamedTuple):
    """What a network with a second head returns in training."""

    logits: torch.Tensor
    aux: torch.Tensor


class WithHead(TinyNetwork):
    """The small network with a head that only training has."""

    def __init__(self) -> None:
        """Add the head."""
        super().__init__()
        self.second = nn.Linear(64, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor | Heads:
        """Return logits, and in training the second head's."""
        logits = super().forward(images)
        return Heads(logits, self.second(images.flatten(1))) if self.training else logits


def drawn(kind: type[TinyNetwork] = TinyNetwork) -> TinyNetwork:
    """Return a network drawn from seed 5."""
    torch.manual_seed(5)
    return kind()


def same(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    """Return whether both hold equal tensors under equal names."""
    return some.keys() == others.keys() and all(torch.equal(each, others[name]) for name, each in some.items())


class Runs:
    """Whole runs of the small task, in folders of their own."""

    def __init__(self, data: DataSet, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Draw no curves, which takes longer than the training."""
        self._data, self._folder, self._monkeypatch = data, folder, monkeypatch
        monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: None)

    def __call__(
        self,
        recipe: Recipe,
        recorder: StandIn | None = None,
        kind: type[TinyNetwork] = TinyNetwork,
        *,
        stop_after: int | None = None,
    ) -> tuple[dict[str, torch.Tensor], str | None]:
        """Return all that a run's last checkpoint holds, and how its steps were taken; it may be stopped once."""
        self._monkeypatch.setattr(trainer, "recorder_for", lambda *_: recorder)
        folder, steps = RunFolder.create(self._folder, "tiny"), 0

        def interrupt(event: Progress) -> None:
            nonlocal steps
            steps += isinstance(event, BatchDone) and event.phase == "train"
            if steps == stop_after:
                signal.raise_signal(signal.SIGINT)

        if stop_after is not None:
            with pytest.raises(Interrupted):
                train(drawn(kind), self._data, recipe, folder, CPU, interrupt)
        summary = train(drawn(kind), self._data, recipe, folder, CPU)
        return dict(read_checkpoint(folder.last).tensors), summary.step


@pytest.fixture
def runs(data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Return what trains the small task to its end."""
    return Runs(data, tmp_path, monkeypatch)


class TestReplays:
    """Where a recording does what the step does, a run of replays is the run of steps."""

    @pytest.mark.parametrize("name", RECIPES)
    def test_the_last_checkpoint_holds_the_same_bits(self, runs: Runs, recipe: Recipe, name: str) -> None:
        """Weights, batch norm, optimizer, running mean, losses and random numbers, with dropout and an uneven tail."""
        wanted = recipe.model_copy(update=RECIPES[name])
        recorder = StandIn()
        graphed, stepped = runs(wanted, recorder), runs(wanted)
        assert (graphed[1], stepped[1]) == ("CUDA graph", "eager")
        assert same(graphed[0], stepped[0])
        assert recorder.replays == 2 + 3 * 4, "two were tried, and four of each epoch's five batches are whole"

    def test_it_is_recorded_again_where_weights_stop_learning(self, runs: Runs, recipe: Recipe) -> None:
        """Else it would go on to move them."""
        groups = (WeightGroup(weights="norm.*", epochs=1), WeightGroup(weights="conv.bias", epochs=0))
        wanted = recipe.model_copy(update={"optimizer": Adam(name="adam", lr=0.01, groups=groups)})
        recorder = StandIn()
        assert same(runs(wanted, recorder)[0], runs(wanted)[0])
        assert recorder.replays == 2 + 4 + 2 + 2 * 4

    def test_heads_that_only_training_has_are_recorded_too(self, runs: Runs, recipe: Recipe) -> None:
        """As the network returns them."""
        graphed = runs(recipe, StandIn(), WithHead)
        assert graphed[1] == "CUDA graph"
        assert same(graphed[0], runs(recipe, None, WithHead)[0])

    @pytest.mark.parametrize("stop_after", [2, 4, 5, 11])
    def test_stopped_and_recorded_again_it_ends_in_the_same_bits(
        self, runs: Runs, recipe: Recipe, stop_after: int
    ) -> None:
        """In the middle of an epoch, before its tail, at its end."""
        wanted = recipe.model_copy(update=RECIPES["adam"])
        assert same(runs(wanted, StandIn(), stop_after=stop_after)[0], runs(wanted)[0])

    def test_a_layer_where_a_loss_is_lost_is_still_named(self, runs: Runs, recipe: Recipe) -> None:
        """The search takes steps that can be looked at."""

        class Breaking(TinyNetwork):
            """Divides by zero in its seventh step."""

            def __init__(self) -> None:
                """Count in what is put back after every trial."""
                super().__init__()
                self.norm = Seventh()

        with pytest.raises(RunError, match=r"step 2 of epoch 2; it began in the output of `norm` \(Seventh\)"):
            runs(recipe, StandIn(), Breaking)


class Seventh(nn.BatchNorm2d):
    """Batch norm that answers with infinity from its seventh step on."""

    def __init__(self) -> None:
        """Take eight channels."""
        super().__init__(8)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values`` normalized."""
        return super().forward(values) / (self.num_batches_tracked < 7)


class Failing(StandIn):
    """Fails in one of its phases, with whatever that had changed by then."""

    def __init__(self, phase: str, error: Exception) -> None:
        """Take where, and with what."""
        super().__init__()
        self._phase, self._error = phase, error

    def rehearse(self, work: RecordedWork) -> None:
        """Rehearse, or fail after it."""
        super().rehearse(work)
        if self._phase == "rehearsal":
            raise self._error

    def record(self, work: RecordedWork) -> Recording:
        """Record, or fail after the work was done."""
        recording = super().record(work)
        if self._phase == "recording":
            try:
                raise self._error
            finally:
                raise RuntimeError("the capture ended in an error")
        return recording

    def again(self, work: RecordedWork) -> Outputs:
        """Do the work, or fail after it."""
        found = super().again(work)
        if self._phase == f"replay {self.replays}":
            raise self._error
        return found


class Random(StandIn):
    """Freezes what was drawn when it was recorded."""

    def record(self, work: RecordedWork) -> Recording:
        """Keep the state of the generator."""
        self._state = torch.get_rng_state()
        return super().record(work)

    def again(self, work: RecordedWork) -> Outputs:
        """Draw the same once more."""
        with torch.random.fork_rng():
            torch.set_rng_state(self._state)
            return work()


class Deaf(StandIn):
    """Computes a loss, and leaves the weights as they are."""

    def again(self, work: RecordedWork) -> Outputs:
        """Put them back."""
        weights = list(work.__self__.model.parameters())
        before = [each.detach().clone() for each in weights]
        found = work()
        for each, kept in zip(weights, before, strict=True):
            each.data.copy_(kept)
        return found


class Stale(StandIn):
    """Goes on with the images on which it was recorded."""

    def record(self, work: RecordedWork) -> Recording:
        """Keep them."""
        self._images = work.__self__._images.clone()
        return super().record(work)

    def again(self, work: RecordedWork) -> Outputs:
        """Put them in the place of those that came."""
        work.__self__._images.copy_(self._images)
        return work()


class Steady(StandIn):
    """Goes on with the learning rate with which it was recorded."""

    def again(self, work: RecordedWork) -> Outputs:
        """Put it in the place of what was set."""
        eager = work.__self__._eager
        eager.optimizer.param_groups[0]["lr"] = eager.recipe.optimizer.lr
        return work()


class Blind(StandIn):
    """Loses its loss."""

    def again(self, work: RecordedWork) -> Outputs:
        """Return something that is not a number."""
        loss, logits = work()
        return loss * float("nan"), logits


class Slight(StandIn):
    """Computes the last digits of a loss otherwise."""

    def again(self, work: RecordedWork) -> Outputs:
        """Return a loss that is nearly right."""
        loss, logits = work()
        return loss * (1 + 1e-5), logits


class TestFallingBack:
    """Where there is no recording, or one that does something else, the run is the run of steps, and says why."""

    @pytest.mark.parametrize("name", ["momentum", "adam"])
    @pytest.mark.parametrize("phase", ["rehearsal", "recording", "replay 1", "replay 2"])
    def test_a_failure_changes_nothing(self, runs: Runs, recipe: Recipe, phase: str, name: str) -> None:
        """In whatever phase: weights, optimizer and random numbers are where they were."""
        wanted = recipe.model_copy(update=RECIPES[name])
        found, step = runs(wanted, Failing(phase, RuntimeError("operation not permitted\nmore of it")))
        assert step == "eager: no CUDA graph can be recorded of it: operation not permitted"
        assert same(found, runs(wanted)[0])

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (
                RuntimeError("called a synchronizing CUDA operation"),
                "the network waits for the device in the middle of a step, which a CUDA graph cannot do " + PLACE,
            ),
            (torch.OutOfMemoryError("CUDA out of memory"), "there is too little memory for a CUDA graph"),
            (AssertionError(), "no CUDA graph can be recorded of it: AssertionError"),
        ],
        ids=["waits", "memory", "no words"],
    )
    def test_it_is_said_in_words(self, runs: Runs, recipe: Recipe, error: Exception, reason: str) -> None:
        """What went wrong first, in one line; and where, if that is in the network."""
        assert re.fullmatch(f"eager: {reason}", str(runs(recipe, Failing("recording", error))[1]))

    @pytest.mark.parametrize(
        ("recorder", "reason"),
        [
            (Random, "draws other random numbers than the step"),
            (Deaf, "has a loss of "),
            (Stale, "has a loss of "),
            (Steady, "has a loss of "),
            (Blind, "has a loss of nan, and the step one of "),
        ],
    )
    def test_what_is_frozen_is_found(self, runs: Runs, recipe: Recipe, recorder: type[StandIn], reason: str) -> None:
        """Before the first step counts, and nothing of it is left."""
        found, step = runs(recipe, recorder())
        assert step is not None
        assert step.startswith("eager: a CUDA graph was tried, and its replay ")
        assert reason in step
        assert same(found, runs(recipe)[0])

    @pytest.mark.parametrize("recorder", [Deaf, Steady])
    def test_weights_that_go_elsewhere_are_found_where_the_loss_hardly_shows_it(
        self, runs: Runs, recipe: Recipe, recorder: type[StandIn]
    ) -> None:
        """A rate so low that two steps change the loss by less than the order of adding up may."""
        slow = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=1e-4)})
        reason = "its replay changes the weights in another way than the step"
        assert runs(slow, recorder())[1] == f"eager: a CUDA graph was tried, and {reason}"

    @pytest.mark.parametrize("deterministic", [False, True])
    def test_where_bits_are_promised_they_are_compared(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, *, deterministic: bool
    ) -> None:
        """Elsewhere sums may have been added up in another order."""
        precision = Precision(deterministic=deterministic)
        eager = EagerStep(network, make_optimizer(recipe.optimizer, network), recipe, precision)
        batch = next(Batches(data.train, recipe, CPU).epoch(1))
        chosen = choose_step(eager, "auto", Slight(), lambda: batch)[1]
        assert chosen.kind == ("eager" if deterministic else "CUDA graph")

    def test_a_loss_that_is_lost_at_once_is_left_to_the_step(self, runs: Runs, recipe: Recipe) -> None:
        """Which ends the run as it always does."""

        class Lost(TinyNetwork):
            """Answers with infinity in training."""

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Return the logits."""
                return super().forward(images) / (not self.training)

        with pytest.raises(RunError, match="the loss is nan at step 1 of epoch 1"):
            runs(recipe, StandIn(), Lost)


class TestChoice:
    """By hand, or by what there is."""

    @pytest.mark.parametrize(
        ("wanted", "recorder", "said"),
        [
            ("auto", StandIn(), "CUDA graph"),
            ("graph", StandIn(), "CUDA graph"),
            ("eager", StandIn(), "eager: as asked for"),
            ("auto", None, "eager"),
            ("graph", None, "eager: a CUDA graph needs one process on a GPU"),
        ],
    )
    def test_what_is_asked_for_is_taken_where_it_can_be(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, wanted: StepName, recorder: StandIn, said: str
    ) -> None:
        """A run that goes on where there is no GPU takes steps, and says so."""
        eager = EagerStep(network, make_optimizer(recipe.optimizer, network), recipe)
        step, chosen = choose_step(eager, wanted, recorder, lambda: next(Batches(data.train, recipe, CPU).epoch(1)))
        assert str(chosen) == said
        assert (step is eager) == (chosen.kind == "eager")
        assert (chosen.seconds > 0) == (chosen.kind == "CUDA graph")

    @pytest.mark.parametrize(("said", "is_news"), [("", False), ("as asked for", True)])
    def test_what_nobody_wonders_at_is_no_news(self, said: str, is_news: bool) -> None:
        """Steps on a CPU."""
        assert StepChosen("eager", said).is_news is is_news
        assert StepChosen("CUDA graph").is_news

    def test_neither_a_cpu_nor_one_of_several_processes_records(self) -> None:
        """No graph goes over the edge of a process."""
        assert recorder_for(CPU) is None
        assert recorder_for(torch.device("cuda"), processes=2) is None


class TestRewind:
    """What a step changes, kept aside."""

    def test_everything_comes_back_at_its_address(self, data: DataSet, recipe: Recipe, network: TinyNetwork) -> None:
        """Weights and statistics; what the optimizer remembers since then is zero, and its gradients are gone."""
        optimizer = make_optimizer(Adam(name="adam", lr=0.1), network)
        eager, batch = EagerStep(network, optimizer, recipe), next(Batches(data.train, recipe, CPU).epoch(1))
        before = {name: each.clone() for name, each in network.state_dict().items()}
        addresses = {name: each.data_ptr() for name, each in network.state_dict().items()}
        rewind, random = StepState(network, optimizer, CPU), torch.get_rng_state()
        eager(batch, 0.1)
        assert not same(network.state_dict(), before)
        rewind.back()
        assert same(dict(network.state_dict()), before)
        assert {name: each.data_ptr() for name, each in network.state_dict().items()} == addresses
        assert torch.equal(torch.get_rng_state(), random)
        assert all(weight.grad is None for weight in network.parameters())
        assert all(not each.any() for memory in optimizer.state.values() for each in memory.values())
        rewind.back_to_nothing()
        assert not optimizer.state

    def test_what_was_remembered_before_comes_back_too(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork
    ) -> None:
        """As after a resume."""
        optimizer = make_optimizer(recipe.optimizer, network)
        eager, batch = EagerStep(network, optimizer, recipe), next(Batches(data.train, recipe, CPU).epoch(1))
        eager(batch, 0.1)
        momentum = optimizer.state[network.head.weight]["momentum_buffer"]
        rewind, before = StepState(network, optimizer, CPU), momentum.clone()
        eager(batch, 0.1)
        assert not torch.equal(momentum, before)
        rewind.back_to_nothing()
        assert optimizer.state[network.head.weight]["momentum_buffer"] is momentum
        assert torch.equal(momentum, before)


class Pooled(nn.Module):
    """Convolution, batch norm, dropout and a head, of operations that repeat their bits on a GPU."""

    def __init__(self) -> None:
        """Draw the weights."""
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(8 * 16, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        features = nn.functional.avg_pool2d(torch.relu(self.norm(self.conv(images))), 2)
        return self.head(self.dropout(features.flatten(1)))


class Asking(Pooled):
    """The same, and asks the device for a number in the middle of a step."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return super().forward(images * float(images.abs().max() > 0))


class Tossing(Pooled):
    """The same, and tosses a coin that no recording can toss."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return super().forward(images if torch.rand(()) < 0.5 else -images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
class TestOnGpu:
    """The recorder itself. None of this has run yet: no machine so far had a GPU."""

    def trained(
        self,
        data: DataSet,
        recipe: Recipe,
        folder: Path,
        step: StepName,
        kind: type[nn.Module] = Pooled,
        *,
        stop: bool = False,
    ) -> tuple[dict[str, torch.Tensor], str | None]:
        """Return all that a deterministic run's last checkpoint holds, and how its steps were taken."""
        set_workspace()
        run, execution = RunFolder.create(folder, "tiny"), Execution(Precision(deterministic=True), step)
        reports = iter([lambda: None] * 6 + [lambda: signal.raise_signal(signal.SIGINT)] * stop)

        def report(event: Progress) -> None:
            if isinstance(event, BatchDone):
                next(reports, lambda: None)()

        def go() -> Summary:
            torch.manual_seed(5)
            return train(kind(), data, recipe, run, torch.device("cuda"), report, execution=execution)

        if stop:
            with pytest.raises(Interrupted):
                go()
        summary = go()
        return dict(read_checkpoint(run.last).tensors), summary.step

    @pytest.mark.parametrize("name", RECIPES)
    def test_a_graph_computes_the_bits_of_its_steps(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, name: str
    ) -> None:
        """With dropout, and a tail that is not recorded."""
        wanted = recipe.model_copy(update=RECIPES[name])
        graphed, stepped = (self.trained(data, wanted, tmp_path, step) for step in ("graph", "eager"))
        assert (graphed[1], stepped[1]) == ("CUDA graph", "eager: as asked for")
        assert same(graphed[0], stepped[0])

    def test_it_goes_on_bit_for_bit(self, data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
        """Recorded again in the middle of an epoch."""
        stopped = self.trained(data, recipe, tmp_path, "auto", stop=True)
        assert stopped[1] == "CUDA graph"
        assert same(stopped[0], self.trained(data, recipe, tmp_path, "auto")[0])

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [(Asking, "the network waits for the device"), (Tossing, "a CUDA graph was tried, and its replay ")],
    )
    def test_what_can_not_be_recorded_is_not(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, kind: type[nn.Module], reason: str
    ) -> None:
        """And computes the bits of its steps."""
        found, step = self.trained(data, recipe, tmp_path, "auto", kind)
        assert step is not None
        assert reason in step
        assert same(found, self.trained(data, recipe, tmp_path, "eager", kind)[0])

    def test_a_recording_that_breaks_off_leaves_nothing_behind(self) -> None:
        """Neither a stream nor a generator in another state."""
        device = torch.device("cuda")
        values, stream, random = torch.ones(4, device=device), torch.cuda.current_stream(), torch.cuda.get_rng_state()

        def waiting() -> Outputs:
            torch.rand(4, device=device)
            return values.sum() * float(values.sum()), values

        with pytest.raises(RuntimeError):
            GpuRecorder(device).record(waiting)
        assert torch.cuda.current_stream() == stream
        assert torch.equal(torch.cuda.get_rng_state(), random)
        assert torch.rand(4, device=device).isfinite().all()

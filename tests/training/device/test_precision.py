"""In which format a network computes: a rule, what follows from it, and what is written down."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn.functional import cross_entropy

from builder.diagnostics import RunError
from builder.training.data.batches import Batches
from builder.training.device.devices import Hardware
from builder.training.device.precision import PLAIN, Precision, StepWork, choose_precision, fp32_precision
from builder.training.folder.checkpoints import Checkpoint
from builder.training.folder.header import RunHeader
from builder.training.folder.run_folder import RunFolder
from builder.training.snapshot import Position, SnapshotOrigin, restore_snapshot, take_snapshot
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe

ROOT = Path(__file__).parents[3]
AVX2 = Hardware("cpu")
AVX512 = Hardware("cpu", has_avx512=True)
AVX512_BF16 = Hardware("cpu", has_avx512=True, has_bf16=True)
AMX = Hardware("cpu", has_avx512=True, has_bf16=True, has_amx=True)
TURING, AMPERE = Hardware("cuda"), Hardware("cuda", has_bf16=True, has_tf32=True)
RADEON = Hardware("cuda", has_bf16=True)
MPS = Hardware("mps")


def alexnet(batch: int) -> StepWork:
    """Return a step of AlexNet: many weights, each used twelve times an image."""
    return StepWork(57_044_810, 710_133_440 * batch, 2_345_960 * batch, casts=32)


def resnet18(batch: int) -> StepWork:
    """Return a step of ResNet-18: few weights, each used often."""
    return StepWork(11_181_642, 1_813_566_464 * batch, 17_538_536 * batch, casts=44)


def resnet20(batch: int) -> StepWork:
    """Return a step of ResNet-20 at 32 px: so little that starting its kernels takes longer than they do."""
    return StepWork(272_474, 40_813_184 * batch, 1_453_194 * batch, casts=46)


TINY = StepWork(43_000, 4 * 4_000_000)


class TestChoosePrecision:
    """The same for the same hardware and work, as it was measured."""

    @pytest.mark.parametrize(
        ("hardware", "work", "chosen"),
        [
            (AVX2, alexnet(32), "fp32, contiguous"),
            (AVX512, alexnet(32), "fp32, channels_last"),
            (AVX512_BF16, alexnet(1), "fp32, channels_last"),
            (AVX512_BF16, alexnet(4), "bf16, channels_last"),
            (AVX512_BF16, resnet18(1), "bf16, channels_last"),
            (AVX512_BF16, TINY, "fp32, channels_last"),
            (AMX, alexnet(4), "fp32, channels_last"),
            (AMX, alexnet(8), "bf16, channels_last"),
            (AMX, resnet18(4), "bf16, channels_last"),
            (TURING, alexnet(128), "fp32, contiguous"),
            (RADEON, alexnet(128), "fp32, contiguous"),
            (AMPERE, alexnet(4), "tf32, channels_last"),
            (AMPERE, resnet18(4), "tf32, channels_last"),
            (AMPERE, resnet20(4), "tf32, channels_last"),
            (AMPERE, resnet20(128), "bf16, channels_last"),
            (AMPERE, alexnet(128), "bf16, channels_last"),
            (AMPERE, resnet18(32), "bf16, channels_last"),
            (MPS, resnet18(32), "fp32, contiguous"),
        ],
    )
    def test_it_takes_what_pays(self, hardware: Hardware, work: StepWork, chosen: str) -> None:
        """bf16 where the hardware has it and the step is more than fetching weights."""
        assert str(choose_precision(hardware, work).precision) == chosen

    @pytest.mark.parametrize(
        ("hardware", "work", "reason"),
        [
            (AVX2, TINY, "this CPU has no AVX-512"),
            (AVX512, TINY, "this CPU has AVX-512 and no bf16"),
            (AVX512_BF16, TINY, "a step is so small that casting would cost as much as bf16 saves"),
            (AVX512_BF16, alexnet(4), "this CPU has AVX512_BF16"),
            (AMX, alexnet(4), "a step is limited by reading its weights, which bf16 would copy"),
            (AMX, alexnet(8), "this CPU has AMX"),
            (TURING, TINY, "this GPU has neither TF32 nor bf16"),
            (RADEON, TINY, "this GPU has no TF32"),
            (AMPERE, alexnet(4), "a step is limited by reading its weights, which bf16 would copy"),
            (AMPERE, resnet20(4), "a step is so small that casting to bf16 would cost what it saves"),
            (AMPERE, resnet18(32), "this GPU has bf16, and a step is large enough to gain from it"),
            (MPS, TINY, "nothing else is measured on mps"),
        ],
    )
    def test_it_says_why(self, hardware: Hardware, work: StepWork, reason: str) -> None:
        """In a few words."""
        assert choose_precision(hardware, work).reason == reason

    def test_what_is_given_is_taken_and_the_rest_is_chosen(self) -> None:
        """Each by itself."""
        both = choose_precision(AVX512_BF16, alexnet(32), "fp32", "contiguous")
        assert (both.precision, both.reason) == (PLAIN, "as asked for")
        assert choose_precision(AVX512_BF16, alexnet(32), "fp32").precision == Precision("fp32", "channels_last")
        assert choose_precision(AVX512_BF16, alexnet(32), layout="contiguous").precision == Precision("bf16")

    @pytest.mark.parametrize(
        ("hardware", "others"),
        [(AVX512_BF16, "fp32 or bf16"), (TURING, "fp32"), (RADEON, "fp32 or bf16"), (MPS, "fp32 or bf16")],
    )
    def test_tf32_is_refused_where_it_would_mean_nothing(self, hardware: Hardware, others: str) -> None:
        """Rather than written into a run that never rounded anything; what is named instead is there."""
        with pytest.raises(RunError, match="`tf32` is a format of NVIDIA's GPUs") as raised:
            choose_precision(hardware, TINY, "tf32")
        assert raised.value.hint == f"choose {others}, or leave it out"

    def test_bf16_is_refused_where_a_gpu_only_emulates_it(self) -> None:
        """There its libraries have no convolutions in it, and the first step would end in an error."""
        with pytest.raises(
            RunError, match="`bf16` is a format of NVIDIA's GPUs since Ampere; this one has none"
        ) as raised:
            choose_precision(TURING, TINY, "bf16")
        assert raised.value.hint == "choose fp32, or leave it out"

    @pytest.mark.parametrize("hardware", [AVX2, AVX512, RADEON, AMPERE, MPS])
    def test_elsewhere_it_is_taken_as_asked_for(self, hardware: Hardware) -> None:
        """A CPU without instructions for it computes in it all the same."""
        assert choose_precision(hardware, TINY, "bf16").precision.format == "bf16"


class TestRecord:
    """A run's folder says how it computes, and going on reads it there."""

    def test_it_is_read_back(self, tmp_path: Path) -> None:
        """As it was written."""
        (tmp_path / "environment.json").write_text(json.dumps({"precision": str(Precision("bf16", "channels_last"))}))
        assert Precision.of_run(RunFolder(tmp_path)) == Precision("bf16", "channels_last")

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"precision": "fp8, contiguous"}', '{"precision": 1}'])
    def test_a_folder_that_does_not_say_is_refused(self, tmp_path: Path, content: str) -> None:
        """By the file's name."""
        (tmp_path / "environment.json").write_text(content)
        with pytest.raises(RunError, match=r"environment\.json does not say which precision"):
            Precision.of_run(RunFolder(tmp_path))


class TestTraining:
    """What is rounded, and what is not."""

    def test_bf16_is_autocast_with_a_loss_in_float32(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """The same bits as the loop of torch's documentation; weights and momentum stay float32."""
        precision = Precision("bf16", "channels_last")
        batches = Batches(data.train, recipe, cpu, precision)
        torch.manual_seed(0)
        ours = TinyNetwork().to(memory_format=torch.channels_last)
        theirs = deepcopy(ours).train()
        optimizer, by_hand = make_optimizer(recipe.optimizer, ours), make_optimizer(recipe.optimizer, theirs)
        torch.manual_seed(1)
        tally = EpochTally.empty(1, 5, cpu)
        train_epoch(EagerStep(ours, optimizer, recipe, precision), batches, recipe, tally, 0, lambda _: None)
        torch.manual_seed(1)
        for batch in batches.epoch(1):
            with torch.autocast("cpu", torch.bfloat16):
                logits = theirs(batch.images)
            assert logits.dtype == torch.bfloat16
            by_hand.zero_grad()
            cross_entropy(logits.float(), batch.labels).backward()
            by_hand.step()
        assert all(torch.equal(each, theirs.state_dict()[name]) for name, each in ours.state_dict().items())
        assert {each.dtype for each in ours.parameters()} == {torch.float32}
        assert {each["momentum_buffer"].dtype for each in optimizer.state.values()} == {torch.float32}
        assert tally.losses.dtype == torch.float32

    def test_images_have_the_layout_and_stay_float32(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """Autocast casts them where it wants them."""
        color = data.with_channels(3).train
        images = next(Batches(color, recipe, cpu, Precision("bf16", "channels_last")).epoch(1)).images
        assert images.dtype == torch.float32
        assert images.is_contiguous(memory_format=torch.channels_last)

    def test_what_an_optimizer_remembers_comes_back_in_the_layout_of_its_weight(
        self, data: DataSet, recipe: Recipe, cpu: torch.device
    ) -> None:
        """Fused steps pair numbers as they lie in memory, and would pair the wrong ones without a word."""
        batches = Batches(data.with_channels(3).train, recipe, cpu, Precision("fp32", "channels_last"))
        torch.manual_seed(0)
        ours = TinyNetwork(channels=3).to(memory_format=torch.channels_last)
        optimizer = make_optimizer(recipe.optimizer, ours)
        train_epoch(EagerStep(ours, optimizer, recipe), batches, recipe, EpochTally.empty(1, 5, cpu), 0, lambda _: None)
        origin = SnapshotOrigin(RunHeader(recipe=recipe, fingerprint="data"), {})
        taken = take_snapshot(ours, optimizer, EpochTally.empty(1, 5, cpu), Position(), origin)
        taken = Checkpoint({name: each.clone().contiguous() for name, each in taken.tensors.items()}, taken.record)
        again = TinyNetwork(channels=3).to(memory_format=torch.channels_last)
        other = make_optimizer(recipe.optimizer, again)
        restore_snapshot(taken, again, other, cpu)
        assert other.state[again.conv.weight]["momentum_buffer"].stride() == again.conv.weight.stride()
        for network, steps in ((ours, optimizer), (again, other)):
            torch.manual_seed(1)
            tally = EpochTally.empty(2, 5, cpu)
            train_epoch(EagerStep(network, steps, recipe), batches, recipe, tally, 0, lambda _: None)
        assert all(torch.equal(each, again.state_dict()[name]) for name, each in ours.state_dict().items())


MIXES = {
    "nothing": "",
    "older": "torch.backends.cuda.matmul.allow_tf32 = True; torch.backends.cudnn.allow_tf32 = False",
    "oldest": "torch.set_float32_matmul_precision('high')",
    "newer": "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "newer of one": "torch.backends.cudnn.conv.fp32_precision = 'ieee'",
    "newest of all": "torch.backends.fp32_precision = 'tf32'",
    "of a library": "torch.backends.cudnn.fp32_precision = 'ieee'",
    "older, then newer": (
        "torch.backends.cuda.matmul.allow_tf32 = True; torch.backends.cuda.matmul.fp32_precision = 'ieee'"
    ),
}
"""What a plugin may have set before a run begins."""

AROUND = """
import torch
from dataclasses import replace
{mix}
from builder.training.device.environment import describe_environment
from builder.training.device.kinds import CPU, KINDS
from builder.training.device.precision import PLAIN, Precision, fp32_precision
KINDS["cpu"] = replace(CPU, has_tf32_switch=True)
cpu, before = torch.device("cpu"), fp32_precision()
for kind, wanted in (("fp32", "ieee"), ("tf32", "tf32"), ("bf16", "tf32")):
    with Precision(kind).on(cpu):
        assert set(fp32_precision().values()) == {{wanted}}, fp32_precision()
        with PLAIN.on(cpu):
            assert set(fp32_precision().values()) == {{"ieee"}}, fp32_precision()
        assert set(fp32_precision().values()) == {{wanted}}, fp32_precision()
assert fp32_precision() == before, (fp32_precision(), before)
assert describe_environment(cpu)["fp32_precision"] == before
"""


class TestOn:
    """What only a library's own switch can say."""

    @pytest.mark.parametrize("mix", MIXES)
    def test_whatever_a_plugin_has_set_it_never_fails(self, mix: str) -> None:
        """Torch's older switches raise once some of the newer ones are set; afterwards all are what they were.

        In a process of its own, for torch can't be brought back to where nobody has set anything.
        """
        program = [sys.executable, "-c", AROUND.format(mix=MIXES[mix])]
        done = subprocess.run(program, check=False, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr

    def test_a_cpu_needs_none(self, cpu: torch.device) -> None:
        """Nothing is touched."""
        before = fp32_precision()
        with Precision("tf32").on(cpu):
            assert fp32_precision() == before

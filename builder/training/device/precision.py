"""In which number format and memory layout a network computes: the one place where that is chosen."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import torch

from builder.choices import Format, MemoryFormat
from builder.diagnostics import RunError
from builder.training.device.determinism import deterministic
from builder.training.folder.run_files import read_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.training.device.devices import Hardware
    from builder.training.folder.run_folder import RunFolder

LAYOUTS: dict[MemoryFormat, torch.memory_format] = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}

SMALL_STEP = 100_000_000  # multiply-accumulates; below, casting to bf16 costs what it saves: alexnet_tiny, batch 4
REUSE_AVX512 = 24  # multiply-accumulates a weight: AlexNet at batch 1 has 12 and is slower, at batch 2 1.4 times faster
REUSE_AMX = 64  # the same with tiles, as measured on a Xeon: AlexNet at batch 4 has 50 and gains nothing, at 8 it does
REUSE_GPU = 512  # from the bytes that a step moves; not yet measured: AlexNet at batch 32 has 398, ResNet-18 at 4 648


@dataclass(frozen=True)
class Precision:
    """How a network computes; weights, gradients, optimizer, batch norm's statistics and loss stay float32.

    ``fp32`` is plain float32; ``tf32`` lets a GPU round the factors of products to 10 bits; ``bf16`` is autocast to
    bfloat16. https://docs.pytorch.org/docs/stable/amp.html, https://docs.pytorch.org/docs/stable/notes/cuda.html
    """

    format: Format = "fp32"
    layout: MemoryFormat = "contiguous"
    deterministic: bool = False

    def __str__(self) -> str:
        """Return the choice as reports and records show it: ``bf16, channels_last``."""
        return f"{self.format}, {self.layout}{', deterministic' if self.deterministic else ''}"

    @classmethod
    def of_run(cls, folder: RunFolder) -> Precision:
        """Return what the run in ``folder`` computes with; raise RunError if it does not say."""
        try:
            number_format, layout, *more = read_environment(folder)["precision"].split(", ")
        except (RunError, KeyError, ValueError, AttributeError):
            number_format, layout, more = None, None, []
        if number_format not in get_args(Format) or layout not in LAYOUTS or more not in ([], ["deterministic"]):
            raise RunError(f"{folder.environment} does not say which precision the run uses", "start a new run")
        return cls(number_format, layout, bool(more))

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout as torch calls it."""
        return LAYOUTS[self.layout]

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return what a forward pass runs in. The weights that it casts are kept until it is left: enter it anew."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.format == "bf16")

    @contextmanager
    def on(self, device: torch.device) -> Iterator[None]:
        """Let a device compute so while this lasts; its libraries have no other way to say it.

        Raises RunError if it is to be deterministic, and something can't be.
        """
        with deterministic() if self.deterministic else nullcontext(), self._rounding(device):
            yield

    @contextmanager
    def _rounding(self, device: torch.device) -> Iterator[None]:
        """Let a GPU round in float32 products, or not, while this lasts."""
        if device.type != "cuda":
            yield
            return
        products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
        before = products.allow_tf32, convolutions.allow_tf32
        products.allow_tf32 = convolutions.allow_tf32 = self.format != "fp32"
        try:
            yield
        finally:
            products.allow_tf32, convolutions.allow_tf32 = before


PLAIN = Precision()
"""float32 throughout, in torch's own layout: what every device can do."""


@dataclass(frozen=True)
class StepWork:
    """What one training step has to do: its weights, and its multiply-accumulates in the forward pass."""

    parameters: int
    macs: int

    @property
    def reuse(self) -> float:
        """How often a weight is used once it has been fetched: where it is seldom, memory is what a step waits for."""
        return self.macs / max(1, self.parameters)


@dataclass(frozen=True)
class ChosenPrecision:
    """A precision, and in a few words why."""

    precision: Precision
    reason: str


def choose_precision(
    hardware: Hardware, work: StepWork, number_format: Format | None = None, layout: MemoryFormat | None = None
) -> ChosenPrecision:
    """Return what pays for ``work`` on ``hardware``, as measured in docs/speed.md; what is given is taken.

    A pure function, so that the same command computes in the same way every time. ``archcli bench`` measures the
    others beside it. Raises RunError for TF32 on what is not a GPU of NVIDIA's with it.
    """
    chosen = _by_rule(hardware, work)
    if number_format is None and layout is None:
        return chosen
    if number_format == "tf32" and not hardware.has_tf32:
        raise RunError("`tf32` is a format of NVIDIA's GPUs since Ampere", "choose fp32 or bf16, or leave it out")
    given = Precision(number_format or chosen.precision.format, layout or chosen.precision.layout)
    return ChosenPrecision(given, "as asked for")


def _by_rule(hardware: Hardware, work: StepWork) -> ChosenPrecision:
    if hardware.kind == "cuda":
        return _on_gpu(hardware, work)
    if hardware.kind == "cpu":
        return _on_cpu(hardware, work)
    return ChosenPrecision(Precision(), f"nothing else is measured on {hardware.kind}")


def _on_gpu(hardware: Hardware, work: StepWork) -> ChosenPrecision:
    if not hardware.has_tf32:
        return ChosenPrecision(Precision("fp32", "channels_last"), "this GPU has neither TF32 nor bf16")
    if work.reuse < REUSE_GPU:
        return ChosenPrecision(
            Precision("tf32", "channels_last"), "a step is limited by reading its weights, which bf16 would copy"
        )
    return ChosenPrecision(
        Precision("bf16", "channels_last"), "this GPU has bf16, and a step is large enough to gain from it"
    )


def _on_cpu(hardware: Hardware, work: StepWork) -> ChosenPrecision:
    if not hardware.has_avx512:
        return ChosenPrecision(Precision(), "this CPU has no AVX-512")
    plain = Precision("fp32", "channels_last")
    if not (hardware.has_bf16 or hardware.has_amx):
        return ChosenPrecision(plain, "this CPU has AVX-512 and no bf16")
    if work.macs < SMALL_STEP:
        return ChosenPrecision(plain, "a step is so small that casting would cost as much as bf16 saves")
    if work.reuse < (REUSE_AMX if hardware.has_amx else REUSE_AVX512):
        return ChosenPrecision(plain, "a step is limited by reading its weights, which bf16 would copy")
    return ChosenPrecision(
        Precision("bf16", "channels_last"), f"this CPU has {'AMX' if hardware.has_amx else 'AVX512_BF16'}"
    )

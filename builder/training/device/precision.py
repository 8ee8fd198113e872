"""In which number format and memory layout a network computes: the one place where that is chosen."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import torch

from builder.choices import Format, MemoryFormat
from builder.diagnostics import RunError
from builder.training.device.determinism import deterministic
from builder.training.device.kinds import KINDS, kind_of
from builder.training.folder.run_files import read_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.training.device.devices import Hardware
    from builder.training.folder.run_folder import RunFolder

LAYOUTS: dict[MemoryFormat, torch.memory_format] = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}

SMALL_STEP = 100_000_000  # multiply-accumulates; below, casting to bf16 costs what it saves: alexnet_tiny, batch 4
REUSE_AVX512 = 24  # multiply-accumulates a weight: AlexNet at batch 1 has 12 and is slower, at batch 2 1.4 times faster
REUSE_AMX = 64  # the same with tiles, as measured on a Xeon: AlexNet at batch 4 has 50 and gains nothing, at 8 it does
GPU_BYTES, GPU_TF32, GPU_BF16 = 4.3e12, 4e14, 8e14  # a second, of an H200's data sheet; not yet measured
GPU_LAUNCH = 2e-6  # seconds that a GPU takes to start a kernel and end it, as published of graphs; not yet measured


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
        if not kind_of(device).has_tf32_switch:
            yield
            return
        before = fp32_precision()
        _set_fp32_precision(dict.fromkeys(before, "ieee" if self.format == "fp32" else "tf32"))
        try:
            yield
        finally:
            _set_fp32_precision(before)


PLAIN = Precision()
"""float32 throughout, in torch's own layout: what every device can do."""


def fp32_precision() -> dict[str, str]:
    """Return how a GPU's libraries take float32 factors: ``ieee``, ``tf32``, or ``none`` where nobody has said it.

    Asked and set by the switches of torch 2.9 and later; the older ``allow_tf32`` and
    ``torch.get_float32_matmul_precision`` raise where a plugin has set some of the newer ones.
    https://docs.pytorch.org/docs/stable/notes/cuda.html#tensorfloat-32-tf32-on-ampere-and-later-devices
    """
    return {name: str(switch.fp32_precision) for name, switch in _switches().items()}


def _set_fp32_precision(wanted: Mapping[str, str]) -> None:
    for name, switch in _switches().items():
        switch.fp32_precision = wanted[name]


def _switches() -> dict[str, Any]:
    """Return what has a switch: products of matrices, convolutions, and recurrent layers, which plugins may have."""
    cudnn: Any = torch.backends.cudnn
    return {"matmul": torch.backends.cuda.matmul, "conv": cudnn.conv, "rnn": cudnn.rnn}


@dataclass(frozen=True)
class StepWork:
    """What one training step has to do: its weights, and its multiply-accumulates in the forward pass.

    ``numbers`` is what its layers read and write in the forward pass, and ``casts`` how many tensors bf16 casts.
    """

    parameters: int
    macs: int
    numbers: int = 0
    casts: int = 0

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
    others beside it. Raises RunError for TF32 where there is none, and for bf16 on a GPU that only emulates it.
    """
    chosen = _by_rule(hardware, work)
    if number_format is None and layout is None:
        return chosen
    _check_format(hardware, number_format)
    given = Precision(number_format or chosen.precision.format, layout or chosen.precision.layout)
    return ChosenPrecision(given, "as asked for")


def has_format(hardware: Hardware, number_format: Format) -> bool:
    """Return whether ``hardware`` computes in ``number_format``: on a GPU of CUDA's not where it is only emulated."""
    if number_format == "tf32":
        return hardware.has_tf32
    return number_format == "fp32" or hardware.has_bf16 or not KINDS[hardware.kind].has_tf32_switch


def _check_format(hardware: Hardware, wanted: Format | None) -> None:
    """Raise RunError for a format that ``hardware`` lacks."""
    if wanted is None or has_format(hardware, wanted):
        return
    others = " or ".join(each for each in ("fp32", "bf16") if each != wanted and has_format(hardware, each))
    message = f"`{wanted}` is a format of NVIDIA's GPUs since Ampere"
    raise RunError(
        message if wanted == "tf32" else f"{message}; this one has none", f"choose {others}, or leave it out"
    )


def _by_rule(hardware: Hardware, work: StepWork) -> ChosenPrecision:
    kind = KINDS[hardware.kind]
    if kind.has_tf32_switch:
        return _on_gpu(hardware, work)
    if kind.is_host:
        return _on_cpu(hardware, work)
    return ChosenPrecision(Precision(), f"nothing else is measured on {hardware.kind}")


def _on_gpu(hardware: Hardware, work: StepWork) -> ChosenPrecision:
    if not (hardware.has_tf32 and hardware.has_bf16):
        lacks = "no TF32" if hardware.has_bf16 else "neither TF32 nor bf16"
        return ChosenPrecision(Precision(), f"this GPU has {lacks}")
    saved = _gpu_seconds(work, half=False) - _gpu_seconds(work, half=True)
    if saved <= 0:
        reason = "a step is limited by reading its weights, which bf16 would copy"
    elif saved <= work.casts * GPU_LAUNCH:
        reason = "a step is so small that casting to bf16 would cost what it saves"
    else:
        reason = "this GPU has bf16, and a step is large enough to gain from it"
        return ChosenPrecision(Precision("bf16", "channels_last"), reason)
    return ChosenPrecision(Precision("tf32", "channels_last"), reason)


def _gpu_seconds(work: StepWork, *, half: bool) -> float:
    """Return the least seconds of a step on the fastest GPU, where bf16 has the least to gain; see ``speed.roofline``.

    A weight moves 32 bytes with SGD and momentum, 38 with its copy in bf16; backward passes double the forward one.
    """
    moved = work.parameters * (38 if half else 32) + 3 * work.numbers * (2 if half else 4)
    return max(moved / GPU_BYTES, 3 * 2 * work.macs / (GPU_BF16 if half else GPU_TF32))


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

"""The kinds of devices there are, and what each can do: the one place where their names are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True)
class DeviceKind:
    """What every device of a kind can do, and how it is asked; nothing needs one to be here but what takes a device.

    ``is_host`` says that it computes in main memory, as the CPU does; ``backend`` is what processes on such devices
    talk through (None: they can't train together). A test puts another record in the place of one of ``KINDS``.
    """

    name: str
    is_host: bool = False
    has_generator: bool = True
    """Whether dropout draws from a generator of the device's own."""
    has_graphs: bool = False
    """Whether a step can be recorded; its learning rate then lies beside the weights, and Adam counts there."""
    has_tf32_switch: bool = False
    """Whether its libraries round factors of float32 products where they are told to."""
    has_float64: bool = True
    has_deterministic_pooling: bool = False
    """Whether adaptive average pooling has gradients that are the same bits every time."""
    has_sync_batch_norm: bool = False
    tells_name: bool = False
    tells_memory: bool = False
    backend: str | None = None

    @property
    def module(self) -> ModuleType:
        """The part of torch that speaks to devices of this kind, such as ``torch.cuda``."""
        return torch.get_device_module(self.name)

    def count(self) -> int:
        """Return how many of them are here; a host counts as one."""
        return 1 if self.is_host else int(self.module.device_count())

    def numbered(self, number: int) -> torch.device:
        """Return one of those that are here, round and round."""
        return torch.device(self.name, number % max(1, self.count()))

    def describe(self, device: torch.device) -> str:
        """Return ``device`` as a person names it: ``cpu (2 threads)``, or with the name of the GPU."""
        if self.is_host:
            return f"{device} ({torch.get_num_threads()} threads)"
        return f"{device} ({self.module.get_device_name(device)})" if self.tells_name else str(device)

    def free_memory(self, device: torch.device) -> int | None:
        """Return the bytes of its own memory that are free; None for a host, and where it does not tell."""
        return int(self.module.mem_get_info(device)[0]) if self.tells_memory else None

    def empty_cache(self) -> None:
        """Give back what torch keeps of its memory for later."""
        if not self.is_host:
            self.module.empty_cache()

    def synchronize(self, device: torch.device) -> None:
        """Return when ``device`` has done all that it was given."""
        if not self.is_host:
            torch.accelerator.synchronize(device)

    def random_state(self, device: torch.device) -> torch.Tensor:
        """Return the state of the generator that dropout on ``device`` draws from."""
        state: torch.Tensor = self.module.get_rng_state(device)
        return state

    def set_random_state(self, device: torch.device, state: torch.Tensor) -> None:
        """Put that generator where it was when ``state`` was taken."""
        self.module.set_rng_state(state, device)

    def seeded_state(self, device: torch.device, seed: int) -> torch.Tensor:
        """Return the state of a new generator on ``device`` that begins with ``seed``."""
        return torch.Generator(device).manual_seed(seed).get_state()

    def process_backends(self) -> str:
        """Return through what processes on such devices talk, as torch takes it: ``cpu:gloo,cuda:nccl``."""
        return "cpu:gloo" if self.is_host else f"cpu:gloo,{self.name}:{self.backend}"

    def formats(self, device: torch.device) -> dict[str, bool]:
        """Return which number formats ``device`` has, by the names of ``Hardware``; what is not known is not there."""
        if self.is_host:
            return _formats_of_cpu()
        return _formats_of_gpu(device) if self.has_tf32_switch else {}


CPU = DeviceKind("cpu", is_host=True, has_generator=False, has_deterministic_pooling=True, backend="gloo")
CUDA = DeviceKind(
    "cuda",
    has_graphs=True,
    has_tf32_switch=True,
    has_sync_batch_norm=True,
    tells_name=True,
    tells_memory=True,
    backend="nccl",
)
MPS = DeviceKind("mps", has_float64=False)  # Metal has no float64: https://github.com/pytorch/pytorch/issues/122602
XPU = DeviceKind("xpu", has_float64=False, tells_name=True, tells_memory=True)  # many of Intel's have no float64

KINDS: dict[str, DeviceKind] = {kind.name: kind for kind in (CPU, CUDA, MPS, XPU)}


def kind_of(device: torch.device) -> DeviceKind:
    """Return the record of what ``device`` can do; KeyError for a device that nothing trains on."""
    return KINDS[device.type]


def best_kind() -> DeviceKind:
    """Return the kind of the best devices that are here: torch's accelerator, or the CPU."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return CPU if found is None else KINDS.get(found.type, CPU)


def _formats_of_cpu() -> dict[str, bool]:
    flags: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # of newer versions
    return {
        "has_avx512": torch.backends.cpu.get_cpu_capability() == "AVX512",  # what torch was told to use, too
        "has_bf16": bool(flags.get("avx512_bf16")),
        "has_amx": bool(flags.get("amx_bf16")),
    }


def _formats_of_gpu(device: torch.device) -> dict[str, bool]:
    """Ask torch, which knows AMD's too; ``is_bf16_supported`` alone would count what is emulated."""
    with torch.cuda.device(device):
        return {
            "has_bf16": torch.cuda.is_bf16_supported(including_emulation=False),
            "has_tf32": torch.cuda.is_tf32_supported(),
        }

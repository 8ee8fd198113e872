"""Where a network computes."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from builder.diagnostics import ArchError, RunError
from builder.training.device import devices
from builder.training.device.devices import Hardware, choose_device, compute_something, describe_device, left_out

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestChooseDevice:
    """By name, or the best there is."""

    def test_every_machine_has_a_cpu(self) -> None:
        """And it can be asked for where there is more."""
        assert choose_device("cpu") == torch.device("cpu")

    def test_the_default_can_compute(self) -> None:
        """Whatever it is."""
        assert float(torch.ones(2, device=choose_device()).sum()) == 2

    @pytest.mark.parametrize("name", ["gpu", "", "cud", "/dev/nvidia0"])
    def test_what_no_device_is_called_is_a_mistake_of_usage(self, name: str) -> None:
        """Torch would list fifteen names that nobody has."""
        with pytest.raises(ArchError, match=f"no device is called `{name}`") as raised:
            choose_device(name)
        (found,) = raised.value.diagnostics
        assert str(found.hint).startswith(
            "there are: `cpu`, `cuda` (GPUs of NVIDIA and AMD), "
        )  # not: did you mean cpu

    @pytest.mark.skipif(torch.backends.mps.is_available(), reason="it is here")
    def test_what_this_pytorch_was_built_without_is_said_in_a_line(self) -> None:
        """Torch names an operation, and whom its users at Facebook should ask."""
        with pytest.raises(RunError) as raised:
            choose_device("mps")
        assert raised.value.message == "the device `mps` can't be used here: this PyTorch was built without it"

    @pytest.mark.parametrize("name", ["cuda:99", "cpu:x"])
    def test_a_device_that_is_not_here_is_refused(self, name: str) -> None:
        """With what torch says of it, in a line."""
        with pytest.raises(RunError, match=f"the device `{name}` can't be used here: ") as raised:
            choose_device(name)
        assert "\n" not in raised.value.message


class WithoutKernels:
    """Stands in for a GPU for which this PyTorch holds no kernels: it says that it is here, and computes nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of torch's accelerator; tensors can be made, as on such a GPU."""
        self.tried = 0
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device("cuda"))
        monkeypatch.setattr(devices, "compute_something", self.compute)
        devices._best.cache_clear()

    def compute(self, device: torch.device) -> None:
        """Fail as the first kernel does."""
        if device.type != "cpu":
            self.tried += 1
            raise torch.AcceleratorError("CUDA error: no kernel image is available for execution on the device\nmore")


@pytest.fixture
def without_kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[WithoutKernels]:
    """Return a GPU that can't compute, for as long as the test lasts."""
    yield WithoutKernels(monkeypatch)
    devices._best.cache_clear()


class TestTrying:
    """A device is taken once it has computed something."""

    def test_without_a_name_the_cpu_is_taken_and_a_line_says_why(self, without_kernels: WithoutKernels) -> None:
        """Rather than a run that dies in its first step."""
        assert choose_device() == torch.device("cpu")
        why = "no kernel image is available for execution on the device"
        assert left_out() == f"cuda is here, and this PyTorch can't compute on it: CUDA error: {why}"
        assert without_kernels.tried == 1, "once is enough"

    @pytest.mark.usefixtures("without_kernels")
    def test_by_name_it_is_refused(self) -> None:
        """In the words of its driver, in a line."""
        with pytest.raises(RunError) as raised:
            choose_device("cuda:0")
        assert raised.value.message.startswith("the device `cuda:0` can't be used here: CUDA error: no kernel image is")
        assert "\n" not in raised.value.message

    def test_what_computes_is_not_left_out(self) -> None:
        """As on this machine."""
        choose_device()
        assert left_out() is None

    def test_a_kernel_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """To make a tensor starts none."""
        started: list[str] = []

        class Noting(TorchDispatchMode):
            """Notes what torch is asked to compute."""

            def __torch_dispatch__(
                self, func: object, types: object, args: object = (), kwargs: object = None
            ) -> object:
                """Note it, and compute it."""
                started.append(str(func))
                return func(*args, **(kwargs or {}))

        with Noting():
            compute_something(torch.device("cpu"))
        assert any("add" in each for each in started)
        assert any("_local_scalar_dense" in each for each in started), "and its result is waited for"


class TestHardware:
    """What a device can do is torch's to say."""

    @pytest.mark.parametrize("name", ["mps", "xpu"])
    def test_what_nobody_has_measured_counts_as_not_there(self, name: str) -> None:
        """Without asking for a device."""
        assert Hardware.of(torch.device(name)) == Hardware(name)

    @pytest.mark.parametrize(
        ("hip", "major", "arch", "formats"),
        [
            (None, 7, "", {}),
            (None, 8, "", {"has_bf16": True, "has_tf32": True}),
            (None, 9, "", {"has_bf16": True, "has_tf32": True}),
            ("6.4", 11, "gfx1100", {"has_bf16": True}),
            ("6.4", 9, "gfx942", {"has_bf16": True, "has_tf32": True}),
        ],
        ids=["Turing", "Ampere", "Hopper", "RDNA 3", "CDNA 3"],
    )
    def test_gpus_have_what_they_do_not_emulate(
        self, monkeypatch: pytest.MonkeyPatch, hip: str | None, major: int, arch: str, formats: dict[str, bool]
    ) -> None:
        """By torch's own questions, which know AMD's: its major version 11 is no newer than NVIDIA's 8."""
        found = SimpleNamespace(major=major, gcnArchName=arch)
        monkeypatch.setattr(torch.version, "hip", hip)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "device", lambda _device: nullcontext())
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda *_: found)
        assert Hardware.of(torch.device("cuda")) == Hardware("cuda", **formats)


class TestDescribeDevice:
    """For people."""

    def test_a_cpu_tells_its_threads(self) -> None:
        """Which decide how long it takes, and the last bits."""
        assert describe_device(torch.device("cpu")) == f"cpu ({torch.get_num_threads()} threads)"

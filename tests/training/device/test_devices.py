"""Where a network computes."""

from __future__ import annotations

import pytest
import torch

from builder.diagnostics import ArchError, RunError
from builder.training.device.devices import choose_device, describe_device


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
        with pytest.raises(ArchError, match=f"no device is called `{name}`"):
            choose_device(name)

    @pytest.mark.parametrize("name", ["cuda:99", "cpu:x"])
    def test_a_device_that_is_not_here_is_refused(self, name: str) -> None:
        """With what torch says of it, in a line."""
        with pytest.raises(RunError, match=f"the device `{name}` can't be used here: ") as raised:
            choose_device(name)
        assert "\n" not in raised.value.message


class TestDescribeDevice:
    """For people."""

    def test_a_cpu_tells_its_threads(self) -> None:
        """Which decide how long it takes, and the last bits."""
        assert describe_device(torch.device("cpu")) == f"cpu ({torch.get_num_threads()} threads)"

"""What stands in for the recorder and the tensors of a GPU, so that what is around it can be tried without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from builder.training.steps.recorder import Recording

if TYPE_CHECKING:
    from builder.training.steps.recorder import Outputs, RecordedWork


class StandIn:
    """Records nothing: a replay does the work again, and puts what comes of it where it came first."""

    def __init__(self) -> None:
        """Count replays."""
        self.replays = 0

    def rehearse(self, work: RecordedWork) -> None:
        """Do the work as often as a GPU's recorder does."""
        for _ in range(3):
            work()

    def record(self, work: RecordedWork) -> Recording:
        """Return what does the work again."""
        loss, logits = (each.clone() for each in work())

        def replay() -> None:
            self.replays += 1
            for kept, new in zip((loss, logits), self.again(work), strict=True):
                kept.copy_(new)

        return Recording(replay, (loss, logits))

    def again(self, work: RecordedWork) -> Outputs:
        """Do the work."""
        return work()


class WithoutFloat64(torch.Tensor):
    """Stands in for a tensor on an Apple GPU, which has no float64."""

    def double(self) -> torch.Tensor:
        """Refuse, in torch's words."""
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")

    def cpu(self) -> torch.Tensor:
        """Return a tensor in main memory, which has all formats."""
        return self.as_subclass(torch.Tensor)

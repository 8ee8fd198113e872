"""What stands in for the recorder of a GPU, so that everything around it can be tried without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

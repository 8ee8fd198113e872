"""TensorBoard: a run's losses, accuracies, rate and seconds as an event file, by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.training.progress import EpochDone

if TYPE_CHECKING:
    from builder.runs.logs.hook import LoggedRun
    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress

TAGS = {
    "loss/train": "train_loss",
    "loss/validation": "val_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "val_accuracy",
    "lr": "lr",
    "seconds": "seconds",
}
"""The tags of an epoch's row, and the columns that they show."""


class TensorBoard:
    """Writes event files into the run's folder of logs.

    What a process had written of an epoch and could not note any more is hidden by the step at which the next session
    begins: https://docs.pytorch.org/docs/stable/tensorboard.html.
    """

    def __init__(self, run: LoggedRun) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(run.logs), purge_step=run.done + 1 if run.done else None)
        if not run.done:
            rows = "\n".join(f"| {name} | {value} |" for name, value in run.settings.items())
            self._writer.add_text("settings", f"| field | value |\n|---|---|\n{rows}", 0)

    def __call__(self, event: Progress) -> None:
        """Write an epoch's row."""
        if isinstance(event, EpochDone):
            for tag, column in TAGS.items():
                self._writer.add_scalar(tag, getattr(event.metrics, column), event.metrics.epoch)
            self._writer.flush()

    def close(self, summary: Summary | None) -> None:
        """Write the test's result at the last epoch."""
        if summary is not None and summary.test_accuracy is not None:
            self._writer.add_scalar("accuracy/test", summary.test_accuracy, summary.final.epoch)
            self._writer.add_scalar("loss/test", summary.test_loss, summary.final.epoch)
        self._writer.close()

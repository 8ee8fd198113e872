"""The CSV file of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.diagnostics import RunError
from builder.training.folder.metrics import EpochMetrics, append_metrics, cut_metrics, read_metrics


def row(epoch: int) -> EpochMetrics:
    """Return a row with numbers that no short text can hold."""
    return EpochMetrics(epoch, 1 / 3, 0.1 + 0.2, 2 / 7, 0.5, 1e-3, 12.25)


class TestMetrics:
    """One row an epoch."""

    def test_the_head_names_the_columns(self, tmp_path: Path) -> None:
        """Once."""
        path = tmp_path / "metrics.csv"
        append_metrics(path, row(1))
        append_metrics(path, row(2))
        lines = path.read_text().splitlines()
        assert lines[0] == "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds"
        assert len(lines) == 3

    def test_numbers_come_back_to_the_last_bit(self, tmp_path: Path) -> None:
        """Curves of a run and of a resumed one can be compared."""
        path = tmp_path / "metrics.csv"
        for epoch in (1, 2, 3):
            append_metrics(path, row(epoch))
        assert read_metrics(path) == [row(1), row(2), row(3)]

    def test_rows_after_a_checkpoint_can_be_cut(self, tmp_path: Path) -> None:
        """Else an epoch would stand there twice."""
        path = tmp_path / "metrics.csv"
        length = append_metrics(path, row(1))
        append_metrics(path, row(2))
        cut_metrics(path, length)
        assert read_metrics(path) == [row(1)]
        append_metrics(path, row(2))
        assert read_metrics(path) == [row(1), row(2)]

    def test_no_file_has_no_rows(self, tmp_path: Path) -> None:
        """A run that was stopped in its first epoch."""
        assert read_metrics(tmp_path / "metrics.csv") == []
        cut_metrics(tmp_path / "metrics.csv", 0)

    @pytest.mark.parametrize(
        "content", [b"epoch,train_loss\n1,high\n", b"a,b\n1,2\n", b"epoch\n1,2,3\n", b"\xff\xfe\n1\n"]
    )
    def test_a_file_of_others_is_an_answer(self, tmp_path: Path, content: bytes) -> None:
        """Somebody may have edited it."""
        path = tmp_path / "metrics.csv"
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"metrics\.csv is not a valid file of metrics"):
            read_metrics(path)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_a_full_disk_is_an_answer(self) -> None:
        """And not a row less, silently."""
        with pytest.raises(RunError, match="cannot write /dev/full: No space left on device"):
            append_metrics(Path("/dev/full"), row(1))

"""The CSV file of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.diagnostics import RunError
from builder.training.folder.metrics import (
    MAX_EPOCHS,
    EpochMetrics,
    MetricsSeen,
    append_metrics,
    check_metrics,
    cut_metrics,
    read_metrics,
)
from builder.training.recipe.recipe import Recipe


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
        length = append_metrics(path, row(1)).size
        append_metrics(path, row(2))
        cut_metrics(path, length)
        assert read_metrics(path) == [row(1)]
        append_metrics(path, row(2))
        assert read_metrics(path) == [row(1), row(2)]

    @pytest.mark.parametrize(
        ("epochs", "answer"),
        [((1, 1, 2), "epoch 1 stands there twice"), ((1, 3), "epoch 2 is gone"), ((2, 1), "epoch 1 is gone")],
    )
    def test_each_epoch_has_its_row(self, tmp_path: Path, epochs: tuple[int, ...], answer: str) -> None:
        """In their order: a curve with an epoch twice is no curve."""
        path = tmp_path / "metrics.csv"
        for epoch in epochs:
            append_metrics(path, row(epoch))
        with pytest.raises(RunError, match=rf"metrics\.csv was changed: {answer}"):
            read_metrics(path)

    @pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
    def test_no_number_is_infinite_or_none(self, tmp_path: Path, value: str) -> None:
        """A run stops before it measures one."""
        path = tmp_path / "metrics.csv"
        append_metrics(path, replace(row(1), val_loss=float(value)))
        with pytest.raises(RunError, match=rf"was changed: epoch 1 has {value} as its val_loss"):
            read_metrics(path)

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
    @pytest.mark.parametrize(
        ("body", "said"),
        [("\n" * 9, "more rows"), ("\r" * 9, "more rows"), ("1,2\n" * 9, "more rows"), ("," * 1_001, "a line")],
    )
    def test_what_no_run_has_measured_is_refused_before_it_is_taken_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
    ) -> None:
        """Sixteen million commas would become as many texts."""
        monkeypatch.setattr("builder.training.folder.metrics.MAX_EPOCHS", 3)
        (tmp_path / "metrics.csv").write_text(body)
        for read in (read_metrics, MetricsSeen.in_file):
            with pytest.raises(RunError, match=f"is not a valid file of metrics: (it has )?{said}"):
                read(tmp_path / "metrics.csv")

    def test_a_recipe_has_no_more_epochs_than_fit(self) -> None:
        """A run that could not be read again would be lost."""
        (limit,) = (each.le for each in Recipe.model_fields["epochs"].metadata if hasattr(each, "le"))
        assert limit == MAX_EPOCHS
        assert len(f"{MAX_EPOCHS},{','.join(['-1.2345678901234567e-300'] * 6)}\n") * MAX_EPOCHS < 16_000_000

    def test_a_full_disk_is_an_answer(self) -> None:
        """And not a row less, silently."""
        with pytest.raises(RunError, match="cannot write /dev/full: No space left on device"):
            append_metrics(Path("/dev/full"), row(1))


class TestSeen:
    """What a checkpoint knows of the file."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a file of three rows."""
        path = tmp_path / "metrics.csv"
        for epoch in (1, 2, 3):
            append_metrics(path, row(epoch))
        return path

    def test_what_was_written_is_what_lies_there(self, path: Path) -> None:
        """Row by row or at once; and it comes back from JSON."""
        other, seen = path.with_name("other.csv"), MetricsSeen()
        for epoch in (1, 2, 3):
            seen = append_metrics(other, row(epoch), seen)
        assert seen == MetricsSeen.in_file(path)
        assert seen.size == path.stat().st_size
        assert MetricsSeen.of(seen.record) == seen

    def test_a_longer_file_is_what_a_kill_leaves(self, path: Path) -> None:
        """Whatever stands behind what was seen."""
        seen = MetricsSeen.in_file(path)
        with path.open("a") as file:
            file.write("4,0.")
        check_metrics(path, seen)
        check_metrics(path, MetricsSeen())

    def test_every_changed_byte_is_found_with_its_epoch(self, path: Path) -> None:
        """Also one that leaves numbers; the head is no epoch."""
        seen, whole = MetricsSeen.in_file(path), path.read_bytes()
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= 1
            path.write_bytes(changed)
            with pytest.raises(RunError) as raised:
                check_metrics(path, seen)
            epoch = whole[:place].count(b"\n")
            named = "its first line names other columns" if epoch == 0 else "epoch "
            assert f"metrics.csv was changed: {named}" in raised.value.message

    @pytest.mark.parametrize("rows", [0, 1, 3])
    def test_lost_rows_are_lost(self, path: Path, rows: int) -> None:
        """Cut at a line's end: nothing that is there was changed."""
        seen, lines = MetricsSeen.in_file(path), path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:rows]))
        with pytest.raises(RunError, match="has lost rows"):
            check_metrics(path, seen)

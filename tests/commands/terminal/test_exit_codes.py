"""How a command fails: the message, the exit code, and the report of our own mistakes."""

import errno
from pathlib import Path

import pytest
import torch

from builder.commands.terminal.exit_codes import exit_codes
from builder.diagnostics import ArchError, Diagnostic, Mark, RunError, Source


def code_of(error: BaseException) -> int:
    """Return the exit code of a command whose body raises ``error``."""
    with pytest.raises(SystemExit) as left, exit_codes():
        raise error
    assert isinstance(left.value.code, int)
    return left.value.code


class TestExitCodes:
    """Every way to fail has one code and one message."""

    def test_nothing_raised_is_no_exit(self) -> None:
        """A body that ends leaves the code to its caller."""
        with exit_codes():
            pass

    def test_an_invalid_file_is_2_and_shows_every_mistake(self, capsys: pytest.CaptureFixture[str]) -> None:
        """All diagnostics are drawn, an empty line between them."""
        mark = Mark(Source("net.yaml", "outt: 3\n"), 1, 1, 4)
        code = code_of(ArchError(Diagnostic("unknown-field", "`outt`?", mark), Diagnostic("bad-value", "no")))
        assert code == 2
        assert capsys.readouterr().err == (
            "error[unknown-field]: `outt`?\n  --> net.yaml:1:1\n  |\n1 | outt: 3\n  | ^^^^\n\nerror[bad-value]: no\n"
        )

    def test_a_failed_run_is_1_and_says_what_helps(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Message and hint, no traceback."""
        assert code_of(RunError("the loss is not finite", "a smaller learning rate")) == 1
        assert capsys.readouterr().err == "error: the loss is not finite\n  help: a smaller learning rate\n"

    def test_ctrl_c_is_130(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One word instead of a traceback."""
        assert code_of(KeyboardInterrupt()) == 130
        assert capsys.readouterr().err == "interrupted\n"

    def test_a_reader_who_left_is_no_failure(self, capsys: pytest.CaptureFixture[str]) -> None:
        """``archcli show resnet50 | head`` has what it wants."""
        assert code_of(BrokenPipeError()) == 0
        assert capsys.readouterr().err == ""

    def test_a_full_disk_is_1_and_names_the_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What the machine refuses is no mistake of ours."""
        assert code_of(OSError(errno.ENOSPC, "No space left on device", "runs/a-001/last")) == 1
        assert capsys.readouterr().err == "error: runs/a-001/last: No space left on device\n"

    def test_too_little_memory_is_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The answer says what to make smaller."""
        assert code_of(MemoryError()) == 1
        assert "batch_size" in capsys.readouterr().err

    def test_too_little_memory_of_a_gpu_is_1_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Wherever it ran out: `bench` and `evaluate` have no batch that they could halve."""
        assert code_of(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")) == 1
        said = "error: there is not enough memory for this: CUDA out of memory. Tried to allocate 2 GiB.\n"
        assert capsys.readouterr().err == f"{said}  help: try a smaller `batch_size`, input or network\n"

    @pytest.mark.parametrize("kind", [torch.AcceleratorError, RuntimeError])
    def test_a_device_that_fails_is_1_in_the_words_of_its_driver(
        self, capsys: pytest.CaptureFixture[str], kind: type[Exception]
    ) -> None:
        """No report is written: nobody here can mend it."""
        assert code_of(kind("CUDA error: no kernel image is available for execution on the device\nSearch for …")) == 1
        first, second = capsys.readouterr().err.splitlines()
        assert (
            first
            == "error: the device has failed: CUDA error: no kernel image is available for execution on the device"
        )
        assert second.startswith("  help: `archcli doctor` tries it; `--device cpu` computes without")


class TestReport:
    """What nobody foresaw is our mistake."""

    def test_it_is_70_and_names_a_file_with_the_traceback(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The traceback goes to the file and not to the screen."""
        monkeypatch.chdir(tmp_path)
        assert code_of(ZeroDivisionError("division by zero")) == 70
        (report,) = tmp_path.glob("archcli-report-*.txt")
        said = capsys.readouterr().err
        assert report.name in said
        assert "Traceback" not in said
        assert "ZeroDivisionError: division by zero" in report.read_text()
        assert "Traceback" in report.read_text()

    def test_it_does_not_name_the_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """People pass it on."""
        (tmp_path / "jane").mkdir()
        monkeypatch.chdir(tmp_path / "jane")
        monkeypatch.setattr(
            "sys.argv", [str(tmp_path / "jane/.venv/bin/archcli"), "show", str(tmp_path / "jane/a.yaml")]
        )
        code_of(ZeroDivisionError(f"in {tmp_path}/jane/a.yaml"))
        (report,) = Path().glob("archcli-report-*.txt")
        assert "jane" not in report.read_text()
        assert "command: archcli show a.yaml" in report.read_text()

    def test_without_a_place_to_write_it_is_shown(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Better a traceback than nothing."""

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "write_text", refuse)
        assert code_of(ZeroDivisionError()) == 70
        assert "Traceback" in capsys.readouterr().err

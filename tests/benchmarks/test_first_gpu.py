"""The first hour on a GPU, as far as it can be tried without one: order, stopping, what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from benchmarks import first_gpu
from benchmarks.first_gpu import Findings, Place, Step, SurpriseError, main, markdown, take_all, write
from benchmarks.first_gpu_steps import STEPS, counted, differing, fell_back
from builder.training.device.kinds import CPU, CUDA

if TYPE_CHECKING:
    from pathlib import Path


def fine(_place: Place, found: Findings) -> None:
    """Find what was expected."""
    found.facts["ms"] = 0.5
    found.notes.append("nsys is not here")


def surprised(_place: Place, found: Findings) -> None:
    """Find something else."""
    found.facts["step"] = "eager: no"
    found.expect([], "no CUDA graph was taken")


def broken(_place: Place, _found: Findings) -> None:
    """Fail in a way that nobody foresaw."""
    raise KeyError("step")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place to work in."""
    return Place(tmp_path / "found", tmp_path)


def steps(*looks: object) -> list[Step]:
    """Return steps that do so."""
    return [Step(number, f"step {number}", 1, "all is well", look) for number, look in enumerate(looks)]


class TestSteps:
    """What is tried."""

    def test_there_are_thirteen_in_order(self) -> None:
        """From the machine to what can wait; each says what it expects."""
        assert [each.number for each in STEPS] == list(range(13))
        assert all(each.expected and each.title and each.minutes <= 10 for each in STEPS)


class TestTakeAll:
    """One after the other."""

    def test_all_are_taken_where_nothing_surprises(self, place: Place) -> None:
        """And told of after each."""
        heard: list[int] = []
        done = take_all(steps(fine, fine), place, lambda so_far: heard.append(len(so_far)))
        assert [each.outcome for each in done] == ["as expected"] * 2
        assert heard == [1, 2]

    @pytest.mark.parametrize(
        ("look", "said"),
        [(surprised, "no CUDA graph was taken"), (broken, "the step itself failed: KeyError: 'step'")],
    )
    def test_the_first_surprise_ends_it(self, place: Place, look: object, said: str) -> None:
        """With what was found until then, whatever it was."""
        done = take_all(steps(fine, look, fine), place, lambda _done: None)
        assert [each.number for each in done] == [0, 1]
        assert (done[-1].outcome, done[-1].surprise) == ("surprise", said)

    def test_what_was_found_before_a_surprise_is_kept(self, place: Place) -> None:
        """It explains it."""
        (done,) = take_all(steps(surprised), place, lambda _done: None)
        assert done.facts == {"step": "eager: no"}

    def test_expecting_something_true_is_no_surprise(self) -> None:
        """Nothing is raised."""
        Findings().expect([1], "nothing")
        with pytest.raises(SurpriseError, match="nothing"):
            Findings().expect([], "nothing")


class TestWrite:
    """What is left when the machine is gone."""

    def test_both_forms_hold_all_findings(self, place: Place) -> None:
        """JSON for programs, Markdown for people."""
        planned = steps(fine, surprised, fine)
        done = take_all(planned, place, lambda so_far: write(place.folder, "cuda:0 (H200)", so_far, planned))
        record = json.loads((place.folder / "findings.json").read_text("utf-8"))
        assert record["device"] == "cuda:0 (H200)"
        assert record["torch"] == torch.__version__
        assert [each["outcome"] for each in record["steps"]] == ["as expected", "surprise"]
        page = (place.folder / "findings.md").read_text("utf-8")
        assert page == markdown("cuda:0 (H200)", done, planned)
        assert "| 2 | step 2 | not taken |  |" in page
        assert "**Surprise:** no CUDA graph was taken" in page
        assert "- nsys is not here" in page
        assert '"ms": 0.5' in page


class TestMain:
    """As a command."""

    def test_without_a_gpu_it_says_what_it_would_do_and_ends_with_2(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """And writes nothing."""
        monkeypatch.setattr(first_gpu, "best_kind", lambda: CPU)
        assert main(["-o", str(tmp_path / "found")]) == 2
        said = capsys.readouterr().out
        assert said.startswith("no GPU is here, and nothing is tried; on one these would be:\n")
        assert all(each.title in said for each in STEPS)
        assert list(tmp_path.iterdir()) == []

    def test_the_list_needs_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        """All steps, or the one that is named."""
        assert main(["--list", "--only", "5"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == " 5  benchmarks (about 10 min)"

    def test_a_step_that_there_is_not_is_a_mistake_of_usage(self, capsys: pytest.CaptureFixture[str]) -> None:
        """They are 0 to 12."""
        with pytest.raises(SystemExit) as left:
            main(["--only", "13"])
        assert left.value.code == 2
        assert "invalid choice: 13" in capsys.readouterr().err

    @pytest.mark.parametrize(("look", "code"), [(fine, 0), (surprised, 1)])
    def test_its_exit_code_tells_a_surprise(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        look: object,
        code: int,
    ) -> None:
        """For whoever started it on a machine that is lent by the minute."""
        monkeypatch.setattr("benchmarks.first_gpu_steps.STEPS", steps(look))
        monkeypatch.setattr(first_gpu, "best_kind", lambda: CUDA)
        monkeypatch.setattr(type(CUDA), "describe", lambda _kind, device: f"{device} (H200)")
        assert main(["-o", str(tmp_path / "found")]) == code
        assert (tmp_path / "found" / "findings.md").read_text("utf-8").startswith("# First hour on cuda:0 (H200)\n")
        assert ("surprise" in capsys.readouterr().out) is (code == 1)


class TestReading:
    """What commands say, read."""

    def test_tensors_are_compared_bit_for_bit(self) -> None:
        """Also those that only one has."""
        one = {"same": torch.ones(2), "other": torch.ones(2), "only here": torch.ones(1)}
        other = {"same": torch.ones(2), "other": torch.tensor([1.0, 1.0000001]), "only there": torch.ones(1)}
        assert differing(one, other) == ["only here", "only there", "other"]
        assert differing(one, one) == []

    @pytest.mark.parametrize(
        ("report", "counts"),
        [
            ("...\n12 passed, 3 skipped in 4.2s", {"passed": 12, "skipped": 3}),
            ("1 failed, 2 passed in 1s", {"failed": 1, "passed": 2}),
            ("7 skipped in 0.1s", {"skipped": 7}),
            ("no tests ran in 0.01s", {}),
        ],
    )
    def test_tests_are_counted(self, report: str, counts: dict[str, int]) -> None:
        """For tests that are all skipped are no success."""
        assert counted(report) == counts

    @pytest.mark.parametrize(("step", "is_fallback"), [("CUDA graph", False), ("eager", True), ("eager: why", True)])
    def test_a_step_that_fell_back_is_told(self, step: str, is_fallback: bool) -> None:
        """Finding number one."""
        assert fell_back(step) is is_fallback

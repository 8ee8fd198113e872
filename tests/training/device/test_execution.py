"""How a run is executed: written into its folder, and read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from builder.diagnostics import RunError
from builder.training.device.execution import Execution, check_step
from builder.training.device.precision import PLAIN, Precision
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


class TestOfRun:
    """A run goes on as it was begun."""

    @pytest.mark.parametrize("execution", [Execution(), Execution(Precision("bf16", "channels_last"), "eager")])
    def test_it_is_read_back(self, tmp_path: Path, execution: Execution) -> None:
        """As it was written."""
        (tmp_path / "environment.json").write_text(json.dumps(execution.record))
        assert Execution.of_run(RunFolder(tmp_path)) == execution

    def test_a_run_from_before_there_was_a_choice_takes_what_the_device_can(self, tmp_path: Path) -> None:
        """Its folder says nothing of steps."""
        (tmp_path / "environment.json").write_text(json.dumps({"precision": "fp32, contiguous"}))
        assert Execution.of_run(RunFolder(tmp_path)).step == "auto"

    def test_it_goes_on_with_other_steps_where_they_are_asked_for(self) -> None:
        """In its own precision all the same."""
        execution = Execution(Precision("bf16", "channels_last"))
        assert execution.taking("eager") == Execution(execution.precision, "eager")
        assert Execution(PLAIN, "eager").taking("auto") == Execution(PLAIN, "eager")

    def test_it_computes_in_as_many_threads_as_it_began(self, tmp_path: Path) -> None:
        """Unless others are asked for."""
        (tmp_path / "environment.json").write_text(json.dumps({"precision": "fp32, contiguous", "threads": 3}))
        found = Execution.of_run(RunFolder(tmp_path))
        assert (found.threads, found.taking(threads=1).threads) == (3, 1)

    @pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", 10**9, [1]])
    def test_what_is_no_number_of_threads_is_refused(self, tmp_path: Path, threads: object) -> None:
        """By the file's name."""
        (tmp_path / "environment.json").write_text(json.dumps({"precision": "fp32, contiguous", "threads": threads}))
        with pytest.raises(RunError, match=r"environment\.json does not say in how many threads the run computes"):
            Execution.of_run(RunFolder(tmp_path))

    def test_what_is_no_choice_is_refused(self, tmp_path: Path) -> None:
        """By the file's name."""
        (tmp_path / "environment.json").write_text(json.dumps({"precision": "fp32, contiguous", "step": "wild"}))
        with pytest.raises(RunError, match=r"environment\.json does not say how the run executes its steps"):
            Execution.of_run(RunFolder(tmp_path))


class TestCheckStep:
    """A graph is asked for by hand."""

    @pytest.mark.parametrize(("device", "processes"), [("cpu", 1), ("mps", 1), ("cuda", 2)])
    def test_where_there_is_none_that_is_refused(self, device: str, processes: int) -> None:
        """Rather than written into a run that never recorded anything."""
        with pytest.raises(RunError, match="`graph` needs a single process on an NVIDIA GPU") as raised:
            check_step("graph", torch.device(device), processes)
        assert raised.value.hint == "choose eager, or leave it out"

    def test_everything_else_is_taken(self) -> None:
        """A graph on a GPU, and what needs none."""
        check_step("graph", torch.device("cuda"))
        check_step("auto", torch.device("cpu"))
        check_step("eager", torch.device("cuda"), processes=2)

"""The plan of a study as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.study_of_nothing import make_plan
from builder.diagnostics import RunError
from builder.study.plan.plan import write_plan

if TYPE_CHECKING:
    from pathlib import Path


class TestWritePlan:
    """Nothing is written that is not read back."""

    def test_a_plan_that_is_too_large_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With how many combinations it has and what helps; no file is left."""
        monkeypatch.setattr("builder.json_files.MAX_BYTES", 1_000_000)
        with pytest.raises(RunError, match=r"of 1000 combinations .* too large: it has more than 1 MB") as raised:
            write_plan(tmp_path / "plan.json", make_plan(1000, 1))
        assert "`not_both`" in str(raised.value.hint)
        assert not (tmp_path / "plan.json").exists()

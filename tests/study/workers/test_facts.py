"""In what a worker may differ from the coordinator, and what is said of it."""

from __future__ import annotations

import pytest

from builder.study.workers.facts import differences, facts, job_end


class TestDifferences:
    """Versions and code."""

    def test_a_process_does_not_differ_from_itself(self) -> None:
        """The control."""
        assert differences(facts(), facts()) == []

    @pytest.mark.parametrize(
        ("name", "theirs", "said"),
        [("torch", "0.1", "torch 0.1 instead of "), ("numpy", None, "numpy missing instead of ")],
    )
    def test_another_version_is_named(self, name: str, theirs: str | None, said: str) -> None:
        """Both are."""
        other = facts()
        other["versions"] |= {name: theirs}
        (found,) = differences(facts(), other)
        assert found == said + facts()["versions"][name]

    def test_files_of_other_code_are_named(self) -> None:
        """The first of them."""
        other = facts()
        other["code"] |= dict.fromkeys(sorted(other["code"])[:6], "0")
        (found,) = differences(facts(), other)
        assert found.startswith("other training code: ")
        assert found.endswith(" and 2 more")
        assert found.count(".py") == 4


class TestJobEnd:
    """When Slurm ends a job."""

    @pytest.mark.parametrize(("said", "end"), [("1700000000", 1.7e9), ("", None), ("soon", None)])
    def test_it_is_what_slurm_says(self, monkeypatch: pytest.MonkeyPatch, said: str, end: float | None) -> None:
        """And elsewhere nothing."""
        monkeypatch.setenv("SLURM_JOB_END_TIME", said)
        assert job_end() == end

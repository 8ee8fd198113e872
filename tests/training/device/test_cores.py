"""How many cores there are, and how many others leave free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.training.device.cores import CoreUse, usable_cores

if TYPE_CHECKING:
    from pathlib import Path


class TestUsableCores:
    """Those that this process may run on, or a container's share."""

    @pytest.mark.parametrize(("limit", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)])
    def test_a_container_may_have_fewer(self, tmp_path: Path, limit: str, cores: int | None) -> None:
        """As its control group says; a part of a core counts as one."""
        (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
        (tmp_path / "sys/fs/cgroup/cpu.max").write_text(limit)
        assert usable_cores(tmp_path) == (cores or usable_cores(tmp_path / "nothing"))

    @pytest.mark.parametrize("text", ["", "1", "a b", "1 0"])
    def test_garbage_is_no_limit(self, tmp_path: Path, text: str) -> None:
        """Nor is a period of nothing."""
        (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
        (tmp_path / "sys/fs/cgroup/cpu.max").write_text(text)
        assert usable_cores(tmp_path) == usable_cores(tmp_path / "nothing")


class TestCoreUse:
    """The load between two moments."""

    @pytest.mark.parametrize(
        ("busy", "own", "usable", "free"),
        [
            (0.0, 0.0, 4, 4.0),  # nobody computes
            (2.0, 2.0, 4, 4.0),  # this process alone
            (2.0, 0.0, 4, 3.0),  # another takes one core of the four, for two seconds
            (8.0, 0.0, 4, 0.0),  # all are taken
            (2.0, 0.0, 2, 2.0),  # one of four is taken, and two may be used
        ],
    )
    def test_cores_that_others_use_are_not_free(self, busy: float, own: float, usable: int, free: float) -> None:
        """What this process computes does not count."""
        assert CoreUse(12.0, 100 + busy, 5 + own, 4).free_since(CoreUse(10.0, 100.0, 5.0, 4), usable) == free

    @pytest.mark.parametrize("later", [CoreUse(12.0, None, 1.0, 4), CoreUse(10.0, 1.0, 1.0, 4)])
    def test_where_nothing_is_known_all_are_free(self, later: CoreUse) -> None:
        """On a system that does not say it, or when no time has passed."""
        assert later.free_since(CoreUse(10.0, 1.0, 1.0, 4), 4) == 4

    @pytest.mark.parametrize("text", ["", "cpu\n", "cpu a b c d e\n", "intr 1\n"])
    def test_garbage_says_nothing(self, tmp_path: Path, text: str) -> None:
        """And nobody is stopped by it."""
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/stat").write_text(text)
        assert CoreUse.now(tmp_path).busy is None

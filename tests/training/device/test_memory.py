"""How much memory is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.training.device.memory import available_memory, total_memory

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Return a root folder of a system with 1,000 KiB available."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 4000 kB\nMemAvailable:    1000 kB\nCached: 9 kB\n")
    (tmp_path / "sys" / "fs" / "cgroup").mkdir(parents=True)
    return tmp_path


def limit(system: Path, most: str, used: int) -> None:
    """Put the system into a container."""
    (system / "sys" / "fs" / "cgroup" / "memory.max").write_text(f"{most}\n")
    (system / "sys" / "fs" / "cgroup" / "memory.current").write_text(f"{used}\n")


class TestAvailableMemory:
    """What Linux says, in bytes."""

    def test_it_is_what_can_be_taken_without_swapping(self, system: Path) -> None:
        """Caches of files count as free."""
        assert available_memory(system) == 1000 * KIB

    def test_a_container_may_have_less(self, system: Path) -> None:
        """Going over its limit kills the program."""
        limit(system, str(500 * KIB), 200 * KIB)
        assert available_memory(system) == 300 * KIB

    @pytest.mark.parametrize("most", ["max", str(10**12)])
    def test_a_container_without_a_limit_has_all(self, system: Path, most: str) -> None:
        """Or with one above the machine's memory."""
        limit(system, most, 200 * KIB)
        assert available_memory(system) == 1000 * KIB

    def test_a_system_that_does_not_say_has_none(self, tmp_path: Path) -> None:
        """So that nothing is taken on trust."""
        assert available_memory(tmp_path) == 0


class TestTotalMemory:
    """What there is for all programs."""

    def test_it_is_the_machines_or_the_containers(self, system: Path) -> None:
        """Whichever is less."""
        assert total_memory(system) == 4000 * KIB
        limit(system, str(500 * KIB), 200 * KIB)
        assert total_memory(system) == 500 * KIB
        limit(system, "max", 200 * KIB)
        assert total_memory(system) == 4000 * KIB

"""Thousands of cells that train nothing: a tenth of what docs/studies.md tells of."""

from __future__ import annotations

import pytest

from benchmarks.study_of_nothing import many


@pytest.mark.slow
class TestMany:
    """The engine alone."""

    def test_memory_stays_flat(self) -> None:
        """Of 500 cells, all of which have their result when `study status` is asked."""
        memory = many(500)
        assert len(memory) == 10
        assert memory[-1] < memory[1] + 10

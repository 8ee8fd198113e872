"""What the docstrings show is true."""

from __future__ import annotations

import doctest
import importlib

import pytest


class TestExamples:
    """In each module that has any."""

    @pytest.mark.parametrize(
        "name", ["answer", "blocks", "factorial", "family", "multiplicity", "planning", "spending", "stages"]
    )
    def test_every_example_holds(self, name: str) -> None:
        """There are some, and none fails."""
        found = doctest.testmod(importlib.import_module(f"builder.study.statistics.{name}"))
        assert found.attempted > 0
        assert found.failed == 0

"""What a run depended on."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from builder.training.device.environment import describe_environment

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    import torch


class TestDescribeEnvironment:
    """As JSON values."""

    def test_it_names_versions_device_and_threads(self, cpu: torch.device) -> None:
        """And can be written as it is."""
        found = json.loads(json.dumps(describe_environment(cpu)))
        assert found["packages"]["torch"].startswith("2.")
        assert found["device"].startswith("cpu (")
        assert found["threads"] >= 1

    def test_it_tells_the_commit_and_whether_files_differ(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpu: torch.device
    ) -> None:
        """Of the repository that one is in."""
        monkeypatch.chdir(tmp_path)
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        for arguments in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run(["git", *arguments], check=True)
        assert describe_environment(cpu)["git"]["changed"] is False
        (tmp_path / "new").write_text("")
        git = describe_environment(cpu)["git"]
        assert git["changed"] is True
        assert len(git["commit"]) == 40

    def test_outside_a_repository_there_is_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpu: torch.device
    ) -> None:
        """Also where git is not installed."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        assert describe_environment(cpu)["git"] is None
        monkeypatch.setenv("PATH", "")
        assert describe_environment(cpu)["git"] is None

"""``archcli live``, before it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from builder.live import command

if TYPE_CHECKING:
    import pytest

    from tests.command_line import Archcli


ROOT = Path(__file__).parents[2]


class TestLive:
    """What is wrong is said at once."""

    def test_a_page_that_is_not_there(self, archcli: Archcli) -> None:
        """It ends with the nearest name, as every command does."""
        outcome = archcli("live", "alexnett")
        assert (outcome.code, "did you mean `alexnet`?" in outcome.err) == (2, True)

    def test_where_the_extra_is_not_installed(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command that installs it is said."""
        monkeypatch.setattr("builder.extras.find_spec", lambda name: None if name == "uvicorn" else object())
        outcome = archcli("live", "alexnet")
        assert outcome.code == 1
        assert "`archcli live` needs the package `uvicorn`, which is not installed" in outcome.err
        assert "pip install 'archcli-cnn[live]'" in outcome.err

    def test_the_address_is_the_result(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """It goes to stdout, so that a script can open it."""
        monkeypatch.setattr(command, "serve", lambda served, port, ready: ready(f"http://127.0.0.1:{port}/token/"))
        outcome = archcli("live", "alexnet", "--port", 8000)
        assert outcome.out == "http://127.0.0.1:8000/token/\n"
        assert outcome.err == "open this address in a browser on this machine; Ctrl-C ends\n"

    def test_it_needs_no_torch(self) -> None:
        """Nor what only studies need: it is there in a blink."""
        code = (
            "import sys, builder.live.command as _; print(sys.modules.keys() & {'torch', 'numpy', 'scipy', 'filelock'})"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        assert ran.stdout == "set()\n"

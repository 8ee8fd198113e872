"""The server as a process: its address, its port, its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from builder.diagnostics import RunError
from builder.live.serving import listening
from tests.command_line import PAGE

ROOT = Path(__file__).parents[2]


class TestPort:
    """Where it listens."""

    def test_one_that_is_in_use(self) -> None:
        """Is said, with what to do."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            number = taken.getsockname()[1]
            with pytest.raises(RunError) as raised:
                listening(number)
        assert raised.value.message == f"port {number} is in use"
        assert raised.value.hint == "choose another one, or leave out `--port` for any free one"

    def test_nobody_else_on_the_network_is_answered(self) -> None:
        """Only this machine's own address is listened to."""
        with listening(0) as listener:
            assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.slow
class TestProcess:
    """`archcli live` from its first line to its last."""

    def test_the_address_the_events_and_the_end(self, tmp_path: Path) -> None:
        """Ctrl-C ends it while a browser listens, and nothing is left to wait for."""
        (tmp_path / "small.yaml").write_text(PAGE, "utf-8")
        command = [sys.executable, str(ROOT / "cli.py"), "live", "small.yaml"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", address)
            with urlopen(f"{address}events") as events:
                assert events.readline() == b"data: 1\n"
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=60) == 130
            said = process.stderr.read()
        assert said == "open this address in a browser on this machine; Ctrl-C ends\ninterrupted\n"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["small.yaml"]

"""Runs the server on this machine until somebody ends it: its socket, its address, its end."""

from __future__ import annotations

import errno
import secrets
import socket
from typing import TYPE_CHECKING, Final

import uvicorn

from builder.diagnostics import RunError
from builder.live.app import application

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.live.app import Served

HOST: Final = "127.0.0.1"
"""The only address that is listened to: nobody else on the network is answered."""


def serve(served: Served, port: int, on_ready: Callable[[str], None]) -> None:
    """Answer at ``port``, 0 for any that is free, until interrupted; ``on_ready`` is told the address once it is there.

    Raises RunError where the port can't be had, KeyboardInterrupt when it is interrupted.
    """
    with listening(port) as listener:
        server, address = server_at(listener, served)
        on_ready(address)
        server.run(sockets=[listener])


def server_at(listener: socket.socket, served: Served) -> tuple[uvicorn.Server, str]:
    """Return a server that is yet to run, and its address, which nobody can guess."""
    port = int(listener.getsockname()[1])
    token = secrets.token_urlsafe(18)
    config = uvicorn.Config(
        application(served, token=token, port=port),
        log_config=None, log_level="critical", access_log=False, server_header=False, date_header=False,
        ws="none", timeout_graceful_shutdown=0,
    )  # fmt: skip
    return uvicorn.Server(config), f"http://{HOST}:{port}/{token}/"


def listening(port: int) -> socket.socket:
    """Return a socket that listens at ``port`` of this machine; raise RunError where it can't be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "is in use" if error.errno == errno.EADDRINUSE else "is not for everybody"
            raise RunError(f"port {port} {why}", "choose another one, or leave out `--port` for any free one") from None
        raise
    return listener

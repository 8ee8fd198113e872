"""A client of yaml-language-server: what an editor asks it, and what it answers, over its standard streams."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path


class LanguageServer:
    """One process of the server and the conversation with it (JSON-RPC, the Language Server Protocol 3.17).

    A page names its schema in its own first line; nothing is fetched from a catalog.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        """Start ``program`` and open ``folder`` as an editor does."""
        self._process = subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._asked = 0
        self._reports: dict[str, list[dict[str, Any]]] = {}
        can = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}, "completion": {}}}
        self._request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": can})
        self._tell("initialized", {})
        wanted = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": wanted}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._request("shutdown", None)
        self._tell("exit", None)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)

    def mistakes(self, page: Path) -> list[tuple[int, str]]:
        """Open ``page`` and return what the server marks in it: lines, counted from 1, and messages."""
        uri = page.as_uri()
        self._reports.pop(uri, None)
        opened = {"uri": uri, "languageId": "yaml", "version": 1, "text": page.read_text("utf-8")}
        self._tell("textDocument/didOpen", {"textDocument": opened})
        while uri not in self._reports:
            self._receive()
        return sorted((each["range"]["start"]["line"] + 1, each["message"]) for each in self._reports[uri])

    def hover(self, page: Path, line: int, column: int) -> str:
        """Return what is shown over a place of an opened page, lines and columns counted from 1."""
        answer = self._request("textDocument/hover", _at(page, line, column))
        contents = answer["contents"] if answer else ""
        return str(contents["value"] if isinstance(contents, dict) else contents)

    def completion(self, page: Path, line: int, column: int) -> dict[str, dict[str, Any]]:
        """Return what is offered at a place of an opened page, by its label."""
        answer = self._request("textDocument/completion", _at(page, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {str(each["label"]): each for each in items}

    def _request(self, method: str, params: object) -> Any:
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": params})
        while (answer := self._receive()).get("id") != number or "method" in answer:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _tell(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """Return the next message; answer what the server asks of an editor, and keep what it reports."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._reports[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            asked = message["params"].get("items", []) if isinstance(message.get("params"), dict) else []
            result = [None] * len(asked) if message["method"] == "workspace/configuration" else None
            self._send({"id": message["id"], "result": result})
        return message


def _at(page: Path, line: int, column: int) -> dict[str, object]:
    return {"textDocument": {"uri": page.as_uri()}, "position": {"line": line - 1, "character": column - 1}}

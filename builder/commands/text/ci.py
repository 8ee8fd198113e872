"""Mistakes in the forms that services for continuous integration read: annotations of GitHub, and SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from builder.commands.explain import explanations
from builder.commands.version import run as own_version

if TYPE_CHECKING:
    from builder.commands.check import Checked
    from builder.diagnostics import Diagnostic, Mark

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def github(value: Checked) -> str:
    """Return a workflow command of GitHub Actions for each mistake, which shows it at its line of a pull request.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    return "\n".join(dict.fromkeys(_annotation(each) for each in value.mistakes))


def _annotation(mistake: Diagnostic) -> str:
    properties = {"title": mistake.code}
    if mistake.mark is not None:
        mark = mistake.mark
        place = {"file": mark.source.name, "line": mark.line, "col": mark.column, "endColumn": mark.column + mark.width}
        properties |= {name: str(value) for name, value in place.items()}
    written = ",".join(f"{name}={_escaped(text, {':': '%3A', ',': '%2C'})}" for name, text in properties.items())
    notes = [f"note: {note.message}: {note.mark}" for note in mistake.notes]
    lines = [mistake.message, *notes, *([f"help: {mistake.hint}"] if mistake.hint else [])]
    return f"::error {written}::{_escaped(chr(10).join(lines))}"


def _escaped(text: str, more: dict[str, str] | None = None) -> str:
    """Return a text in which nothing ends a workflow command or begins another."""
    signs = {"%": "%25", "\r": "%0D", "\n": "%0A"} | (more or {})
    return "".join(signs.get(letter, letter) for letter in text)


def sarif(value: Checked) -> str:
    """Return all mistakes as SARIF 2.1.0, which services for code scanning take.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    codes = list(dict.fromkeys(each.code for each in value.mistakes))
    driver = {"name": "archcli", "version": own_version(), "rules": [_rule(code) for code in codes]}
    results = {json.dumps(each): each for each in (_result(mistake) for mistake in value.mistakes)}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results.values())}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, Any]:
    known = explanations().get(code)
    if known is None:
        return {"id": code}
    return {"id": code, "shortDescription": {"text": known.title}, "fullDescription": {"text": known.text}}


def _result(mistake: Diagnostic) -> dict[str, Any]:
    text = f"{mistake.message}; {mistake.hint}" if mistake.hint else mistake.message
    result: dict[str, Any] = {"ruleId": mistake.code, "level": "error", "message": {"text": text}}
    if mistake.mark is not None:
        result["locations"] = [_location(mistake.mark)]
    if mistake.notes:
        result["relatedLocations"] = [
            _location(note.mark) | {"message": {"text": note.message}} for note in mistake.notes
        ]
    return result


def _location(mark: Mark) -> dict[str, Any]:
    path = Path(mark.source.name)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    region = {"startLine": mark.line, "startColumn": mark.column, "endColumn": mark.column + mark.width}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}

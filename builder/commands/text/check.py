"""What ``archcli check`` found, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import human, plural

if TYPE_CHECKING:
    from builder.commands.check import Checked, FileVerdict


def checked(value: Checked) -> str:
    """Return a line for each file: what it is, or how many mistakes it has."""
    return "\n".join(f"{file.file}: {_verdict(file)}" for file in value.files)


def _verdict(file: FileVerdict) -> str:
    if file.mistakes:
        return plural(len(file.mistakes), "mistake")
    if file.kind == "family":
        return f"ok ({file.name}, {plural(len(file.members), 'member')})"
    if file.kind == "templates":
        return f"ok ({file.name}, templates)"
    if file.kind == "study":
        return f"ok ({file.name}, a study of {plural(len(file.members), 'network')})"
    price = f", {human(file.parameters)} parameters" if file.parameters is not None else ""
    return f"ok ({file.name}{price})"

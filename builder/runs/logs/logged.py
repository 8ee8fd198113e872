"""What a run's loggers know already, kept in its folder: each epoch is told once, in however many sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from builder.files import write_text
from builder.json_files import read_object

if TYPE_CHECKING:
    from pathlib import Path

NAME = "logged.json"


@dataclass(frozen=True)
class Logged:
    """The run's ``id`` for loggers, the last epoch that each was told, and after which epoch it was told the result."""

    id: str = field(default_factory=lambda: uuid4().hex)
    epochs: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def told(self, name: str, epoch: int) -> Logged:
        """Return the same after an epoch was told to a logger."""
        return replace(self, epochs=self.epochs | {name: epoch})

    def finished(self, name: str, epoch: int) -> Logged:
        """Return the same after the result was told."""
        return replace(self, ended=self.ended | {name: epoch})


def read_logged(folder: Path) -> Logged:
    """Return what lies in a run's ``folder``; where nothing does, or it can't be read, nothing was told."""
    try:
        said = read_object(folder / NAME)
        epochs, ended = dict(said["epochs"]), dict(said["ended"])
        if all(isinstance(each, int) for each in (*epochs.values(), *ended.values())) and isinstance(said["id"], str):
            return Logged(said["id"], epochs, ended)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return Logged()


def write_logged(folder: Path, logged: Logged) -> None:
    """Write it down, whole or not at all; raise RunError where that can't be."""
    said = {"id": logged.id, "epochs": logged.epochs, "ended": logged.ended}
    write_text(folder / NAME, json.dumps(said, indent=2) + "\n")

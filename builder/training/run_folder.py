"""The folder of one run: its own, numbered, never another run's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.training.durable import cannot_write, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """Where everything about one run lies.

    ``page.yaml``           the network as it was resolved
    ``recipe.yaml``         the recipe with every default written out
    ``environment.json``    versions, device, settings, checksum of the data, git state
    ``metrics.csv``         one row an epoch
    ``accuracy``, ``loss``  the curves, as .svg and .png
    ``last.safetensors``    everything that going on needs
    ``best.safetensors``    the weights of the best epoch
    ``summary.json``        the result
    """

    path: Path

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Make the next of ``NAME-001``, ``NAME-002``, … in ``parent``; raise RunError if that can't be.

        Making it fails where it exists, so that two programs never share one.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            number = _highest(parent, name)
            while True:
                number += 1
                folder = parent / f"{name}-{number:03d}"
                try:
                    folder.mkdir()
                except FileExistsError:
                    continue
                return cls(folder)
        except OSError as error:
            raise cannot_write(parent / name, error) from error

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return the run that lies at ``path``; raise RunError if none does."""
        if not (path / "recipe.yaml").is_file():
            raise RunError(f"{path} is not the folder of a run: it holds no recipe.yaml")
        return cls(path)

    @property
    def page(self) -> Path:
        """The network as it was resolved."""
        return self.path / "page.yaml"

    @property
    def recipe(self) -> Path:
        """The recipe with every default written out."""
        return self.path / "recipe.yaml"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def last(self) -> Path:
        """Everything that going on needs."""
        return self.path / "last.safetensors"

    @property
    def best(self) -> Path:
        """The weights of the best epoch."""
        return self.path / "best.safetensors"

    def write(self, name: str, text: str) -> None:
        """Write a text file of the run, whole or not at all."""
        write_text(self.path / name, text)

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON file of the run, whole or not at all."""
        self.write(name, json.dumps(content, indent=2) + "\n")


def _highest(parent: Path, name: str) -> int:
    """Return the highest number that a run of this name has, 0 if there is none."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    found = (pattern.fullmatch(path.name) for path in parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)

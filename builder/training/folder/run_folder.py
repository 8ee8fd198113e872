"""The folder of one run: its own, numbered, never another run's."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import cannot_write, is_file, make_folder, remove_unfinished, write_text
from builder.training.folder.lock import held, is_elsewhere, is_held, last_change, saying_where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


_LOOKED_AT = 100  # runs of a folder, of which the first is offered


@dataclass(frozen=True)
class RunFolder:
    """Where everything about one run lies.

    ``page.yaml``           the network as it was resolved
    ``recipe.yaml``         the recipe with every default written out
    ``data.json``           which images, where they lay, and the id of the network
    ``environment.json``    versions, device, settings, checksum of the data, git state
    ``metrics.csv``         one row an epoch
    ``accuracy``, ``loss``  the curves, as .svg and .png
    ``last.safetensors``    everything that going on needs
    ``prev.safetensors``    the one before it, for the case that ``last`` is damaged, until the run has ended
    ``best.safetensors``    the weights of the best epoch; of these three the only one that ``--keep best`` leaves
    ``summary.json``        the result
    ``failed.json``         instead of it: why the run can't be gone on with
    """

    path: Path

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Make the next of ``NAME-001``, ``NAME-002``, … in ``parent``; raise RunError if that can't be.

        Making it fails where it exists, so that two programs never share one.
        """
        make_folder(parent)
        try:
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
        if not is_file(path / "recipe.yaml"):
            early = "it was stopped before its first checkpoint: train it again"
            hint = early if is_file(path / "page.yaml") else _runs_in(path)
            raise RunError(f"{path} is not the folder of a run: it holds no recipe.yaml", hint)
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out while this one trains; raise RunError if one is in already.

        The lock ends with the process, however that ends; what a killed one left half written is removed.
        """
        with held(self.path), saying_where(self.path):
            remove_unfinished(self.path)
            yield

    @property
    def is_running(self) -> bool:
        """Whether a process trains in it now, as far as that can be known from here."""
        try:
            return is_held(self.path) or is_elsewhere(self.path, last_change(self.path))
        except OSError:
            return False

    @property
    def page(self) -> Path:
        """The network as it was resolved."""
        return self.path / "page.yaml"

    @property
    def recipe(self) -> Path:
        """The recipe with every default written out."""
        return self.path / "recipe.yaml"

    @property
    def data(self) -> Path:
        """Which images, where they lay, and the id of the network."""
        return self.path / "data.json"

    @property
    def environment(self) -> Path:
        """Versions, device, settings, checksum of the data, git state."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def last(self) -> Path:
        """Everything that going on needs."""
        return self.path / "last.safetensors"

    @property
    def summary(self) -> Path:
        """The result."""
        return self.path / "summary.json"

    @property
    def failed(self) -> Path:
        """Why the run can't be gone on with."""
        return self.path / "failed.json"

    @property
    def previous(self) -> Path:
        """The one before ``last``."""
        return self.path / "prev.safetensors"

    @property
    def best(self) -> Path:
        """The weights of the best epoch."""
        return self.path / "best.safetensors"

    @property
    def has_begun(self) -> bool:
        """Whether a run was saved here, even if its checkpoints have been lost since."""
        return any(path.exists() for path in (self.last, self.previous, self.recipe))

    @property
    def has_checkpoints(self) -> bool:
        """Whether there is one that it could go on from, were it whole."""
        return self.last.exists() or self.previous.exists()

    def drop_previous(self) -> None:
        """Remove what only a run that may still be killed needs; raise RunError if that can't be."""
        _remove([self.previous, self._damaged])

    def drop_checkpoints(self) -> None:
        """Remove all that only going on needs, so that the weights of the best epoch stay; RunError if that can't be.

        ``last`` goes at the end: until then the run can go on.
        """
        _remove(self.droppable)

    @property
    def droppable(self) -> tuple[Path, ...]:
        """All that only going on needs, in the order in which it may be removed."""
        return (self.previous, self._damaged, self.last)

    @property
    def _damaged(self) -> Path:
        return self.path / "damaged.safetensors"

    def set_last_aside(self) -> None:
        """Give a damaged ``last`` another name, under which nothing reads it."""
        try:
            self.last.replace(self._damaged)
        except OSError as error:
            raise cannot_write(self.last, error) from error

    def write(self, name: str, text: str) -> None:
        """Write a text file of the run, whole or not at all."""
        write_text(self.path / name, text)

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON file of the run, whole or not at all."""
        self.write(name, json.dumps(content, indent=2) + "\n")


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"cannot remove {path}: {error.strerror or error}") from error


def _highest(parent: Path, name: str) -> int:
    """Return the highest number that a run of this name has, 0 if there is none."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    found = (pattern.fullmatch(path.name) for path in parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)


def _runs_in(path: Path) -> str | None:
    """Return what to write where ``path`` is no run but holds one, as the folder above it does."""
    try:
        run = min(islice(path.glob("*/recipe.yaml"), _LOOKED_AT), default=None)
    except (OSError, ValueError):
        return None
    return f"it holds runs: name one, such as {run.parent}" if run is not None else None

"""The JSON files of a run, each with one writer and one reader: what it is of, and where it ran."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import reason_of, relative_to, seen_from
from builder.json_files import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.training.folder.run_folder import RunFolder

_SUBSET_OF = "subset_of"
_TRAINING = "train"


@dataclass(frozen=True)
class RunData:
    """The images of a run: their data set, where it lies, and how many of its training images were taken.

    ``subset_of_all`` says that as large a part of the other splits was taken too, as runs did before a subset was of
    the training images alone. ``network`` is the id of the network that is trained on them. What a file does not say
    is None.
    """

    name: str | None = None
    folder: str | None = None
    subset: int | None = None
    network: str | None = None
    subset_of_all: bool = False

    @property
    def choice(self) -> dict[str, object]:
        """Which images, wherever they lie, as JSON values."""
        choice: dict[str, object] = {"name": self.name, "subset": self.subset}
        if self.subset is not None and not self.subset_of_all:
            choice[_SUBSET_OF] = _TRAINING
        return choice


def write_data(folder: RunFolder, data: RunData) -> None:
    """Write ``data.json``, whole or not at all; raise RunError if it can't be written.

    The folder of the images is named as seen from the run's: who shares a run tells nobody where his home is.
    """
    choice = data.choice
    place = None if data.folder is None else relative_to(Path(data.folder), folder.path)
    said = {"name": choice.pop("name"), "folder": place, **choice, "network": data.network}
    folder.write_json(folder.data.name, said)


def read_data(folder: RunFolder) -> RunData:
    """Return what ``data.json`` says, nothing where there is no such file; raise RunError where it can't be read."""
    data = data_from(read_json(folder.data), str(folder.data))
    return data if data.folder is None else replace(data, folder=str(seen_from(folder.path, data.folder)))


def data_from(said: Mapping[str, Any], where: str) -> RunData:
    """Return the images that a record of them means; ``where`` is what messages call it."""
    said = said if isinstance(said, dict) else {"name": said}  # which is then of the wrong kind
    name, place, subset, network = (said.get(each) for each in ("name", "folder", "subset", "network"))
    texts = all(isinstance(each, str | None) for each in (name, place, network))
    if not texts or not isinstance(subset, int | None):
        raise RunError(f"{where} does not say what the run was trained with", "name the images: --data and --data-dir")
    return RunData(name, place, subset, network, subset is not None and said.get(_SUBSET_OF) != _TRAINING)


def write_environment(folder: RunFolder, environment: Mapping[str, object]) -> None:
    """Write ``environment.json``, whole or not at all; raise RunError if it can't be written."""
    folder.write_json(folder.environment.name, environment)


def read_environment(folder: RunFolder) -> dict[str, Any]:
    """Return what ``environment.json`` says, nothing where there is no such file; RunError where it can't be read."""
    return read_json(folder.environment)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a file of a run holds, an empty one where there is no such file; RunError for others."""
    if not path.exists():
        return {}
    try:
        return read_object(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {reason_of(error)}") from error

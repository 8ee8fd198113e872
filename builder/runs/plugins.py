"""Plugins of a run: a copy is kept beside its page, and the run is opened only with the same ones, named again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import read_regular
from builder.json_files import read_json
from builder.ops.plugins import MAX_PLUGIN_BYTES, read_plugins, with_plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.ops import Operations
    from builder.training.folder.run_folder import RunFolder

_FOLDER, _LIST = "plugins", "plugins.json"


def keep_plugins(folder: RunFolder, paths: Sequence[Path]) -> None:
    """Put copies of the plugins into a run's folder, with their checksums; nothing where there are none."""
    if not paths:
        return
    (folder.path / _FOLDER).mkdir()
    checksums: dict[str, str] = {}
    for plugin in read_plugins(paths):
        name = plugin.path.name if plugin.path.name not in checksums else f"{len(checksums)}_{plugin.path.name}"
        folder.write(f"{_FOLDER}/{name}", plugin.text)
        checksums[name] = plugin.sha256
    folder.write_json(_LIST, checksums)


def operations_of_run(folder: RunFolder, paths: Sequence[Path]) -> Operations:
    """Return the operations with which a run's page is read.

    The code that lies in a run's folder is never run unless it is named: raises RunError where a plugin of the run is
    missing among ``paths``, or where one of them is not the run's.
    """
    kept = plugins_of_run(folder)
    given = {hashlib.sha256(_read(path)).hexdigest(): path for path in paths}
    missing = [name for name, checksum in kept.items() if checksum not in given]
    strange = [str(path) for checksum, path in given.items() if checksum not in kept.values()]
    if strange and not kept:
        raise RunError(f"{folder.path} was trained with no plugin", "leave out `--plugin`")
    if missing or strange:
        copies = " ".join(f"--plugin {folder.path / _FOLDER / name}" for name in kept)
        why = f"{strange[0]} is another one" if strange else "archcli runs only plugins that you name"
        message = f"{folder.path} was trained with {' and '.join(kept)}, and {why}"
        raise RunError(message, f"read it, and name it: {copies}")
    return with_plugins(paths)


def plugins_of_run(folder: RunFolder) -> dict[str, str]:
    """Return the checksums of a run's plugins by their names; raise RunError where the list of them is damaged."""
    path = folder.path / _LIST
    if not path.exists():
        return {}
    try:
        found = read_json(path)
        if all(isinstance(checksum, str) for checksum in found.values()):
            return {Path(name).name: checksum for name, checksum in found.items()}
        raise ValueError("a checksum is a text")  # noqa: TRY301 - answered below like everything else in it
    except (OSError, ValueError, AttributeError):
        raise RunError(f"{path} is damaged; it should list the plugins of the run") from None


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_PLUGIN_BYTES)
    except OSError:
        return b""  # reading it as a plugin will say what is wrong

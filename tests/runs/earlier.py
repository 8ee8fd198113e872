"""A run as an earlier version left it: checkpoints that do not say of which run they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builder.training.folder.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


def made_earlier(path: Path) -> Path:
    """Rewrite the run at ``path`` as an earlier version would have left it, and return its path."""
    folder = RunFolder(path)
    folder.previous.unlink(missing_ok=True)
    for file in (folder.last, folder.best):
        whole = read_checkpoint(file)
        record: dict[str, Any] = dict(whole.record)
        header = record.pop("run")
        if "origin" in record:
            record["origin"] |= {"recipe": json.dumps(header["recipe"]), "data": header["fingerprint"]}
        write_checkpoint(file, Checkpoint(whole.tensors, record))
    data = json.loads(folder.data.read_text())
    data.pop("subset_of", None)
    folder.write_json("data.json", data)
    return path

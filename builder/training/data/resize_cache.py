"""Images resized once for a whole run: in memory, or in a file that all processes of this machine share as memory.

The file lies in the folder that ``ARCHCLI_CACHE`` names, else ``archcli`` in ``XDG_CACHE_HOME`` or ``~/.cache``; an
empty ``ARCHCLI_CACHE`` means none. It is called after a checksum of the images and of what is done with them, so that
it never has to be looked through, and it can be deleted at any time.
"""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from filelock import FileLock

from builder.diagnostics import RunError
from builder.files import replacing
from builder.training.data.dataset import is_repeated
from builder.training.data.transforms import resized
from builder.training.device.memory import available_memory

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe

MEMORY_SHARE = 4  # resized images are kept where they take at most a quarter of the free memory
DISK_SHARE = 4  # all files together take at most a quarter of the disk that is free without them
LARGE = 256_000_000  # bytes from which it is worth a file; below, resizing takes about a second
BLOCK = 64  # images resized at a time: larger blocks only miss the processor's caches
SUFFIX = ".framed"  # as files of earlier versions end, so that they are cleared too


def resized_once(images: torch.Tensor, recipe: Recipe) -> torch.Tensor | None:
    """Return all uint8 ``images`` (N, C, H, H) resized, or None where that would take too much memory."""
    if is_repeated(images):
        gray = resized_once(images[:, :1], recipe)
        return None if gray is None else gray.expand(-1, images.shape[1], -1, -1)
    size = recipe.side or images.shape[-1]
    if size == images.shape[-1] == (recipe.resize or size):
        return images
    needed = images[:, :, 0, 0].numel() * size * size
    if needed > available_memory() // MEMORY_SHARE:
        return None
    folder = cache_folder()
    if needed >= LARGE and folder is not None:
        try:
            return _mapped(images, recipe, folder, needed)
        except (OSError, RunError):
            pass  # a folder that can't be written, or a full disk: this process then keeps its own copy
    kept = torch.empty(*images.shape[:2], size, size, dtype=torch.uint8)
    for source, target in zip(torch.split(images, BLOCK), torch.split(kept, BLOCK), strict=True):
        target.copy_(resized(source, recipe))
    return kept


def cache_folder() -> Path | None:
    """Return where the files lie, None where the user wants none."""
    own = os.environ.get("ARCHCLI_CACHE")
    if own is not None:
        return Path(own) if own else None
    above = os.environ.get("XDG_CACHE_HOME")
    return (Path(above) if above else Path.home() / ".cache") / "archcli"


def _mapped(images: torch.Tensor, recipe: Recipe, folder: Path, size: int) -> torch.Tensor:
    """Return the resized images as memory that the file's other readers share; the first process writes the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_key(images, recipe)}{SUFFIX}"
    with FileLock(folder / ".lock"):
        if not path.exists() or path.stat().st_size != size:
            _make_room(folder, size)
            with replacing(path) as written, written.open("wb") as file:
                for block in torch.split(images, BLOCK):
                    file.write(resized(block, recipe).contiguous().numpy().data)
        path.touch()  # the ones used last stay longest
    side = recipe.side or images.shape[-1]
    return torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8).view(*images.shape[:2], side, side)


def _key(images: torch.Tensor, recipe: Recipe) -> str:
    digest = sha256(f"1 {tuple(images.shape)} {recipe.resize} {recipe.side}".encode())
    digest.update(images.contiguous().numpy().data)
    return digest.hexdigest()[:32]


def _make_room(folder: Path, size: int) -> None:
    """Delete the files that were not used for longest until ``size`` bytes more are allowed; OSError if they can't be.

    Who has mapped a deleted file keeps it until the end.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    used = sum(path.stat().st_size for path in files)
    allowed = (shutil.disk_usage(folder).free + used) // DISK_SHARE
    for path in files:
        if used + size <= allowed:
            return
        used -= path.stat().st_size
        path.unlink()
    if size > allowed:
        raise OSError(f"{folder} has no room for {size} bytes")

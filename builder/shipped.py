"""The pages, studies and recipes that come with the program, by name: read without YAML, so that a shell can ask."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


def shipped_folder() -> Path:
    """Return the folder of the shipped pages: beside ``builder`` in a checkout, in ``archcli`` when installed."""
    above = Path(__file__).resolve().parents[1]
    checkout = above / "archs"
    return checkout if checkout.is_dir() else above / "archcli" / "archs"


@lru_cache(maxsize=1)
def shipped_names() -> MappingProxyType[str, tuple[Path, str | None]]:
    """Return every name of a shipped page or member with its file and member."""
    names: dict[str, tuple[Path, str | None]] = {}
    for path in sorted(shipped_folder().glob("*.yaml")):
        for member in _member_names(path.read_text("utf-8")):
            names[member] = (path, member)
    for path in sorted(shipped_folder().glob("*.yaml")):
        names.setdefault(path.stem, (path, None))
    return MappingProxyType(names)


def shipped_studies() -> dict[str, Path]:
    """Return the studies that come with the program, by name."""
    return _named(shipped_folder().parent / "studies")


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with the program, by name."""
    return _named(Path(__file__).parent / "training" / "recipe" / "shipped")


def _named(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _member_names(text: str) -> list[str]:
    """Return the members of a shipped page without parsing YAML, which would cost every command a moment."""
    section = re.search(r"^members:\n((?:[ \t]+.*\n|\s*\n|#.*\n)*)", text, re.MULTILINE)
    return re.findall(r"^  ([A-Za-z_][\w-]*):", section[1], re.MULTILINE) if section else []

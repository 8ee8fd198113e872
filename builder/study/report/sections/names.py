"""What variants are called in a figure, and in which color they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

INKS: Final = ("one", "two", "three", "four")
"""Colors of the variants that matter most; ``figure.css`` says which."""


def short(names: Sequence[str], base: str) -> dict[str, str]:
    """Return each name without the base's in front of it, where what is left still tells all apart.

    >>> short(["net", "net_se_block1", "other"], "net")
    {'net': 'net', 'net_se_block1': 'se_block1', 'other': 'other'}
    """
    found = {name: name.removeprefix(f"{base}_") or name for name in names}
    return found if len(set(found.values())) == len(found) else {name: name for name in names}


def inks(names: Sequence[str], base: str) -> dict[str, str]:
    """Return a color for each name: the base's own, one each for the first four others, and one for the rest."""
    others = [name for name in names if name != base]
    chosen = dict(zip(others, INKS, strict=False))
    return {name: "base" if name == base else chosen.get(name, "rest") for name in names}

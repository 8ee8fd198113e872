"""The figures of the documentation in a light and a dark form, made while the site is built."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from benchmarks.figures import FIGURES
from builder.emit.diagram import draw
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SWITCH = "@media (prefers-color-scheme: dark)"
"""How a figure of a report chooses its colors: by the reader's system, where the site has a button."""


def form(name: str, theme: Literal["light", "dark"]) -> str:
    """Return what the form of a figure is called."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{theme}.{suffix}"


def forms(docs: Path) -> Iterator[tuple[str, str]]:
    """Yield name and content of each form that is no file: the dark one of a network, both of a report's figure."""
    for name, (pages, level, options) in FIGURES.items():
        if options.theme == "light":
            dark = draw([load(page) for page in pages], level=level, options=replace(options, theme="dark"))
            yield f"figures/{name}.dark.svg", dark.svg()
    for path in sorted(docs.rglob("*.svg")):
        text = path.read_text("utf-8")
        if SWITCH in text:
            name = path.relative_to(docs).as_posix()
            yield form(name, "light"), text.replace(SWITCH, "@media not all")
            yield form(name, "dark"), text.replace(SWITCH, "@media all")

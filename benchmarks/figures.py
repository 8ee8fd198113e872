"""Draws the pictures of the documentation: python benchmarks/figures.py.

The pictures of the report's figures are also what the tests compare with, byte for byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from builder.emit.diagram import DrawOptions, draw
from builder.lowering import load

if TYPE_CHECKING:
    from builder.emit.diagram import Level

DOCS = Path(__file__).resolve().parent.parent / "docs"
REPORT = ("alexse_block1", "alexse_block2", "alexse_both")

FIGURES: dict[str, tuple[tuple[str, ...], Level, DrawOptions]] = {
    "figure3": (("alexresnet",), "layer", DrawOptions()),
    "figure6": (REPORT, "layer", DrawOptions()),
    "blocks": (("alexresnet", *REPORT), "block", DrawOptions()),
    "resnet50": (("resnet50",), "layer", DrawOptions(fold=("layer*.*",))),
    "dark": (("alexse_cross",), "block", DrawOptions(theme="dark", legend=True)),
    "column": (("se_resnet50",), "block", DrawOptions(width="89mm")),
    "upright": (REPORT, "block", DrawOptions(width="89mm", height="170mm", direction="vertical")),
}


def figures() -> None:
    """Write the pictures that the documentation shows."""
    for name, (pages, level, options) in FIGURES.items():
        draw([load(page) for page in pages], level=level, options=options).write(DOCS / "figures" / f"{name}.svg")


if __name__ == "__main__":
    figures()

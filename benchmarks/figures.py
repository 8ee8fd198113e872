"""Draws the pictures of the documentation and the gallery of all shipped architectures: python benchmarks/figures.py.

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
}

GALLERY = (
    *(
        "alexnet",
        "alexnet32",
        "alexresnet",
        "alexse_cross",
        "vgg16_bn",
        "googlenet",
        "inception_v3",
        "resnet18",
        "resnet50",
    ),
    *("resnext50_32x4d", "se_resnet50", "densenet121", "squeezenet1_0", "mobilenet_v2", "mobilenet_v3_large"),
    *("mnasnet1_0", "shufflenet_v2_x1_0", "efficientnet_b0", "efficientnet_v2_s", "regnet_y_400mf", "convnext_tiny"),
    *("resnet50d", "res2net50_26w_4s", "skresnet50", "ese_vovnet39b", "repvgg_a0", "legacy_xception", "ghostnet_100"),
)


def figures() -> None:
    """Write the pictures that the documentation shows."""
    for name, (pages, level, options) in FIGURES.items():
        draw([load(page) for page in pages], level=level, options=options).write(DOCS / "figures" / f"{name}.svg")


def gallery() -> None:
    """Write one picture for each network at the level of blocks, and the page that shows them."""
    folder = DOCS / "figures" / "gallery"
    folder.mkdir(exist_ok=True)
    lines = [
        "# Gallery of network families",
        "",
        "Every shipped family of networks at block level, drawn by `archcli draw NAME --level block`.",
        "Written by `python benchmarks/figures.py`.",
        "",
    ]
    for name in GALLERY:
        draw([load(name)], level="block").write(folder / f"{name}.svg")
        lines += [f"![{name}](figures/gallery/{name}.svg)", ""]
    (DOCS / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    figures()
    gallery()

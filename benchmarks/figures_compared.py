"""ResNet-18 and AlexNet as other tools draw them, beside ours: python benchmarks/figures_compared.py.

Besides archcli this needs torchview, visualtorch, keras and pydot (pip install) and the system's Graphviz; none of
them is a dependency of archcli. Every tool is called as its documentation shows first, on the network's usual input.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["KERAS_BACKEND"] = "torch"  # before keras is imported

import keras
import torchview
import visualtorch
from keras import layers as kl
from PIL import Image, ImageDraw, ImageFont
from torchvision.models import alexnet, resnet18

from builder.emit.diagram import draw
from builder.lowering import load

if TYPE_CHECKING:
    from torch import nn

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "figures" / "compared"
SIZE = (1, 3, 224, 224)
TALL = (400, 1500)  # pixels that each tall picture may take
WIDE = (1260, 260)
GAP, CAPTION = 30, 26


def keras_alexnet() -> keras.Model:
    """Return torchvision's AlexNet in Keras's layers."""
    image = x = kl.Input(SIZE[2:] + SIZE[1:2])
    for number, (filters, kernel, stride) in enumerate(
        [(64, 11, 4), (192, 5, 1), (384, 3, 1), (256, 3, 1), (256, 3, 1)]
    ):
        x = kl.ReLU()(kl.Conv2D(filters, kernel, stride, padding="same")(x))
        x = kl.MaxPool2D(3, 2)(x) if number in (0, 1, 4) else x
    x = kl.Flatten()(x)
    for _ in range(2):
        x = kl.ReLU()(kl.Dense(4096)(kl.Dropout(0.5)(x)))
    return keras.Model(image, kl.Dense(1000)(x))


def keras_resnet18() -> keras.Model:
    """Return ResNet-18 in Keras's layers."""

    def conv(x: object, filters: int, kernel: int, stride: int = 1) -> object:
        return kl.BatchNormalization()(kl.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x))

    image = kl.Input(SIZE[2:] + SIZE[1:2])
    x = kl.MaxPool2D(3, 2, padding="same")(kl.ReLU()(conv(image, 64, 7, 2)))
    for filters in (64, 128, 256, 512):
        for number in range(2):
            stride = 2 if filters > 64 and number == 0 else 1
            beside = conv(x, filters, 1, stride) if stride == 2 else x
            x = kl.ReLU()(kl.Add()([conv(kl.ReLU()(conv(x, filters, 3, stride)), filters, 3), beside]))
    return keras.Model(image, kl.Dense(1000)(kl.GlobalAveragePooling2D()(x)))


def by_torchview(network: nn.Module) -> Image.Image:
    """Return torchview's graph."""
    return Image.open(io.BytesIO(torchview.draw_graph(network, input_size=SIZE).visual_graph.pipe(format="png")))


def by_keras(network: keras.Model, folder: Path) -> Image.Image:
    """Return what plot_model writes."""
    path = folder / "keras.png"
    keras.utils.plot_model(network, str(path), show_shapes=True)
    picture = Image.open(path).convert("RGB")
    path.unlink()
    return picture


def by_visualtorch(network: nn.Module) -> Image.Image:
    """Return visualtorch's flow of volumes."""
    return visualtorch.render(network, SIZE, style="flow", legend=True)


def by_archcli(name: str, level: str) -> Image.Image:
    """Return our figure."""
    return Image.open(io.BytesIO(draw([load(name)], level=level).png()))


def sheet(tall: dict[str, Image.Image], wide: dict[str, Image.Image]) -> Image.Image:
    """Return all pictures of one network: the tall ones side by side, the wide ones below."""
    page = Image.new(
        "RGB", (len(tall) * (TALL[0] + GAP) + GAP, TALL[1] + len(wide) * (WIDE[1] + GAP) + 4 * GAP), "white"
    )
    for number, (caption, picture) in enumerate(tall.items()):
        _put(page, picture, caption, (GAP + number * (TALL[0] + GAP), GAP), TALL)
    for number, (caption, picture) in enumerate(wide.items()):
        _put(page, picture, caption, (GAP, TALL[1] + 3 * GAP + number * (WIDE[1] + GAP)), WIDE)
    return page


def _put(page: Image.Image, picture: Image.Image, caption: str, corner: tuple[int, int], room: tuple[int, int]) -> None:
    """Shrink a picture into its room, under what it is."""
    font = ImageFont.truetype("LiberationSans-Bold.ttf", 17)
    ImageDraw.Draw(page).text(corner, f"{caption}, {picture.width} × {picture.height} px", "black", font)
    shown = picture.convert("RGBA")
    shown.thumbnail((room[0], room[1] - CAPTION), Image.Resampling.LANCZOS)
    page.paste(shown, (corner[0], corner[1] + CAPTION), shown)


def main() -> None:
    """Write one sheet for each network."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make, in_keras in (("resnet18", resnet18, keras_resnet18), ("alexnet", alexnet, keras_alexnet)):
        tall = {
            "torchview": by_torchview(make().eval()),
            "Keras": by_keras(in_keras(), FOLDER),
            "archcli": by_archcli(name, "layer"),
        }
        wide = {"visualtorch": by_visualtorch(make().eval()), "archcli --level block": by_archcli(name, "block")}
        path = FOLDER / f"{name}.png"
        page = sheet(tall, wide).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        page.save(path, optimize=True)
        print(path, f"{path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

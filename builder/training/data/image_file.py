"""One image file as pixels: what every command does that reads images.

Colors are what Pillow's ``convert("RGB")`` makes of them, as torchvision's ``ImageFolder`` has it: gray is repeated,
palettes are looked up, and transparency is left out, so that what lay below a transparent pixel shows. Of several
frames the first counts, and a camera's note on how it was held does not. Numbers of 16 bits keep their upper eight, as
Pillow reads colors of 16 bits; it would clip gray ones to white. Of a TIFF with 12 bits these are the upper eight of
12, and where it says that 0 is white, it is.
https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT, TiffImageFile
from torchvision.transforms import functional

from builder.diagnostics import RunError
from builder.files import open_regular, reason_of

if TYPE_CHECKING:
    from pathlib import Path

    import torch

MAX_PIXELS = 89_478_485
"""Of an image once its shorter side is resized, as many as Pillow takes before it warns of a bomb."""

_HINT = "mend it or take it out of the folder"
_SIXTEEN_BITS = {"PNG", "PPM"}  # formats whose whole numbers have 16 bits where Pillow keeps them as 32


def read_square(path: Path, side: int, *, gray: bool = False) -> torch.Tensor:
    """Return the image as uint8 (3, side, side): the shorter side resized to ``side``, the center cut.

    Where it is to be ``gray``, (1, side, side): Pillow's ``convert("L")``, as torchvision's ``Grayscale``. Raises
    RunError, with the file's name, for what is no image, is no file, or can't be shown in 8 bits a channel.
    """
    image = read_image(path, side)
    image = image.convert("L") if gray else image
    square = functional.center_crop(functional.resize(image, side), [side, side])
    pixels: torch.Tensor = functional.pil_to_tensor(square)
    return pixels


def read_image(path: Path, side: int = 1) -> Image.Image:
    """Return the image, whose shorter side can be resized to ``side``, in RGB; raise RunError as ``read_square`` does.

    What it says of its size is judged first: a few bytes may say that they are millions of pixels long.
    """
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is then read, or is refused
            image = Image.open(file)
            _check_shape(*image.size, side)
            return in_rgb(image)
    except UnidentifiedImageError as error:
        raise RunError(f"cannot read the image {path}: it is of no kind that Pillow knows", _HINT) from error
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads them to
        raise RunError(f"cannot read the image {path}: {reason_of(error)}", _HINT) from error


def _check_shape(width: int, height: int, side: int) -> None:
    """Raise ValueError where the image would be too large once its shorter side has ``side`` pixels."""
    if max(width, height) * side * side > MAX_PIXELS * min(width, height):
        raise ValueError(f"{width}×{height} is too long and narrow to be made {side} pixels wide")


def in_rgb(image: Image.Image) -> Image.Image:
    """Return ``image`` in RGB; raise ValueError where 8 bits a channel can't show it."""
    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and image.format in _SIXTEEN_BITS):
        bits, white_is_zero = _of_tiff(image)
        gray = (np.asarray(image) >> bits - 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(255 - gray if white_is_zero else gray).convert("RGB")
    if mode in {"I", "F"}:
        raise ValueError(f"its pixels are numbers of 32 bits (mode {mode}), and nothing says which of them is white")
    if _is_signed(image):
        raise ValueError("its pixels have signs, which Pillow leaves out")
    if mode == "La":
        image = image.convert("LA")
    return image.convert("RGB")


def _of_tiff(image: Image.Image) -> tuple[int, bool]:
    """Return of a gray image how many bits a pixel has, and whether 0 is white: TIFF says so, and Pillow ignores it."""
    if not isinstance(image, TiffImageFile):
        return 16, False
    tags = image.tag_v2
    return tags.get(BITSPERSAMPLE, (16,))[0], tags.get(PHOTOMETRIC_INTERPRETATION) == 0


def _is_signed(image: Image.Image) -> bool:
    """Return whether an image of 8 bits is a TIFF of numbers with signs: -1 would become white."""
    return isinstance(image, TiffImageFile) and 2 in image.tag_v2.get(SAMPLEFORMAT, ())

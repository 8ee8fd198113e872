"""Image files: from bytes to the pixels that a network sees."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks.fuzzing.mutation import byte_mutant
from benchmarks.fuzzing.target import Target
from builder.training.data.image_file import read_square

if TYPE_CHECKING:
    import random
    from pathlib import Path

SIDE = 8
FORMS: dict[str, tuple[str, ...]] = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "PPM": ("1", "L", "RGB", "I;16", "F"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB", "YCbCr"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P"),
}
"""Formats, with the modes in which Pillow writes them."""

COMPRESSIONS = (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")


def image_target() -> Target:
    """Return images of every format that data sets have.

    A few bytes may stand for 179 million pixels, Pillow's limit, of four bytes each: as they are stored, and in RGB.
    """
    return Target(_read_image, _images, _image_mutant, ("IHDR", "PLTE", "tRNS", "IDAT", "IEND"), 2048, 3.0, 1500)


def _read_image(data: bytes, folder: Path) -> None:
    path = folder / "image.png"
    path.write_bytes(data)
    pixels = read_square(path, SIDE)
    if tuple(pixels.shape) != (3, SIDE, SIDE):
        raise AssertionError(f"{tuple(pixels.shape)} is no square in color")


def _images() -> list[bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_written(form, mode, (6, 5)) for form, modes in FORMS.items() for mode in modes]


def _written(form: str, mode: str, size: tuple[int, int], **options: Any) -> bytes:
    """Return a small image with a slope in it."""
    file = io.BytesIO()
    slope = Image.linear_gradient("L").resize(size)
    (
        slope
        if mode == "L"
        else slope.convert("RGB").convert(mode)
        if mode in {"P", "CMYK", "LAB", "YCbCr"}
        else Image.new(mode, size)
        if mode.startswith(("I", "F"))
        else slope.convert(mode)
    ).save(file, form, **options)
    return file.getvalue()


def _image_mutant(data: bytes, numbers: random.Random) -> bytes:
    """Write another image, or change a chunk of a PNG under a right checksum, or bytes of the head, or any."""
    kind = numbers.random()
    try:
        if kind < 0.2:
            return _another(numbers)
        if kind < 0.6 and data.startswith(b"\x89PNG"):
            return _rechunked(data, numbers)
    except (OSError, ValueError, KeyError, struct.error, zlib.error):
        pass
    return byte_mutant(data, numbers, 64 if kind < 0.8 else None)


def _another(numbers: random.Random) -> bytes:
    form = numbers.choice(sorted(FORMS))
    size = (numbers.choice([1, 2, 3, 8, 17]), numbers.choice([1, 2, 5, 16]))
    options: dict[str, Any] = {}
    if form == "TIFF":
        options["compression"] = numbers.choice(COMPRESSIONS)
    elif form == "JPEG":
        options = {"progressive": numbers.random() < 0.5, "quality": numbers.choice([1, 50, 95])}
    elif form in {"PNG", "GIF"}:
        options = {"transparency": numbers.randrange(3)} if numbers.random() < 0.5 else {}
    elif form == "WEBP":
        options = {"lossless": numbers.random() < 0.5}
    return _written(form, numbers.choice(FORMS[form]), size, **options)


def _rechunked(data: bytes, numbers: random.Random) -> bytes:
    """Return a PNG with one chunk changed, doubled, left out or moved, each with a right checksum."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    where = numbers.randrange(len(chunks))
    name, content = chunks[where]
    kind = numbers.random()
    if name == b"IHDR" and len(content) == 13 and kind < 0.7:
        chunks[where] = (name, _header(content, numbers))
    elif name == b"IDAT" and kind < 0.5:
        chunks[where] = (name, zlib.compress(byte_mutant(zlib.decompress(content), numbers)))
    elif kind < 0.7:
        chunks[where] = (
            numbers.choice([name, b"PLTE", b"tRNS", b"gAMA", b"tEXt", b"acTL"]),
            byte_mutant(content, numbers),
        )
    elif kind < 0.8:
        del chunks[where]
    else:
        chunks.insert(numbers.randrange(len(chunks)), chunks[where])
    return data[:8] + b"".join(_chunk(*each) for each in chunks)


def _header(content: bytes, numbers: random.Random) -> bytes:
    """Return a PNG's head with one of its seven numbers changed."""
    fields = list(struct.unpack(">IIBBBBB", content))
    which = numbers.randrange(7)
    fields[which] = numbers.choice([0, 1, 2, 3, 4, 6, 8, 16, *([5000, 2**31 - 1, 2**32 - 1] if which < 2 else [255])])
    return struct.pack(">IIBBBBB", *fields)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

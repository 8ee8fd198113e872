"""One image file as pixels, whatever it holds."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

from builder.diagnostics import RunError
from builder.training.data.image_file import in_rgb, read_image, read_square

WHITE = {
    "1": 1, "L": 255, "P": 255, "PA": (255, 255), "RGB": (255,) * 3, "RGBA": (255,) * 4, "RGBX": (255,) * 4,
    "CMYK": (0, 0, 0, 0), "YCbCr": (255, 128, 128), "LAB": (255, 128, 128), "HSV": (0, 0, 255), "LA": (255, 255),
    "La": (255, 255), "RGBa": (255,) * 4, "I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I;16N": 65535,
}  # fmt: skip
"""Every mode of Pillow that 8 bits can show, and its white."""


WHITE_TIFF, BLACK = 0, 1


def tiff(bits: int, pixels: bytes, *, zero_is: int, kind: int = 1) -> bytes:
    """Return a TIFF of one gray row of two pixels: ``kind`` 2 has signs. TIFF 6.0, sections 4 and 19."""
    head = struct.pack("<2sHI", b"II", 42, 8)
    entries = {256: 2, 257: 1, 258: bits, 259: 1, 262: zero_is, 273: 8 + 2 + 12 * 10 + 4, 277: 1, 278: 1,
               279: len(pixels), 339: kind}  # fmt: skip
    body = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries.items())
    return head + struct.pack("<H", len(entries)) + body + bytes(4) + pixels


class TestModes:
    """Every mode of Pillow comes out right, or is refused by name."""

    @pytest.mark.parametrize("mode", WHITE)
    def test_white_is_white(self, mode: str) -> None:
        """Whatever a mode calls it."""
        if mode not in {"P", "PA"}:
            image = Image.new(mode, (3, 2), WHITE[mode])
        else:
            image = Image.new("RGB", (3, 2), (255, 255, 255)).convert("P")
            image = image if mode == "P" else image.convert("PA")
        assert min(in_rgb(image).getpixel((1, 1))) >= 254  # LAB's white is rounded

    @pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
    @pytest.mark.parametrize("level", [0, 1, 255, 256, 32768, 65534, 65535])
    def test_sixteen_bits_keep_their_upper_eight(self, mode: str, level: int) -> None:
        """In either order of their bytes."""
        assert in_rgb(Image.new(mode, (2, 2), level)).getpixel((0, 0)) == (level >> 8,) * 3

    @pytest.mark.parametrize("suffix", ["png", "tif"])
    def test_a_gray_file_of_16_bits_is_scaled(self, tmp_path: Path, suffix: str) -> None:
        """Pillow alone clips all but 1 in 256 levels to white."""
        levels = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
        path = tmp_path / f"deep.{suffix}"
        Image.fromarray(levels).save(path)
        assert torch.equal(read_square(path, 16)[0], torch.arange(256, dtype=torch.uint8).view(16, 16))

    def test_a_pgm_of_16_bits_is_scaled(self, tmp_path: Path) -> None:
        """Pillow keeps it in 32 bits."""
        path = tmp_path / "deep.pgm"
        path.write_bytes(b"P5 2 2 65535\n" + bytes([0, 0, 128, 0, 255, 0, 255, 255]))
        assert read_square(path, 2)[0].flatten().tolist() == [0, 128, 255, 255]

    @pytest.mark.parametrize(
        ("bits", "zero_is", "pixels", "levels"),
        [
            (8, BLACK, b"\x00\xff", [0, 255]),
            (8, WHITE_TIFF, b"\x00\xff", [255, 0]),
            (12, BLACK, b"\x00\x0f\xff", [0, 255]),
            (12, BLACK, b"\x80\x07\xff", [128, 127]),
            (16, BLACK, b"\x00\x01\xff\xff", [1, 255]),
            (16, WHITE_TIFF, b"\x00\x01\xff\xff", [254, 0]),
        ],
    )
    def test_a_tiff_is_as_bright_as_it_says(
        self, tmp_path: Path, bits: int, zero_is: int, pixels: bytes, levels: list[int]
    ) -> None:
        """Pillow gives 12 bits the room of 16, which is nearly black, and forgets of 16 bits that 0 is white."""
        path = tmp_path / "deep.tif"
        path.write_bytes(tiff(bits, pixels, zero_is=zero_is))
        assert np.asarray(read_image(path))[0, :, 0].tolist() == levels

    def test_a_tiff_of_8_bits_with_signs_is_refused(self, tmp_path: Path) -> None:
        """-1 would be white, and brighter than 1."""
        path = tmp_path / "signed.tif"
        path.write_bytes(tiff(8, b"\x00\xff", zero_is=BLACK, kind=2))
        with pytest.raises(RunError, match=r"signed\.tif: its pixels have signs"):
            read_image(path)

    @pytest.mark.parametrize("mode", ["I", "F"])
    def test_numbers_of_32_bits_are_refused_by_name(self, tmp_path: Path, mode: str) -> None:
        """Nothing says which of them is white, and clipping would make nearly all the same."""
        path = tmp_path / "height.tif"
        Image.new(mode, (4, 4), 7).save(path)
        with pytest.raises(RunError, match=rf"cannot read the image .*height\.tif: .*32 bits \(mode {mode}\)"):
            read_image(path)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparency_is_left_out(self, tmp_path: Path, mode: str) -> None:
        """As torchvision's ImageFolder does: what lies below shows."""
        path = tmp_path / "clear.png"
        Image.new(mode, (2, 2), (200, 200, 200, 0) if mode == "RGBA" else (200, 0)).save(path)
        assert read_square(path, 2).unique().tolist() == [200]

    def test_a_palette_with_transparency_is_no_warning(self, tmp_path: Path) -> None:
        """Pillow warns of it; a run of hours need not."""
        path = tmp_path / "palette.png"
        Image.new("RGB", (2, 2), (10, 20, 30)).convert("P").save(path, transparency=bytes([0] * 255))
        assert read_square(path, 2)[:, 0, 0].tolist() == list(Image.open(path).convert("RGBA").getpixel((0, 0))[:3])

    def test_gray_is_what_torchvision_makes_of_colors(self, tmp_path: Path) -> None:
        """And what is gray stays as it is."""
        path = tmp_path / "colors.png"
        image = Image.merge("RGB", [Image.effect_noise((16, 16), 50 + band) for band in range(3)])
        image.save(path)
        theirs = functional.pil_to_tensor(functional.to_grayscale(image))
        assert torch.equal(read_square(path, 16, gray=True), theirs)
        image.convert("L").save(path)
        assert torch.equal(read_square(path, 16, gray=True), read_square(path, 16)[:1])


class TestKinds:
    """What is no image file is refused before it is opened, with its name."""

    def test_a_pipe_a_device_and_a_folder(self, tmp_path: Path) -> None:
        """None of them ends."""
        os.mkfifo(tmp_path / "pipe.png")
        (tmp_path / "zero.png").symlink_to("/dev/zero")
        (tmp_path / "folder.png").mkdir()
        for name, said in (("pipe", "it is a pipe"), ("zero", "it is a device"), ("folder", "Is a directory")):
            with pytest.raises(RunError, match=rf"{name}\.png: {said}"):
                read_image(tmp_path / f"{name}.png")

    def test_a_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor does it."""
        monkeypatch.chdir(tmp_path)  # a socket's name has at most 107 letters
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("ear.png")
            with pytest.raises(RunError, match=r"ear\.png: it is a socket"):
                read_image(Path("ear.png"))

    @pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000)])
    def test_extreme_sides_are_refused_by_name(self, tmp_path: Path, size: tuple[int, int]) -> None:
        """Resized to 224 pixels on the shorter side, it would have 3 billion."""
        path = tmp_path / "hair.png"
        Image.new("L", size).save(path)
        with pytest.raises(RunError, match=r"hair\.png: .*too long and narrow"):
            read_square(path, 224)

    def test_a_bomb_is_refused_by_name(self, tmp_path: Path) -> None:
        """A few bytes that say they are 40,000 pixels wide and high."""
        path = tmp_path / "bomb.pgm"
        path.write_bytes(b"P5 40000 40000 255\n")
        with pytest.raises(RunError, match=r"cannot read the image .*bomb\.pgm: Image size"):
            read_image(path)

    def test_a_long_one_is_refused_before_its_pixels_are_read(self, tmp_path: Path) -> None:
        """A few bytes that say they are 80 million pixels long."""
        path = tmp_path / "hair.pgm"
        path.write_bytes(b"P5 1 80000000 255\n")
        with pytest.raises(RunError, match=r"hair\.pgm: 1×80000000 is too long and narrow to be made 8 pixels wide"):
            read_square(path, 8)

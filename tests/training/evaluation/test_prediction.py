"""What a network answers to image files, each prepared as torchvision's transforms and our image folders do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms as pil

from builder.diagnostics import RunError
from builder.training.data.batches import Batches
from builder.training.data.image_folder import load_image_folder
from builder.training.evaluation import prediction as module
from builder.training.evaluation.prediction import Answer, Predictor, Unreadable
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.recipe.recipe import Recipe

SIDE, LARGER = 8, 10
SIZES = ((10, 10), (40, 30), (31, 64), (5, 7), (200, 11))
RGB = ((0.4, 0.5, 0.6), (0.2, 0.3, 0.25))


@pytest.fixture
def cut(recipe: Recipe) -> Recipe:
    """Return a recipe that resizes to 10 and cuts 8 from the center, each channel normalized by itself."""
    mean, std = RGB
    normalize = recipe.normalize.model_copy(update={"mean": mean, "std": std})
    return recipe.model_copy(update={"size": SIDE, "crop_pct": SIDE / LARGER, "normalize": normalize})


@pytest.fixture
def colors() -> TinyNetwork:
    """Return a network that takes colors."""
    torch.manual_seed(3)
    return TinyNetwork(channels=3)


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    """Return images in several sizes and colors, in the one folder of a class."""
    (tmp_path / "all").mkdir()
    paths = [tmp_path / "all" / f"{index}.png" for index in range(len(SIZES))]
    for index, (path, size) in enumerate(zip(paths, SIZES, strict=True)):
        bands = [Image.effect_noise(size, 40 + 20 * index + band) for band in range(3)]
        Image.merge("RGB", bands).save(path)
    return paths


def shares(network: nn.Module, images: torch.Tensor) -> list[tuple[float, ...]]:
    """Return the probabilities that ``network`` itself gives normalized ``images``."""
    with torch.inference_mode():
        return list(map(tuple, network.eval()(images).softmax(1).tolist()))


class TestPreparation:
    """An image is what it would be in the validation split."""

    def test_it_is_that_of_an_image_folder(
        self, photographs: list[Path], cut: Recipe, colors: TinyNetwork, cpu: torch.device, tmp_path: Path
    ) -> None:
        """Bit for bit, whatever its size."""
        split = load_image_folder(tmp_path, LARGER).train
        (batch,) = Batches(split, cut, cpu).in_order()
        (found,) = Predictor(colors, cut, 3, cpu).answers(photographs, 99)
        assert [each.probabilities for each in found] == shares(colors, batch.images)

    def test_it_is_torchvisions(
        self, photographs: list[Path], cut: Recipe, colors: TinyNetwork, cpu: torch.device
    ) -> None:
        """``Resize`` of the shorter side, ``CenterCrop``, ``ToTensor``, ``Normalize``."""
        theirs = pil.Compose(
            [pil.Resize(LARGER), pil.CenterCrop(LARGER), pil.CenterCrop(SIDE), pil.ToTensor(), pil.Normalize(*RGB)]
        )
        images = torch.stack([theirs(Image.open(path)) for path in photographs])
        (found,) = Predictor(colors, cut, 3, cpu).answers(photographs, 99)
        assert [each.probabilities for each in found] == shares(colors, images)
        assert [each.answer for each in found] == [max(range(4), key=row.__getitem__) for row in shares(colors, images)]

    @pytest.mark.parametrize(("channels", "gray"), [(1, False), (1, True), (3, True), (2, True)])
    def test_colors_become_gray_for_a_network_that_saw_only_gray(
        self, photographs: list[Path], recipe: Recipe, cpu: torch.device, channels: int, gray: bool
    ) -> None:
        """As torchvision's ``Grayscale`` makes them, repeated for each of its channels."""
        network = TinyNetwork(channels=channels)
        theirs = pil.Compose(
            [pil.Grayscale(), pil.Resize(SIDE), pil.CenterCrop(SIDE), pil.ToTensor(), pil.Normalize(0.5, 0.5)]
        )
        images = torch.stack([theirs(Image.open(path)) for path in photographs]).expand(-1, channels, -1, -1)
        (found,) = Predictor(network, recipe.at(SIDE), channels, cpu, gray=gray).answers(photographs, 99)
        assert [each.probabilities for each in found] == shares(network, images)

    def test_gray_images_are_repeated_for_a_network_that_takes_colors(
        self, tmp_path: Path, cut: Recipe, colors: TinyNetwork, cpu: torch.device
    ) -> None:
        """And what is transparent is taken as if it were not."""
        gray = Image.effect_noise((12, 12), 60)
        clear = gray.convert("RGBA")
        clear.putalpha(0)
        paths = []
        for name, image in (("gray", gray), ("rgb", gray.convert("RGB")), ("la", gray.convert("LA")), ("clear", clear)):
            paths.append(tmp_path / f"{name}.png")
            image.save(paths[-1])
        (found,) = Predictor(colors, cut, 3, cpu).answers(paths, 99)
        assert len({each.probabilities for each in found}) == 1

    def test_how_a_camera_was_held_is_not_asked(
        self, tmp_path: Path, cut: Recipe, colors: TinyNetwork, cpu: torch.device
    ) -> None:
        """The data sets' images are not turned either."""
        image = Image.merge("RGB", [Image.effect_noise((12, 20), 60)] * 3)
        turned = Image.Exif()
        turned[0x0112] = 6
        image.save(tmp_path / "as_stored.png")
        image.save(tmp_path / "turned.png", exif=turned)
        with Image.open(tmp_path / "turned.png") as stored:
            assert stored.getexif()[0x0112] == 6
        files = [tmp_path / "as_stored.png", tmp_path / "turned.png"]
        (found,) = Predictor(colors, cut, 3, cpu).answers(files, 99)
        assert found[0].probabilities == found[1].probabilities

    def test_other_numbers_of_channels_are_refused(self, recipe: Recipe, cpu: torch.device) -> None:
        """Before anything is read."""
        with pytest.raises(RunError, match=r"takes images of 4 channels, and image files have 1 \(gray\) or 3 \(RGB\)"):
            Predictor(TinyNetwork(channels=4), recipe.at(SIDE), 4, cpu)


class TestBatches:
    """Files are answered a batch at a time, in their order."""

    def test_no_more_than_a_batch_is_read_before_it_is_answered(
        self,
        photographs: list[Path],
        cut: Recipe,
        colors: TinyNetwork,
        cpu: torch.device,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """However many files there are, memory holds one batch of them."""
        read: list[Path] = []

        def read_square(path: Path, side: int, *, gray: bool) -> torch.Tensor:
            read.append(path)
            return torch.zeros(3, side, side, dtype=torch.uint8)

        monkeypatch.setattr(module, "read_square", read_square)
        answers = Predictor(colors, cut, 3, cpu).answers(photographs * 3, 4)
        counts = [(len(batch), len(read)) for batch in answers]
        assert counts == [(4, 4), (4, 8), (4, 12), (3, 15)]
        assert read == photographs * 3

    @pytest.mark.parametrize("batch_size", [1, 2, 7])
    def test_a_file_that_cannot_be_read_stops_nothing(
        self,
        photographs: list[Path],
        cut: Recipe,
        colors: TinyNetwork,
        cpu: torch.device,
        tmp_path: Path,
        batch_size: int,
    ) -> None:
        """It stands in its place with the reason, also where a batch holds no other."""
        (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        files = [tmp_path / "torn.png", *photographs[:2], tmp_path / "gone.png", tmp_path, photographs[0]]
        batches = Predictor(colors, cut, 3, cpu).answers(files, batch_size)
        found = [each for batch in batches for each in batch]
        assert [each.file for each in found] == files
        assert [type(each) for each in found] == [Unreadable, Answer, Answer, Unreadable, Unreadable, Answer]
        assert found[3] == Unreadable(
            tmp_path / "gone.png", f"cannot read the image {tmp_path / 'gone.png'}: No such file or directory"
        )
        assert found[1].probabilities == pytest.approx(found[5].probabilities, rel=1e-5)

    def test_a_batch_that_is_too_large_is_answered(
        self, photographs: list[Path], cut: Recipe, cpu: torch.device
    ) -> None:
        """With the option that makes it smaller."""

        class Full(nn.Module):
            """It fills all memory."""

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Fail."""
                raise torch.OutOfMemoryError("out of memory")

        with pytest.raises(RunError, match="has too little memory for 5 images at a time") as raised:
            list(Predictor(Full(), cut, 3, cpu).answers(photographs, 9))
        assert raised.value.hint == "try a smaller `--batch-size`"

"""A folder of images, each class in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image
from torchvision import transforms as pil
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import IMG_EXTENSIONS

from builder.choices import IMAGE_SUFFIXES
from builder.diagnostics import RunError
from builder.training.data import image_folder
from builder.training.data.image_folder import images_below, list_images
from builder.training.data.named import load

if TYPE_CHECKING:
    from pathlib import Path


def fill(folder: Path, sizes: dict[str, list[tuple[int, int]]]) -> None:
    """Write images of these sizes (width, height) for each class."""
    for label, wanted in sizes.items():
        (folder / label).mkdir(parents=True)
        for index, size in enumerate(wanted):
            Image.effect_noise(size, 50 + index).convert("RGB").save(folder / label / f"{index}.png")


CATS_AND_DOGS = {"cat": [(40, 30), (31, 64)], "dog": [(33, 33)]}


class TestLoading:
    """What is read."""

    def test_images_of_any_size_become_squares(self, tmp_path: Path) -> None:
        """The shorter side resized and the center cut, as torchvision does it."""
        fill(tmp_path, CATS_AND_DOGS)
        found = load("imagefolder", tmp_path, side=16)
        assert (found.name, found.classes) == (tmp_path.name, ("cat", "dog"))
        assert found.train.labels.tolist() == [0, 0, 1]
        image = Image.open(tmp_path / "cat" / "1.png")
        right = pil.Compose([pil.Resize(16), pil.CenterCrop(16), pil.PILToTensor()])(image)
        assert torch.equal(found.train.images[1], right)

    def test_train_val_and_test_are_splits(self, tmp_path: Path) -> None:
        """Where they are there."""
        for part in ("train", "val", "test"):
            fill(tmp_path / part, CATS_AND_DOGS)
        assert list(load("imagefolder", tmp_path, side=8).splits) == ["train", "validation", "test"]

    def test_one_folder_is_all_for_training(self, tmp_path: Path) -> None:
        """The recipe then says how much is held out."""
        fill(tmp_path, CATS_AND_DOGS)
        assert list(load("imagefolder", tmp_path, side=8).splits) == ["train"]


class TestLinks:
    """What links in a folder of images lead to."""

    def test_folders_and_images_elsewhere_are_followed(self, tmp_path: Path) -> None:
        """Many keep the pictures on one disk and the classes as links to them."""
        fill(tmp_path / "store", CATS_AND_DOGS)
        (tmp_path / "img" / "dog").mkdir(parents=True)
        (tmp_path / "img" / "cat").symlink_to(tmp_path / "store" / "cat")
        (tmp_path / "img" / "dog" / "a.png").symlink_to(tmp_path / "store" / "dog" / "0.png")
        assert load("imagefolder", tmp_path / "img", side=8).train.labels.tolist() == [0, 0, 1]

    @pytest.mark.parametrize("target", ["..", "../..", ".", "../cat", "/"])
    @pytest.mark.parametrize("place", ["dog/loop", "loop"])
    def test_a_folder_above_or_in_it_already_is_refused(self, tmp_path: Path, place: str, target: str) -> None:
        """Each would bring in the same images under other labels, and a loop thousands of times."""
        root = tmp_path / "img"
        fill(root, CATS_AND_DOGS)
        target = target.removeprefix("../") or ".." if place == "loop" and target == "../cat" else target
        (root / place).symlink_to(target)
        with pytest.raises(RunError, match=r"loop.*(is a link to a folder above|are the same folder)|same folder"):
            load("imagefolder", root, side=8)

    def test_the_image_of_another_class_is_refused(self, tmp_path: Path) -> None:
        """It can't be both."""
        fill(tmp_path, CATS_AND_DOGS)
        (tmp_path / "dog" / "copy.png").symlink_to("../cat/0.png")
        with pytest.raises(RunError, match=r"dog/copy\.png and .*cat/0\.png are the same image, and of two classes"):
            load("imagefolder", tmp_path, side=8)

    def test_the_image_of_the_same_class_counts_twice(self, tmp_path: Path) -> None:
        """Some weigh a class so."""
        fill(tmp_path, CATS_AND_DOGS)
        (tmp_path / "dog" / "copy.png").symlink_to("0.png")
        assert load("imagefolder", tmp_path, side=8).train.labels.tolist() == [0, 0, 1, 1]

    def test_a_link_to_nowhere_is_named(self, tmp_path: Path) -> None:
        """As any image that can't be read."""
        fill(tmp_path, CATS_AND_DOGS)
        (tmp_path / "dog" / "gone.png").symlink_to("nowhere.png")
        with pytest.raises(RunError, match=r"cannot read the image .*gone\.png: No such file"):
            load("imagefolder", tmp_path, side=8)

    @pytest.mark.parametrize("place", ["train/eel", "train/cat/more", "val/eel"])
    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path, place: str) -> None:
        """A disk that is not mounted would cost a class, or half of it; an editor's lock is a link to nothing too."""
        for part in ("train", "val"):
            fill(tmp_path / part, CATS_AND_DOGS)
        (tmp_path / "train" / ".#notes.txt").symlink_to("somebody@somewhere.1")
        (tmp_path / "train" / "cat" / ".#notes.txt").symlink_to("somebody@somewhere.1")
        assert len(load("imagefolder", tmp_path, side=8).train) == 3
        (tmp_path / place).symlink_to("nowhere")
        with pytest.raises(RunError, match=rf"{place} is a link that leads nowhere"):
            load("imagefolder", tmp_path, side=8)

    @pytest.mark.parametrize(
        ("link", "target", "said"),
        [
            ("val", "train", r"val/cat and .*train/cat are the same folder"),
            ("test", "val", r"test/cat and .*val/cat are the same folder"),
            ("val/bird", "../train/bird", r"val/bird and .*train/bird are the same folder"),
            (
                "val/cat/x.png",
                "../../train/cat/0.png",
                r"val/cat/x\.png and .*train/cat/0\.png are the same image, and of",
            ),
        ],
    )
    def test_what_is_trained_on_does_not_validate(self, tmp_path: Path, link: str, target: str, said: str) -> None:
        """It would be known by heart, and the accuracy be that of memory."""
        for part in ("train", "val") if link != "val" else ("train",):
            fill(tmp_path / part, CATS_AND_DOGS)
        if "bird" in link:
            fill(tmp_path / "train", {"bird": [(9, 9)]})
        (tmp_path / link).symlink_to(target)
        with pytest.raises(RunError, match=said):
            load("imagefolder", tmp_path, side=8)


class TestNamesOfSplits:
    """A split under another name would be a class, or be left out."""

    @pytest.mark.parametrize("names", [("Train", "val"), ("training", "validation"), ("TRAIN",)])
    def test_folders_of_splits_are_no_classes(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        """A network would learn to tell training images from others."""
        for name in names:
            fill(tmp_path / name, CATS_AND_DOGS)
        with pytest.raises(RunError, match=r"/ looks like a split, and is called neither train, val nor test"):
            load("imagefolder", tmp_path, side=8)

    def test_without_train_there_is_nothing_to_train_on(self, tmp_path: Path) -> None:
        """`val` and `test` would be the classes."""
        for name in ("val", "test"):
            fill(tmp_path / name, CATS_AND_DOGS)
        with pytest.raises(RunError, match="has test/ and val/, and no train/"):
            load("imagefolder", tmp_path, side=8)

    def test_a_split_under_another_name_is_not_left_out(self, tmp_path: Path) -> None:
        """Images would be held out of `train` instead."""
        for name in ("train", "valid"):
            fill(tmp_path / name, CATS_AND_DOGS)
        with pytest.raises(RunError, match="valid/ looks like a split"):
            load("imagefolder", tmp_path, side=8)

    def test_among_others_a_class_may_be_called_so(self, tmp_path: Path) -> None:
        """A test can be a picture's subject."""
        fill(tmp_path, {"exam": [(9, 9)], "test": [(9, 9)]})
        assert load("imagefolder", tmp_path, side=8).classes == ("exam", "test")


class TestOrder:
    """The order decides which images are held out, so it is kept."""

    def test_it_is_torchvisions(self, tmp_path: Path) -> None:
        """Folders in folders too, in upper and lower case."""
        for name in ("b/x/1.PNG", "b/0.png", "a/b.c/2.jpeg", "a/b/1.webp", "a/b/note.txt", "a/Z.png", "b-/1.bmp"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        theirs = ImageFolder(str(tmp_path))
        ours = list_images(tmp_path)
        assert [(str(path), label) for path, label in ours.images] == theirs.samples
        assert list(ours.classes) == theirs.classes
        assert IMAGE_SUFFIXES == IMG_EXTENSIONS


class TestBelow:
    """The images below a folder, whatever its folders mean."""

    def test_they_come_in_the_order_of_the_classes_and_loose_ones_first(self, tmp_path: Path) -> None:
        """A folder of classes gives what it is trained on."""
        fill(tmp_path, CATS_AND_DOGS)
        assert images_below(tmp_path) == [path for path, _ in list_images(tmp_path).images]
        (tmp_path / "z.png").touch()
        assert images_below(tmp_path)[0] == tmp_path / "z.png"

    def test_a_link_to_a_folder_elsewhere_is_followed(self, tmp_path: Path) -> None:
        """Also where the folder that is named is one; a link that leads back is refused."""
        fill(tmp_path / "data", CATS_AND_DOGS)
        (tmp_path / "here").symlink_to(tmp_path / "data" / "cat", target_is_directory=True)
        assert images_below(tmp_path / "here") == [tmp_path / "here" / "0.png", tmp_path / "here" / "1.png"]
        (tmp_path / "data" / "dog" / "up").symlink_to(tmp_path, target_is_directory=True)
        with pytest.raises(RunError, match=r"dog/up is a link to a folder above"):
            images_below(tmp_path / "data")

    def test_a_folder_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        """As the user wrote it."""
        with pytest.raises(RunError, match="nowhere: No such file"):
            images_below(tmp_path / "nowhere")


class TestMistakes:
    """What is said of a folder that can't be trained on."""

    def test_a_class_without_images_is_named(self, tmp_path: Path) -> None:
        """It would be a class that nothing can be learned of."""
        fill(tmp_path, CATS_AND_DOGS)
        (tmp_path / "emu").mkdir()
        with pytest.raises(RunError, match="emu"):
            load("imagefolder", tmp_path, side=8)

    def test_a_folder_without_classes_is_told_the_layout(self, tmp_path: Path) -> None:
        """Images that lie loose have no class."""
        Image.new("RGB", (8, 8)).save(tmp_path / "loose.png")
        with pytest.raises(RunError, match="there is no folder of a class in it") as raised:
            load("imagefolder", tmp_path, side=8)
        assert "one folder for each class" in str(raised.value.hint)

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        """As the user wrote it."""
        with pytest.raises(RunError, match="nowhere"):
            load("imagefolder", tmp_path / "nowhere", side=8)

    @pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
    def test_an_image_that_cannot_be_read_is_named(self, tmp_path: Path, content: bytes) -> None:
        """Which of ten thousand it is."""
        fill(tmp_path, CATS_AND_DOGS)
        (tmp_path / "dog" / "torn.png").write_bytes(content)
        with pytest.raises(RunError, match=r"cannot read the image .*torn\.png"):
            load("imagefolder", tmp_path, side=8)

    def test_splits_with_other_classes_are_refused(self, tmp_path: Path) -> None:
        """Label 1 would mean two things."""
        fill(tmp_path / "train", CATS_AND_DOGS)
        fill(tmp_path / "val", {"cat": [(8, 8)], "fox": [(8, 8)]})
        with pytest.raises(RunError, match=r"the classes of train/ and val/ differ: dog, fox"):
            load("imagefolder", tmp_path, side=8)

    def test_a_size_is_needed(self, tmp_path: Path) -> None:
        """Photographs have no common one."""
        fill(tmp_path, CATS_AND_DOGS)
        with pytest.raises(RunError, match="needs the size of its images"):
            load("imagefolder", tmp_path)

    def test_more_than_the_memory_holds_is_refused_before_reading(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not after an hour."""
        fill(tmp_path, CATS_AND_DOGS)
        monkeypatch.setattr(image_folder, "available_memory", lambda: 1000)
        with pytest.raises(RunError, match=r"3 images of 64×64 take 0\.0 GB of memory"):
            load("imagefolder", tmp_path, side=64)

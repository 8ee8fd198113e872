"""Images resized once: in memory, or in a file that several processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from builder.training.data import resize_cache as resizing
from builder.training.data.resize_cache import cache_folder, resized_once
from builder.training.data.transforms import resized
from tests.training.tiny_task import quadrants

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.recipe.recipe import Recipe

IMAGES = quadrants(70, 1, channels=3).images
BYTES = 70 * 3 * 16 * 16


@pytest.fixture
def sized(recipe: Recipe) -> Recipe:
    """Return a recipe that enlarges and cuts."""
    return recipe.model_copy(update={"size": 16, "crop_pct": 0.8})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache, into which everything goes that is not tiny."""
    monkeypatch.setenv("ARCHCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(resizing, "LARGE", 1000)
    return tmp_path / "cache"


class TestSharedFile:
    """What is large lies in a file."""

    def test_it_holds_the_resized_images(self, folder: Path, sized: Recipe) -> None:
        """All of them, and nothing else."""
        found = resized_once(IMAGES, sized)
        assert found is not None
        assert torch.equal(found, resized(IMAGES, sized))
        (file,) = folder.glob("*.framed")
        assert file.stat().st_size == BYTES

    def test_the_second_who_asks_frames_nothing(
        self, folder: Path, sized: Recipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """He maps the same file."""
        first = resized_once(IMAGES, sized)

        def never(*_: object) -> torch.Tensor:
            raise AssertionError("resized again")

        monkeypatch.setattr(resizing, "resized", never)
        second = resized_once(IMAGES, sized)
        assert first is not None
        assert second is not None
        assert torch.equal(first, second)

    def test_who_changes_his_images_changes_nobody_elses(self, folder: Path, sized: Recipe) -> None:
        """The memory is shared only as long as it is read."""
        first, second = resized_once(IMAGES, sized), resized_once(IMAGES, sized)
        assert first is not None
        assert second is not None
        first.zero_()
        assert torch.equal(second, resized(IMAGES, sized))
        assert torch.equal(resized_once(IMAGES, sized), second)

    @pytest.mark.parametrize("change", ["pixel", "size", "crop_pct"])
    def test_other_images_and_other_sizes_have_files_of_their_own(
        self, folder: Path, sized: Recipe, change: str
    ) -> None:
        """A single pixel is enough."""
        resized_once(IMAGES, sized)
        images = IMAGES.clone()
        if change == "pixel":
            images[3, 1, 4, 4] ^= 1
        else:
            sized = sized.model_copy(update={change: {"size": 15, "crop_pct": 1.0}[change]})
        assert torch.equal(resized_once(images, sized), resized(images, sized))
        assert len(list(folder.glob("*.framed"))) == 2

    def test_a_file_of_another_length_is_written_anew(self, folder: Path, sized: Recipe) -> None:
        """Such as a truncated one."""
        resized_once(IMAGES, sized)
        (file,) = folder.glob("*.framed")
        file.write_bytes(b"short")
        assert torch.equal(resized_once(IMAGES, sized), resized(IMAGES, sized))

    def test_files_that_were_not_used_for_longest_make_room(
        self, folder: Path, sized: Recipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Together they keep to a quarter of the disk."""
        monkeypatch.setattr(resizing.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 4 * BYTES})())
        resized_once(IMAGES, sized)
        (old,) = folder.glob("*.framed")
        resized_once(255 - IMAGES, sized)
        (new,) = folder.glob("*.framed")
        assert new != old


class TestNoFile:
    """The images are the same without one."""

    def test_a_folder_that_cannot_be_written_is_done_without(
        self, tmp_path: Path, sized: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """This process keeps its own copy."""
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("ARCHCLI_CACHE", str(tmp_path / "file"))
        assert torch.equal(resized_once(IMAGES, sized), resized(IMAGES, sized))

    def test_a_full_disk_is_done_without(self, sized: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And nothing is left there."""
        monkeypatch.setattr(resizing.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 0})())
        assert torch.equal(resized_once(IMAGES, sized), resized(IMAGES, sized))
        assert list(folder.glob("*.framed")) == []

    def test_an_empty_name_means_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else it is the user's folder of caches."""
        monkeypatch.setenv("ARCHCLI_CACHE", "")
        assert cache_folder() is None
        monkeypatch.delenv("ARCHCLI_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
        assert str(cache_folder()) == "/caches/archcli"

"""The data sets that can be named, and what is said where one can't be had."""

from __future__ import annotations

import sys
import urllib.request
from typing import TYPE_CHECKING, NoReturn
from urllib.error import URLError

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torchvision.datasets import SVHN

from builder.diagnostics import ArchError, RunError
from builder.training.data import named as datasets
from builder.training.data.named import load

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.data.dataset import DataSet


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every download fail at once, as without a network."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise URLError("there is no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


class TestDigits:
    """scikit-learn's, which need no network."""

    def test_there_are_1797_of_ten_classes(self, tmp_path: Path) -> None:
        """1,500 to train on and 297 to test on, gray, 8×8, nothing written."""
        digits = load("digits", tmp_path / "nowhere")
        assert digits.test is not None
        assert digits.train.images.shape == (1500, 1, 8, 8)
        assert digits.test.images.shape == (297, 1, 8, 8)
        assert digits.classes == tuple("0123456789")
        assert not (tmp_path / "nowhere").exists()

    def test_its_levels_fill_a_byte(self, tmp_path: Path) -> None:
        """The bundled ones go from 0 to 16."""
        images = load("digits", tmp_path).train.images
        assert (images.dtype, int(images.min()), int(images.max())) == (torch.uint8, 0, 255)

    def test_it_is_the_same_every_time(self, tmp_path: Path) -> None:
        """The test split was drawn once and for all."""
        assert load("digits", tmp_path).fingerprint == load("digits", tmp_path).fingerprint

    def test_all_classes_are_in_both_splits(self, tmp_path: Path) -> None:
        """At least 20 of each to test on."""
        digits = load("digits", tmp_path)
        assert digits.test is not None
        assert int(digits.test.labels.bincount().min()) >= 20


class TestCifar10:
    """The real one."""

    def test_it_is_read_where_it_lies(self, cifar10: DataSet) -> None:
        """50,000 and 10,000 color images, and the names of the classes."""
        assert cifar10.test is not None
        assert cifar10.train.images.shape == (50_000, 3, 32, 32)
        assert cifar10.test.images.shape == (10_000, 3, 32, 32)
        assert cifar10.train.labels.bincount().tolist() == [5000] * 10
        assert cifar10.classes[0] == "airplane"


class TestMissing:
    """Data that are neither there nor downloadable."""

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("cifar10", "cifar-10-python.tar.gz"),
            ("cifar10", "cifar-10-batches-py/"),
            ("cifar100", "cifar-100-python.tar.gz"),
            ("fashion_mnist", "train-images-idx3-ubyte.gz"),
            ("svhn", "train_32x32.mat"),
        ],
    )
    def test_the_answer_names_folder_file_and_alternative(
        self, name: str, file: str, tmp_path: Path, offline: None
    ) -> None:
        """Everything that a person without a network needs."""
        with pytest.raises(RunError, match=f"{name} is not in {tmp_path}, and could not be downloaded") as raised:
            load(name, tmp_path)
        hint = str(raised.value.hint)
        assert file in hint
        assert str(tmp_path) in hint
        assert "--data digits" in hint

    @pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion_mnist", "svhn"])
    def test_a_dry_run_asks_nobody(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Nor does it write anything."""
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("it has asked"))
        with pytest.raises(RunError, match=f"{name} does not lie unpacked in .*, and a dry run downloads nothing"):
            load(name, tmp_path / "data", download=False)
        assert not (tmp_path / "data").exists()

    def test_a_damaged_file_is_not_called_missing(self, tmp_path: Path, offline: None) -> None:
        """CIFAR-10's checksums are looked at before anything is unpickled."""
        folder = tmp_path / "cifar-10-batches-py"
        folder.mkdir()
        (folder / "data_batch_1").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
        with pytest.raises(RunError, match=f"cifar10 is in {tmp_path} but incomplete or damaged"):
            load("cifar10", tmp_path)

    def test_an_unknown_name_is_answered_with_the_nearest(self, tmp_path: Path) -> None:
        """A mistake of the command line, so the same kind of answer as a page's."""
        with pytest.raises(ArchError, match="there is no data set `cifar-10`") as raised:
            load("cifar-10", tmp_path)
        assert raised.value.diagnostics[0].hint == "did you mean `cifar10`?"


class TestOtherShapes:
    """Data sets whose files have their axes another way."""

    def test_fashion_mnist_is_gray(self, tmp_path: Path, offline: None) -> None:
        """Its files hold rows and columns only."""
        raw = tmp_path / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for part, count in (("train", 20), ("t10k", 10)):
            pixels = np.arange(count * 28 * 28, dtype=np.uint32).astype(np.uint8)
            head = np.array([0x803, count, 28, 28], dtype=">u4").tobytes()
            (raw / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
            labels = (np.arange(count) % 10).astype(np.uint8)
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(
                np.array([0x801, count], dtype=">u4").tobytes() + labels.tobytes()
            )
        fashion = load("fashion_mnist", tmp_path)
        assert fashion.train.images.shape == (20, 1, 28, 28)
        assert int(fashion.train.images[0, 0, 0, 5]) == 5
        assert fashion.classes[9] == "Ankle boot"

    def test_a_short_file_is_answered(self, tmp_path: Path, offline: None) -> None:
        """Torchvision looks only whether it is there."""
        raw = tmp_path / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
            (raw / f"{part}-ubyte").write_bytes(b"\0\0\x08\3\0\0")
        with pytest.raises(RunError, match=r"fashion_mnist is in .* but incomplete or damaged"):
            load("fashion_mnist", tmp_path)

    def test_svhn_has_its_channels_first_already(
        self, tmp_path: Path, offline: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And calls the digit 0 class 10 in its files."""
        monkeypatch.setattr(SVHN, "download", lambda self: None)
        monkeypatch.setattr(SVHN, "_check_integrity", lambda self: True)
        for part in ("train", "test"):
            images = np.zeros((32, 32, 3, 4), dtype=np.uint8)
            images[1, 2, 0, 3] = 7
            savemat(tmp_path / f"{part}_32x32.mat", {"X": images, "y": np.array([[1], [2], [10], [9]])})
        svhn = load("svhn", tmp_path)
        assert svhn.train.images.shape == (4, 3, 32, 32)
        assert int(svhn.train.images[3, 0, 1, 2]) == 7
        assert svhn.train.labels.tolist() == [1, 2, 0, 9]
        assert svhn.classes == tuple("0123456789")

    def test_what_torchvision_prints_does_not_reach_stdout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Results are there."""
        source = datasets._SOURCES["svhn"]
        monkeypatch.setattr(
            "torchvision.datasets.SVHN", lambda **asked: sys.stdout.write("Using downloaded and verified file")
        )
        source.split(tmp_path, {}, download=True)
        assert capsys.readouterr().out == ""

"""Weights that torchvision publishes, without a network: fetching is acted, hashes are real."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest
import torch

from builder.diagnostics import ArchError, RunError
from builder.training.weights import published as module
from builder.training.weights.published import published, published_for

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights, as far as this room knows"
NAME = f"tiny-{sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where torch.hub keeps what it has fetched, which is not there yet; nothing can be fetched."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))

    def refuse(url: str, timeout: float) -> io.BytesIO:
        raise URLError("Name or service not known")

    monkeypatch.setattr(module, "urlopen", refuse)
    return tmp_path / "hub" / "checkpoints"


def say_nothing(text: str) -> None:
    """Take what would be shown."""


class TestPublished:
    """The file of published weights."""

    def test_a_cached_file_is_taken(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is fetched, and nothing said."""
        monkeypatch.setattr(module, "_url", lambda name: f"https://example.org/models/{NAME}")
        cache.mkdir(parents=True)
        (cache / NAME).write_bytes(CONTENT)
        said: list[str] = []
        assert published("tiny", said.append) == cache / NAME
        assert said == []

    def test_a_file_that_is_not_there_is_fetched_into_the_cache(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whole or not at all, and said before."""
        monkeypatch.setattr(module, "_url", lambda name: f"https://example.org/models/{NAME}")
        monkeypatch.setattr(module, "urlopen", lambda url, timeout: io.BytesIO(CONTENT))
        said: list[str] = []
        assert published("tiny", said.append).read_bytes() == CONTENT
        assert said == [f"fetching {NAME}"]
        assert [path.name for path in cache.iterdir()] == [NAME]

    def test_without_a_network_the_answer_says_what_to_put_where(self, cache: Path) -> None:
        """The file's name, the folder and the other way to name weights."""
        with pytest.raises(RunError, match=r"cannot fetch resnet18-f37072fd\.pth .*service not known") as raised:
            published("resnet18", say_nothing)
        assert f"put it into {cache}" in str(raised.value.hint)
        assert "`--weights FILE`" in str(raised.value.hint)
        assert not list(cache.iterdir())

    def test_the_best_version_is_meant_unless_another_is_named(self, cache: Path) -> None:
        """ResNet-50 has two."""
        for name, file in (("resnet50", "resnet50-11ad3fa6"), ("resnet50:IMAGENET1K_V1", "resnet50-0676ba61")):
            with pytest.raises(RunError, match=file):
                published(name, say_nothing)

    def test_a_damaged_file_is_not_read(self, cache: Path) -> None:
        """Its name tells the beginning of its SHA-256."""
        cache.mkdir(parents=True)
        (cache / "resnet18-f37072fd.pth").write_bytes(CONTENT)
        with pytest.raises(RunError, match=r"resnet18-f37072fd\.pth is not the published file.*f37072fd") as raised:
            published("resnet18", say_nothing)
        assert raised.value.hint == "remove it, and it is downloaded again"

    @pytest.mark.parametrize(
        ("name", "said", "hint"),
        [
            ("resnet19", "no weights of `resnet19`", "resnet1"),
            ("resnet50:IMAGENET1K_V3", "no weights `IMAGENET1K_V3` of `resnet50`", "IMAGENET1K_V"),
        ],
    )
    def test_an_unknown_name_is_answered_with_the_nearest(self, cache: Path, name: str, said: str, hint: str) -> None:
        """It is a mistake of the user's, before anything is fetched."""
        with pytest.raises(ArchError, match=said) as raised:
            published(name, say_nothing)
        assert hint in str(raised.value.diagnostics[0].hint)


class TestPublishedFor:
    """What torchvision says of how published weights are used."""

    def test_classes_and_preparation(self) -> None:
        """Of the version that is named; most resize to 256 and cut 224."""
        found = published_for("resnet50:IMAGENET1K_V1")
        assert (len(found.classes), found.classes[0]) == (1000, "tench")
        assert (found.resize, found.size, found.interpolation) == (256, 224, "bilinear")
        assert (found.mean, found.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        assert (published_for("resnet50").resize, published_for("inception_v3").size) == (232, 299)

    def test_an_unknown_name_is_answered_with_the_nearest(self) -> None:
        """As where the weights are fetched."""
        with pytest.raises(ArchError, match="no weights of `resnet19`"):
            published_for("resnet19")

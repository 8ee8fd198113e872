"""The next build of a page makes weights only, and is never that of another page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

import builder
from builder.diagnostics import ArchError
from builder.runtime import again
from builder.runtime.again import MOST_KEPT, build_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

    from builder.graph import Graph

GCT = Path(__file__).parents[2] / "docs" / "examples" / "gct.py"

PAGE = """name: {name}
input: [3, 8, 8]
classes: 2
params: {{width: 4}}
layers:
  conv: {{conv: {{out: $width, kernel: {kernel}}}}}
  pool: adaptiveavgpool
  flatten: flatten
  fc: {{linear: {{out: $classes}}}}
"""


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Begin and end with nothing that was built before."""
    again._kept.cache_clear()
    yield
    again._kept.cache_clear()


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list of the pages that are lowered from now on."""
    seen: list[object] = []
    plain = builder.load

    def load(page: str, **given: object) -> Graph:
        seen.append(page)
        return plain(page, **given)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(builder, "load", load)
    return seen


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a page."""

    def page(name: str = "mine", kernel: int = 3) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(PAGE.format(name=name, kernel=kernel))
        return path

    return page


def kernel(model: nn.Module) -> tuple[int, ...]:
    """Return the kernel of the first convolution."""
    return tuple(model.get_parameter("conv.weight").shape[2:])


class TestNext:
    """The same page again."""

    def test_only_the_first_is_lowered(self, write: Callable[..., Path], lowered: list[object]) -> None:
        """Three networks of one class."""
        models = [builder.build(write()) for _ in range(3)]
        assert len(lowered) == 1
        assert len({type(each) for each in models}) == 1

    def test_the_weights_are_those_of_the_seed(self, write: Callable[..., Path]) -> None:
        """Fresh ones each time, and the bits of the first build under one seed."""
        weights = []
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            weights.append(builder.build(write()).get_parameter("conv.weight"))
        assert torch.equal(weights[0], weights[1])
        assert weights[0].data_ptr() != weights[1].data_ptr()
        assert not torch.equal(weights[0], weights[2])

    def test_a_few_are_kept(self, write: Callable[..., Path], lowered: list[object]) -> None:
        """The one that was not built for longest goes first."""
        for number in range(MOST_KEPT):
            builder.build(write(f"page{number}"))
        builder.build(write("page0"))
        builder.build(write("one_more"))
        assert len(lowered) == MOST_KEPT + 1
        builder.build(write("page0"))
        assert len(lowered) == MOST_KEPT + 1
        builder.build(write("page1"))
        assert len(lowered) == MOST_KEPT + 2


class TestOther:
    """What makes it another network."""

    def test_another_text(self, write: Callable[..., Path]) -> None:
        """A page that was edited is read again."""
        assert kernel(builder.build(write(kernel=3))) == (3, 3)
        assert kernel(builder.build(write(kernel=5))) == (5, 5)

    def test_other_arguments(self, write: Callable[..., Path]) -> None:
        """Classes and parameters, and 4.0 is not 4."""
        path = write()
        assert builder.build(path).get_parameter("fc.weight").shape == (2, 4)
        assert builder.build(path, classes=3).get_parameter("fc.weight").shape == (3, 4)
        assert builder.build(path, width=6).get_parameter("fc.weight").shape == (2, 6)
        with pytest.raises(ArchError):
            builder.build(path, width=4.0)

    def test_a_page_of_this_name_in_another_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name means what lies in the current folder."""
        for number, folder in ((3, tmp_path / "one"), (5, tmp_path / "two")):
            folder.mkdir()
            (folder / "mine.yaml").write_text(PAGE.format(name="mine", kernel=number))
            monkeypatch.chdir(folder)
            assert kernel(builder.build("mine.yaml")) == (number, number)

    def test_a_base_that_was_edited(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        """Pages that name others are lowered each time."""
        child = tmp_path / "child.yaml"
        child.write_text("name: child\nextends: mine.yaml\n")
        write(kernel=3)
        assert kernel(builder.build(child)) == (3, 3)
        write(kernel=5)
        assert kernel(builder.build(child)) == (5, 5)

    @pytest.mark.parametrize("key", ["extends", '"extends"', '"e\\x78tends"', "? extends\n"])
    def test_a_base_is_seen_however_the_word_is_written(
        self, tmp_path: Path, write: Callable[..., Path], key: str
    ) -> None:
        """In quotes, with escapes, as an explicit key."""
        child = tmp_path / "child.yaml"
        child.write_text(f"name: child\n{key}: mine.yaml\n")
        write(kernel=3)
        assert kernel(builder.build(child)) == (3, 3)
        write(kernel=5)
        assert kernel(builder.build(child)) == (5, 5)

    def test_plugins(self, write: Callable[..., Path], lowered: list[object]) -> None:
        """A plugin may have another text each time."""
        for _ in range(2):
            builder.build(write(), plugins=[GCT])
        assert len(lowered) == 2


class TestMistakes:
    """Nothing is kept of a page that is wrong."""

    def test_it_is_said_each_time(self, write: Callable[..., Path]) -> None:
        """A page that can't be read or lowered, and one that is not there."""
        for _ in range(2):
            with pytest.raises(ArchError, match="does not fit"):
                builder.build(write(kernel=9))
            with pytest.raises(ArchError, match="no file"):
                build_page("nowhere.yaml", lambda: pytest.fail("it is not there"), "")
        assert not again._kept.cache_info().currsize

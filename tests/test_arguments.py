"""Callers of Python are answered by the name of the argument, never by an error from inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

import builder
from builder import arguments
from builder.choices import Level
from builder.diagnostics import ArchError
from builder.emit.diagram import DrawOptions, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Trained

TEXT = (5, b"x", ["a"], {}, 1.5)
PATH = (*TEXT, None, "a\0b")
PATHS = (5, None, "x", b"x", Path("x"), [5], [None], [b"x"], ["\0"])
COUNT = ("a", 0, -1, 1.5, True, [1])
WORD = (5, "nope", ["all"], {})
TRAIN: dict[str, tuple[object, ...]] = {
    "data": TEXT, "data_dir": PATH, "recipe": TEXT, "subset": COUNT, "device": TEXT, "weights": TEXT, "runs_dir": PATH,
    "name": (*TEXT, "a/b", ".", "x" * 101), "plugins": PATHS, "precision": WORD, "layout": WORD, "keep": (*WORD, None),
    "deterministic": ("yes", 1, None), "step": (*WORD, None), "threads": (*COUNT, 10**9), "log": PATHS,
    "on_progress": (5, "print"), "page": PATH,
}  # fmt: skip
EVALUATE: dict[str, tuple[object, ...]] = {
    "split": (*WORD, None), "data": TEXT, "data_dir": TEXT, "weights": TEXT, "recipe": TEXT, "device": TEXT,
    "plugins": PATHS, "output": TEXT, "threads": (*COUNT, 10**9), "run": PATH,
}  # fmt: skip
PREDICT: dict[str, tuple[object, ...]] = {
    "images": PATHS, "weights": TEXT, "recipe": TEXT, "classes": COUNT, "device": TEXT, "plugins": PATHS,
    "run": PATH,
}  # fmt: skip


def cases(wrong: dict[str, tuple[object, ...]]) -> Any:
    """Return every argument with every wrong value."""
    return pytest.mark.parametrize(("name", "value"), [(name, value) for name in wrong for value in wrong[name]])


def refused(call: Callable[[], object], name: str) -> None:
    """Assert that a call is answered with the argument's name."""
    with pytest.raises(ArchError) as raised:
        call()
    (found,) = raised.value.diagnostics
    assert f"`{name}" in found.message or found.message.endswith("cannot be the name of a run's folder")


class TestCalls:
    """Every argument of the public functions × values of other kinds; nothing is read, trained or written."""

    @cases(TRAIN)
    def test_train(self, name: str, value: Any, tmp_path: Path) -> None:
        """Before a folder is made."""
        given = {"page": "alexnet_tiny", "data": "digits", "runs_dir": tmp_path / "runs", name: value}
        refused(lambda: builder.train(given.pop("page"), **given), name)
        assert list(tmp_path.iterdir()) == []

    @cases(EVALUATE)
    def test_evaluate(self, name: str, value: Any, trained: Trained) -> None:
        """Of a run that could be evaluated."""
        given = {"run": trained.folder, "device": "cpu", name: value}
        refused(lambda: builder.evaluate(given.pop("run"), **given), name)

    @cases(PREDICT)
    def test_predict(self, name: str, value: Any, trained: Trained) -> None:
        """A single path is no list of images: its letters would be."""
        given = {"run": trained.folder, "images": ["one.png"], "device": "cpu", name: value}
        refused(lambda: builder.predict(given.pop("run"), given.pop("images"), **given), name)

    @cases({"level": (*WORD, None), "options": (5, None, "dark", {"theme": "dark"}, []),
            "notes": (5, None, "x", [5], ["a", "b"])})  # fmt: skip
    def test_draw(self, name: str, value: Any) -> None:
        """Options are an object of their own."""
        refused(lambda: draw([builder.load("alexnet_tiny")], **{name: value}), name)

    @cases({"theme": (5, "pink", None), "shapes": WORD, "highlight": WORD, "width": WORD, "legend": ("yes", 1),
            "fold": (5, "ab", [5]), "expand": (5, "ab", [5])})  # fmt: skip
    def test_options_of_a_figure(self, name: str, value: Any) -> None:
        """Each by its name."""
        refused(lambda: draw([builder.load("alexnet_tiny")], options=DrawOptions(**{name: value})), name)


class TestValues:
    """What is right comes back as the code behind wants it."""

    def test_they_are_taken(self) -> None:
        """None where nothing was said, and generators of paths."""
        assert arguments.text("data", "digits") == "digits"
        assert arguments.text("name", None) is None
        assert arguments.path("data_dir", "a") == arguments.path("data_dir", Path("a")) == Path("a")
        assert arguments.paths("plugins", (Path(each) for each in "ab")) == (Path("a"), Path("b"))
        assert arguments.texts("notes", ("a", "b")) == ("a", "b")
        assert (arguments.count("threads", 3, 4), arguments.count("threads", None)) == (3, None)
        assert arguments.truth("legend", value=False) is False
        assert arguments.one_of("level", "block", Level) == "block"

    def test_a_device_of_pytorch_is_its_name(self) -> None:
        """As the rest of a user's program has it."""
        assert [arguments.device(each) for each in ("cpu", torch.device("cuda", 1), None)] == ["cpu", "cuda:1", "auto"]

    def test_the_nearest_word_is_named(self) -> None:
        """As at the command line."""
        with pytest.raises(ArchError) as raised:
            arguments.one_of("level", "blok", Level)
        (found,) = raised.value.diagnostics
        assert found.message == "`level` is `layer` or `block`, not 'blok'"
        assert found.hint == "did you mean `block`?"

"""Wrong answers of which a network was most certain, and pictures of answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import torch

from builder.training.data import batches as module
from builder.training.data.batches import Batches
from builder.training.evaluation.evaluate import evaluate_batches
from builder.training.evaluation.mistakes import Mistake, Mistakes
from builder.training.figures.answers import WrongAnswer, draw_confusion, draw_mistakes
from tests.training.stand_in import WithoutFloat64
from tests.training.tiny_task import TinyNetwork, quadrants

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.recipe.recipe import Recipe

LOGITS = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 3.0]])


class TestMistakes:
    """Kept while batches go by."""

    def test_the_most_confident_come_first(self) -> None:
        """The confidence is the softmax of the answer; what is right is no mistake."""
        kept = Mistakes(2)
        kept.add(torch.tensor([1, 0, 0, 0]), LOGITS)
        first, second = kept.found()
        assert (first.index, first.label, first.answer) == (3, 0, 1)
        assert first.confidence == pytest.approx(1 / (1 + torch.e**-3), rel=1e-6)
        assert (second.index, second.label, second.answer) == (0, 1, 0)

    def test_equal_ones_come_as_they_lie(self) -> None:
        """Over batches, whose images are counted through; one without a label is no mistake."""
        kept = Mistakes(9)
        kept.add(torch.tensor([1, 1, -1, 1]), LOGITS)
        kept.add(torch.tensor([1, 1, 1, 1]), LOGITS)
        assert [mistake.index for mistake in kept.found()] == [6, 0, 4]

    def test_a_gpu_without_float64_keeps_them_too(self) -> None:
        """Apple's: `archcli evaluate` asks for them."""
        kept = Mistakes(2)
        kept.add(torch.tensor([1, 0, 0, 0]).as_subclass(WithoutFloat64), LOGITS.as_subclass(WithoutFloat64))
        assert [mistake.index for mistake in kept.found()] == [3, 0]

    def test_without_batches_there_are_none(self) -> None:
        """Nor without mistakes."""
        assert Mistakes(3).found() == ()
        kept = Mistakes(3)
        kept.add(torch.tensor([0]), LOGITS[:1])
        assert kept.found() == ()

    def test_they_are_those_of_an_evaluation(
        self, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All of them, if so many are kept: as many as the confusion has beside its diagonal."""
        monkeypatch.setattr(module, "EVALUATION_BATCH", 8)
        split = quadrants(20, 2)
        kept = Mistakes(20)
        found = evaluate_batches(network, Batches(split, recipe, cpu), mistakes=kept)
        wrong = kept.found()
        assert len(wrong) == round(20 * (1 - found.accuracy)) > 0
        assert all(int(split.labels[each.index]) == each.label != each.answer for each in wrong)
        assert all(isinstance(each, Mistake) for each in wrong)


def wrong(count: int, channels: int = 3) -> list[WrongAnswer]:
    """Return as many mistakes of made-up images."""
    images = torch.arange(count * channels * 64, dtype=torch.uint8).view(count, channels, 8, 8)
    return [WrongAnswer(image, "a class of a very long name", "cat", 0.987) for image in images]


class TestPictures:
    """What they show is read back from the SVG, which keeps texts as comments."""

    def test_class_answer_and_confidence_are_written(self, tmp_path: Path) -> None:
        """Names that are too long for their picture are cut."""
        (path,) = draw_mistakes(wrong(2), "title", [tmp_path / "mistakes.svg"])
        text = path.read_text()
        assert text.count("<!-- → cat, 98.70 % -->") == 2
        assert text.count("<!-- a class of a … -->") == 2
        assert len(re.findall("<image", text)) == 2

    @pytest.mark.parametrize(("count", "channels"), [(1, 1), (7, 3), (24, 1)])
    def test_any_number_of_gray_and_colored_images(self, tmp_path: Path, count: int, channels: int) -> None:
        """Each is one picture."""
        (path,) = draw_mistakes(wrong(count, channels), "title", [tmp_path / "mistakes.svg"])
        assert len(re.findall("<image", path.read_text())) == count

    def test_the_same_answers_are_the_same_bytes(self, tmp_path: Path) -> None:
        """As SVG and as PNG, whatever was drawn before."""
        drawn = []
        for name in "ab":
            paths = [tmp_path / f"{name}.{suffix}" for suffix in ("svg", "png")]
            drawn += [path.read_bytes() for path in draw_mistakes(wrong(2), "title", paths)]
            drawn += [path.read_bytes() for path in draw_confusion([[1, 2], [3, 4]], "ab", "ab", "title", paths)]
        assert drawn[:4] == drawn[4:]

    def test_no_mistakes_are_no_picture(self, tmp_path: Path) -> None:
        """A network that knows everything."""
        assert draw_mistakes([], "title", [tmp_path / "mistakes.svg"]) == []

    def test_every_count_is_written_into_its_cell(self, tmp_path: Path) -> None:
        """But for zeros; classes are named at both sides."""
        counts = [[1234, 0], [56, 78]]
        (path,) = draw_confusion(counts, ["cat", "dog"], ["cat", "dog"], "title", [tmp_path / "confusion.svg"])
        texts = re.findall("<!-- (.*?) -->", path.read_text())
        assert [text for text in texts if text[0].isdigit()] == ["1,234", "56", "78"]
        assert [texts.count(name) for name in ("cat", "dog")] == [2, 2]

    @pytest.mark.parametrize("classes", [1, 30, 130])
    def test_few_and_many_classes_can_be_drawn(self, tmp_path: Path, classes: int) -> None:
        """Many are shades with a scale, and a thousand have no names."""
        names = [f"class {number}" for number in range(classes)]
        counts = [[int(row == column) for column in range(classes)] for row in range(classes)]
        (path,) = draw_confusion(counts, names, names, "title", [tmp_path / "confusion.svg"])
        text = path.read_text()
        assert ("<!-- class 0 -->" in text) is (classes <= 100)
        assert ("<!-- Share of the class's images -->" in text) is (classes > 20)

"""How good a run's best weights are."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from builder.commands.answers import confusion_of
from builder.commands.evaluate import Evaluated
from builder.commands.text import training as training_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli, Trained


@pytest.mark.usefixtures("no_pictures")
class TestEvaluate:
    """A run's best weights on any of its splits."""

    def test_on_the_whole_test_split_every_image_is_asked_once(self, archcli: Archcli, trained: Trained) -> None:
        """A run on a subset is evaluated on everything; rows of the confusion are true classes."""
        found = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        assert (found["data"], found["split"], found["images"]) == ("digits", "test", 297)
        assert sum(map(sum, found["confusion"])) == 297
        assert found["accuracy"] == sum(found["confusion"][label][label] for label in range(10)) / 297

    def test_images_held_out_are_those_that_the_run_held_out(self, archcli: Archcli, trained: Trained) -> None:
        """300 images that no run with this recipe and seed was trained on, subset or not."""
        found = json.loads(archcli("evaluate", trained.folder, "--split", "validation", "--json", "-q").out)
        assert (found["split"], found["images"]) == ("validation", 300)

    def test_a_person_sees_every_class(self, archcli: Archcli, trained: Trained) -> None:
        """One line each, after a line with the whole, with what its images were taken for."""
        found = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        lines = archcli("evaluate", trained.folder).out.splitlines()
        assert lines[0].startswith("small on 297 test images of digits: accuracy ")
        assert lines[2].split() == ["class", "found", *map(str, range(10))]
        for digit, (line, counts) in enumerate(zip(lines[3:13], found["confusion"], strict=True)):
            name, _, *cells = line.split()
            assert (name, cells) == (str(digit), [str(count) if count else "·" for count in counts])

    def test_what_is_confused_most_is_listed(self, archcli: Archcli, trained: Trained) -> None:
        """Five pairs of class and answer, the most frequent first."""
        found = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        lines = archcli("evaluate", trained.folder).out.splitlines()
        pairs = [line.split() for line in lines[lines.index("class  taken for  images  of its images") + 1 :]]
        wrong = sorted(
            (count for label, row in enumerate(found["confusion"]) for to, count in enumerate(row) if to != label),
            reverse=True,
        )
        assert [int(images) for _, _, images, _ in pairs] == wrong[:5]
        assert all(found["confusion"][int(label)][int(answer)] == int(count) for label, answer, count, _ in pairs)

    def test_the_most_confident_mistakes_are_named(self, archcli: Archcli, trained: Trained) -> None:
        """Each with its image's place; the same run names the same ones."""
        found = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        shares = [mistake["confidence"] for mistake in found["mistakes"]]
        assert len(shares) == 24
        assert shares == sorted(shares, reverse=True)
        assert all(each["label"] != each["answer"] for each in found["mistakes"])
        assert json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)["mistakes"] == found["mistakes"]

    def test_a_folder_without_a_run_is_answered(self, archcli: Archcli, tmp_path: Path) -> None:
        """The answer names the folder."""
        outcome = archcli("evaluate", tmp_path)
        assert (outcome.code, outcome.out) == (1, "")
        assert f"{tmp_path} is not the folder of a run" in outcome.err

    def test_a_run_that_does_not_say_its_data_can_be_told(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """Two options stand for the file that is lost."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        (copy / "data.json").unlink()
        outcome = archcli("evaluate", copy)
        assert outcome.code == 1
        assert "--data and --data-dir" in outcome.err
        assert archcli("evaluate", copy, "--data", "digits", "--data-dir", "data").code == 0

    @pytest.mark.parametrize(("name", "content"), [("best.safetensors", ""), ("page.yaml", "name: small\n")])
    def test_a_damaged_run_is_answered(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, name: str, content: str
    ) -> None:
        """The answer names the file, and is no traceback."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        (copy / name).write_text(content)
        outcome = archcli("evaluate", copy)
        assert outcome.code in {1, 2}
        assert name in outcome.err


class TestPictures:
    """The confusion matrix and the most confident mistakes, beside the run or where one wants them."""

    def test_they_lie_in_the_runs_folder(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """With the split in their names, and listed last."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        outcome = archcli("evaluate", copy, "--split", "validation")
        names = [f"{name}-validation.{suffix}" for name in ("confusion", "mistakes") for suffix in ("svg", "png")]
        assert outcome.out.splitlines()[-4:] == [str(copy / name) for name in names]
        with Image.open(copy / "mistakes-validation.png") as image:
            assert len(image.convert("RGB").getcolors(1_000_000)) > 100

    def test_another_folder_is_made(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With all that leads to it, and for other weights too."""
        monkeypatch.setattr("builder.training.figures.answers.draw_confusion", lambda *arguments: arguments[-1])
        monkeypatch.setattr("builder.training.figures.answers.draw_mistakes", lambda *arguments: arguments[-1])
        weights = trained.folder / "best.safetensors"
        outcome = archcli("evaluate", trained.folder, "-q", "--weights", weights, "-o", tmp_path / "a" / "b")
        assert outcome.out.splitlines()[-1] == str(tmp_path / "a" / "b" / "mistakes-test.png")
        assert (tmp_path / "a" / "b").is_dir()

    def test_other_weights_leave_the_run_alone(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """Its folder tells of its own weights on its own data, and of nothing else."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        before = sorted(copy.iterdir())
        assert archcli("evaluate", copy, "--weights", copy / "best.safetensors", "-q").code == 0
        assert archcli("evaluate", copy, "--data", "digits", "-q").code == 0
        assert sorted(copy.iterdir()) == before

    def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """Unless it was asked for."""
        copy = shutil.copytree(trained.folder, tmp_path / "run")
        (copy / "confusion-test.svg").mkdir()
        outcome = archcli("evaluate", copy, "-q")
        assert outcome.code == 0
        assert outcome.err.startswith("warning: no pictures: cannot write")
        assert archcli("evaluate", copy, "-q", "-o", copy / "page.yaml").code == 1


class TestManyClasses:
    """What a terminal can't hold."""

    def test_a_matrix_of_many_classes_is_left_to_the_picture(self) -> None:
        """What is confused most is listed all the same."""
        counts = tuple(tuple(9 if row == column else int(row == 3) for column in range(40)) for row in range(40))
        shares = dict.fromkeys(map(str, range(40)), 0.9)
        found = Evaluated(None, "wide", None, "cifar100", "test", 399, 1.0, 0.9, shares, counts, (), (), ())
        lines = training_text.evaluated(found).splitlines()
        assert max(map(len, lines)) < 80
        assert "3      0               1           2.1%" in lines

    def test_answers_that_are_no_class_are_one_column(self) -> None:
        """A network with a thousand outputs, on ten classes."""
        found = confusion_of([[2, 0, 1, 1], [0, 3, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], ["cat", "dog"])
        assert found == (("cat", "dog"), ("cat", "dog", "other"), ((2, 0, 2), (0, 3, 0)))
        assert confusion_of([[2, 1, 0], [0, 3, 0], [0, 0, 0]], ["cat", "dog"]).columns == ("cat", "dog")

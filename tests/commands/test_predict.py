"""The classes of image files: a run's best weights, or a page with weights, on files and folders of images."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image
from torchvision import models

import builder
from builder.commands import predict as command
from builder.commands.text import predict as text
from builder.json_output import encode
from builder.runs.best import best_network
from builder.runs.open import open_run
from builder.training.data.batches import Batches
from builder.training.data.named import load
from builder.training.weights import published

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli, Trained


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the images of the digits' test split, named in their order, a hundred a folder."""
    home = tmp_path_factory.mktemp("digits")
    for index, image in enumerate(load("digits", home).test.images):
        path = home / f"{index // 100}" / f"{index:03}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image[0].numpy()).save(path)
    return home


@pytest.fixture
def few(digits: Path, tmp_path: Path) -> Path:
    """Return a folder with three digits in it, of which one lies in a folder, and what is no image."""
    (tmp_path / "few" / "deep").mkdir(parents=True)
    for name, index in (("b.png", 1), ("a.PNG", 2), ("deep/0.png", 3)):
        (tmp_path / "few" / name).write_bytes((digits / "0" / f"{index:03}.png").read_bytes())
    (tmp_path / "few" / "note.txt").write_text("three digits")
    return tmp_path / "few"


class TestOfARun:
    """The best weights of a run, on images that are prepared as its own."""

    def test_the_classes_are_those_of_evaluate(
        self, archcli: Archcli, trained: Trained, digits: Path, no_pictures: None
    ) -> None:
        """The test images as files are answered as the test images of the data set are."""
        outcome = archcli("predict", trained.folder, digits, "--json", "--device", "cpu", "-q")
        assert (outcome.code, outcome.err) == (0, "")
        found = json.loads(outcome.out)
        evaluated = json.loads(archcli("evaluate", trained.folder, "--json", "--device", "cpu", "-q").out)
        answers = Counter(each["class"] for each in found["images"])
        columns = map(sum, zip(*evaluated["confusion"], strict=True))
        assert [answers[name] for name in found["classes"]] == list(columns)
        worst = evaluated["mistakes"][0]
        image = found["images"][worst["index"]]
        assert (image["class"], image["probability"]) == (worst["answer"], pytest.approx(worst["confidence"], rel=1e-6))

    def test_probabilities_are_the_networks_own(self, archcli: Archcli, trained: Trained, digits: Path) -> None:
        """The softmax of its logits on the data set's images, bit for bit in equal batches."""
        run = open_run(trained.folder)
        split = load("digits", trained.home).with_channels(3).test
        network = best_network(run).eval()
        with torch.inference_mode():
            batches = Batches(split, run.recipe, torch.device("cpu"), run.execution.precision).in_order()
            shares = torch.cat([network(each.images).softmax(1) for each in batches])
        found = json.loads(archcli("predict", trained.folder, digits, "--json", "--device", "cpu", "-q").out)
        assert [each["probabilities"] for each in found["images"]] == shares.tolist()
        assert [each["file"] for each in found["images"]] == [
            str(digits / f"{index // 100}" / f"{index:03}.png") for index in range(297)
        ]

    def test_other_sizes_and_colors_are_taken(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """A photograph is cut to a square, and gray for a network that learned from gray images."""
        noise = [Image.effect_noise((90, 50), 60 + band) for band in range(3)]
        colors = Image.merge("RGB", noise)
        colors.save(tmp_path / "colors.jpg", quality=95)
        Image.open(tmp_path / "colors.jpg").convert("L").save(tmp_path / "gray.png")
        found = json.loads(archcli("predict", trained.folder, tmp_path, "--json", "-q").out)
        first, second = found["images"]
        assert first["probabilities"] == second["probabilities"]

    def test_other_weights_can_be_asked_about(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """As ``evaluate`` takes them."""
        other = archcli("predict", trained.folder, few, "--weights", trained.folder / "best.safetensors", "--csv")
        assert (other.code, other.out) == (0, archcli("predict", trained.folder, few, "--csv").out)

    def test_what_a_run_has_itself_is_not_given_to_it(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Its recipe and its classes."""
        for option, value in (("--recipe", "digits"), ("--classes", 3)):
            outcome = archcli("predict", trained.folder, few, option, value)
            assert (outcome.code, outcome.err) == (
                2, f"error[usage]: a run has its own recipe and classes: leave out `{option}`\n"
            )  # fmt: skip


class TestFiles:
    """Which files are answered, and in which order."""

    def test_folders_are_gone_through_as_those_of_a_data_set(
        self, archcli: Archcli, trained: Trained, few: Path
    ) -> None:
        """By name, folders in folders after their files; what is named twice is answered twice."""
        found = json.loads(archcli("predict", trained.folder, few / "b.png", few, "--json", "-q").out)
        names = [each["file"].removeprefix(f"{few}/") for each in found["images"]]
        assert names == ["b.png", "a.PNG", "b.png", "deep/0.png"]

    def test_a_file_that_cannot_be_read_is_named_at_the_end(
        self, archcli: Archcli, trained: Trained, few: Path
    ) -> None:
        """The exit code says that there is one, and all others are answered."""
        (few / "aa.png").write_text("no image")
        outcome = archcli("predict", trained.folder, few, few / "gone.png", "--csv", "-q")
        assert outcome.code == 1
        assert [row[0] for row in csv.reader(io.StringIO(outcome.out))] == [
            "file", *(str(few / name) for name in ("a.PNG", "b.png", "deep/0.png"))
        ]  # fmt: skip
        assert outcome.err.splitlines() == [
            f"error: cannot read the image {few / 'aa.png'}: it is of no kind that Pillow knows",
            f"error: cannot read the image {few / 'gone.png'}: No such file or directory",
        ]
        found = json.loads(archcli("predict", trained.folder, few, "--json", "-q").out)
        assert [each["file"] for each in found["unreadable"]] == [str(few / "aa.png")]

    def test_where_none_can_be_read_there_is_no_table(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Its head alone would look like a result; CSV keeps it, for who reads columns."""
        (few / "aa.png").write_text("no image")
        none = "  help: there is no result; JPEG, PNG, PPM, BMP, TIFF and WebP images can be read\n"
        words = ("predict", trained.folder, few / "aa.png", "-q")
        outcome = archcli(*words)
        assert (outcome.code, outcome.out, outcome.err) == (
            1,
            "",
            f"error: cannot read the image {few / 'aa.png'}: it is of no kind that Pillow knows\n{none}",
        )
        assert archcli(*words, "--csv").out.splitlines() == ["file,class,probability,0,1,2,3,4,5,6,7,8,9"]

    def test_a_named_file_may_be_called_anything(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Only in a folder the names tell which files are images; a name that no file can have is answered too."""
        (few / "b.png").rename(few / "b")
        outcome = archcli("predict", trained.folder, few / "b", "x" * 300, "--csv", "-q")
        assert (outcome.code, len(outcome.out.splitlines())) == (1, 2)
        assert "File name too long" in outcome.err

    def test_without_an_image_there_is_nothing_to_do(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """The answer says what is an image."""
        (tmp_path / "empty").mkdir()
        outcome = archcli("predict", trained.folder, tmp_path / "empty")
        assert outcome.code == 2
        assert outcome.err.splitlines()[0] == f"error[usage]: there is no image in {tmp_path / 'empty'}"
        assert "names of images end in .jpg, .jpeg, .png" in outcome.err
        assert archcli("predict", trained.folder).err.startswith("error[usage]: `archcli predict` needs IMAGE")

    def test_an_empty_folder_beside_others_is_a_warning(
        self, archcli: Archcli, trained: Trained, few: Path, tmp_path: Path
    ) -> None:
        """The others are answered."""
        (tmp_path / "empty").mkdir()
        outcome = archcli("predict", trained.folder, tmp_path / "empty", few, "--csv", "-q")
        assert (outcome.code, outcome.err) == (0, f"warning: there is no image in {tmp_path / 'empty'}\n")

    def test_a_folder_of_folders_without_end_is_named(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """A link that leads back."""
        (few / "deep" / "again").symlink_to(few, target_is_directory=True)
        outcome = archcli("predict", trained.folder, few)
        assert (outcome.code, outcome.out) == (1, "")
        assert f"{few / 'deep' / 'again'} and {few} are the same folder" in outcome.err


class TestForms:
    """A table for a person, CSV for a spreadsheet, JSON for a program."""

    def test_a_table_shows_the_most_probable_classes(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Five unless another number is asked for, the first beside the file's name."""
        found = json.loads(archcli("predict", trained.folder, few, "--json", "-q").out)
        for options, count in ((), 5), (("--top", 2), 2), (("--top", 99), 10):
            head, *lines = archcli("predict", trained.folder, few, *options).out.splitlines()
            assert head.split() == ["file", "class", "probability"]
            assert len({len(line) for line in (head, *lines)}) == 1
            assert len(lines) == 3 * count
            for number, image in enumerate(found["images"]):
                rows = [line.split() for line in lines[number * count : (number + 1) * count]]
                assert rows[0][0] == image["file"]
                assert rows[0][1:] == [image["class"], f"{image['probability']:.2%}"]
                ranked = sorted(zip(image["probabilities"], found["classes"], strict=True), reverse=True)[:count]
                assert [row[-1] for row in rows] == [f"{share:.2%}" for share, _ in ranked]
                assert [row[-2] for row in rows] == [name for _, name in ranked]

    def test_csv_has_a_line_an_image_and_a_column_a_class(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Unrounded, names quoted where they need it."""
        (few / "a.PNG").rename(few / 'a, "b".png')
        found = json.loads(archcli("predict", trained.folder, few, "--json", "-q").out)
        head, *rows = csv.reader(io.StringIO(archcli("predict", trained.folder, few, "--csv", "-q").out))
        assert head == ["file", "class", "probability", *map(str, range(10))]
        for row, image in zip(rows, found["images"], strict=True):
            assert row[:2] == [image["file"], image["class"]]
            assert list(map(float, row[2:])) == [image["probability"], *image["probabilities"]]

    def test_json_in_pieces_is_the_whole_result(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Also where no image can be read, or some can't."""
        (few / "torn.png").touch()
        for images in ([few], [few / "torn.png"], [few / "b.png"]):
            whole = builder.predict(trained.folder, images, device="cpu")
            assert archcli("predict", trained.folder, *images, "--json", "--device", "cpu").out == encode(whole) + "\n"

    def test_results_come_while_images_are_read(self, trained: Trained, digits: Path) -> None:
        """A hundred thousand files need no more memory than a batch."""
        question = command.PredictOptions(what=str(trained.folder), images=(digits,), batch_size=10, device="cpu")
        for form in (text.predicted, text.as_csv, text.as_json):
            done: list[int] = []
            pieces = form(command.run(question, lambda each, done=done: done.append(each.done)))
            next(pieces)
            next(pieces)
            assert done == [1]
            assert sum(1 for _ in pieces) >= 295
            assert done == list(range(1, 31))


class TestOfAPage:
    """A page with weights, its images prepared by a recipe or as torchvision publishes it."""

    def test_weights_of_a_run_answer_as_the_run(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """With its recipe; classes have no names, for a file of weights holds none."""
        weights = ("--weights", trained.folder / "best.safetensors", "--recipe", trained.folder / "recipe.yaml")
        outcome = archcli("predict", trained.home / "small.yaml", few, *weights, "--classes", 10, "--csv", "-q")
        own = archcli("predict", trained.folder, few, "--csv", "-q")
        assert outcome.code == 0, outcome.err
        for one, other in zip(csv.reader(io.StringIO(outcome.out)), csv.reader(io.StringIO(own.out)), strict=True):
            if one[0] == "file":
                assert one == ["file", "class", "probability", *map(str, range(10))]
            else:
                assert one[:2] == other[:2]
                assert list(map(float, one[2:])) == pytest.approx(list(map(float, other[2:])), rel=1e-5)

    def test_weights_are_needed_and_a_recipe_with_them(self, archcli: Archcli, trained: Trained, few: Path) -> None:
        """Nothing is guessed of how images were prepared."""
        page = trained.home / "small.yaml"
        for options, said in (
            ((), f"`{page}` is a page and has no weights"),
            (("--weights", "w.pth"), "nothing says how the images are prepared for these weights"),
        ):
            outcome = archcli("predict", page, few, *options)
            assert (outcome.code, outcome.err.splitlines()[0]) == (2, f"error[usage]: {said}")

    def test_weights_that_leave_something_as_it_was_drawn_are_refused(
        self, archcli: Archcli, trained: Trained, few: Path
    ) -> None:
        """The page has a thousand classes, and the file ten."""
        weights = ("--weights", trained.folder / "best.safetensors", "--recipe", trained.folder / "recipe.yaml")
        outcome = archcli("predict", trained.home / "small.yaml", few, *weights)
        assert outcome.code == 1
        assert "does not contain every weight of small: fc.weight, fc.bias" in outcome.err

    def test_published_weights_bring_names_and_preparation(
        self, archcli: Archcli, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The answers are those of torchvision's own network behind its own transforms."""
        torch.manual_seed(2)
        theirs = models.squeezenet1_1().eval()
        torch.save(theirs.state_dict(), tmp_path / "squeezenet.pth")
        monkeypatch.setattr(published, "published", lambda *_: tmp_path / "squeezenet.pth")
        image = Image.merge("RGB", [Image.effect_noise((300, 260), 80 + band) for band in range(3)])
        image.save(tmp_path / "photo.png")
        kind = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
        with torch.inference_mode():
            shares = theirs(kind.transforms()(image).unsqueeze(0)).softmax(1)[0]
        command_line = ("predict", "squeezenet1_1", tmp_path / "photo.png", "--weights", "torchvision:squeezenet1_1")
        outcome = archcli(*command_line, "--json", "-q")
        assert (outcome.code, outcome.err) == (0, "")
        found = json.loads(outcome.out)
        (answer,) = found["images"]
        assert found["classes"] == kind.meta["categories"]
        assert answer["class"] == kind.meta["categories"][int(shares.argmax())]
        assert answer["probabilities"] == pytest.approx(shares.tolist(), rel=1e-4)

    def test_a_preparation_that_we_lack_is_said(self) -> None:
        """Torchvision resizes for some weights by another interpolation."""
        question = command.PredictOptions(what="x", images=(), weights="torchvision:efficientnet_b0")
        recipe, warnings = command._preparation(question, published.published_for("efficientnet_b0"))
        assert (recipe.size, recipe.resize) == (224, 256)
        (warning,) = warnings
        how = "resized with bicubic interpolation, and here it is bilinear"
        assert warning == f"the images of torchvision:efficientnet_b0 were {how}: probabilities differ a little"


class TestFromPython:
    """``builder.predict``."""

    def test_it_returns_what_the_command_prints(
        self, trained: Trained, few: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And prints nothing itself."""
        found = builder.predict(str(trained.folder), [str(few)])
        assert capsys.readouterr() == ("", "")
        assert [each.file for each in found.images] == [few / "a.PNG", few / "b.png", few / "deep" / "0.png"]
        assert all(each.probability == max(each.probabilities) for each in found.images)
        assert all(found.classes[each.probabilities.index(each.probability)] == each.class_ for each in found.images)

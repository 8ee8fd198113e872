"""The images of a run: held out before a subset is drawn, classes by name, a plain folder as a test split."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from builder.diagnostics import RunError
from builder.runs.images import load_images, load_others, load_shared
from builder.training.folder.run_files import RunData
from builder.training.recipe.recipe import load_recipe
from tests.command_line import PAGE, run_archcli

if TYPE_CHECKING:
    from tests.command_line import Archcli, Outcome

COLORS = {"blue": (30, 40, 220), "green": (30, 200, 40), "red": (220, 40, 30), "white": (230, 230, 230)}
SET = ("epochs=6", "size=16", "batch_size=8", "lr=0.02", "validation=16")
ASKED = (*(word for setting in SET for word in ("--set", setting)), "--device", "cpu", "-q")


def paint(folder: Path, classes: dict[str, str], images: int = 12) -> Path:
    """Fill a folder with images of one color each, a folder for each class: the class's name, and its color's."""
    for number, (name, color) in enumerate(sorted(classes.items())):
        (folder / name).mkdir(parents=True)
        random = np.random.default_rng(number)
        for index in range(images):
            pixels = np.array(COLORS[color]) + random.integers(-25, 25, (16, 16, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run that tells four colors, and its images in ``images``."""
    home = tmp_path_factory.mktemp("colors")
    paint(home / "images" / "train", {name: name for name in COLORS}, 24)
    (home / "small.yaml").write_text(PAGE)
    with chdir(home):
        done = run_archcli("train", "small.yaml", "--data", "imagefolder", "--data-dir", "images", *ASKED)
    assert done.code == 0, done.err
    return home


class TestLoaded:
    """How images are taken from a data set."""

    RECIPE = load_recipe("digits").model_copy(update={"validation": 40})

    def test_a_subset_leaves_validation_and_test_whole(self) -> None:
        """And the images held out are those that every run with this seed holds out."""
        whole = load_images(RunData("digits", "data"), self.RECIPE, 1)
        few = load_images(RunData("digits", "data", 100), self.RECIPE, 1)
        assert [len(each) for each in few.splits.values()] == [100, 40, 297]
        assert few.validation is not None
        assert whole.validation is not None
        assert few.validation.images.equal(whole.validation.images)

    def test_runs_of_before_took_a_part_of_all(self) -> None:
        """100 of 1,460 training images, so 3 of 40 and 20 of 297."""
        few = load_images(RunData("digits", "data", 100, subset_of_all=True), self.RECIPE, 1)
        assert [len(each) for each in few.splits.values()] == [100, 3, 20]

    def test_images_that_nobody_named_are_an_answer(self) -> None:
        """With the options that name them."""
        with pytest.raises(RunError, match="nothing says with which images") as raised:
            load_images(RunData(), self.RECIPE, 1)
        assert raised.value.hint == "name them: --data and --data-dir"

    def test_nothing_is_held_out_of_images_that_only_test(self) -> None:
        """A recipe that holds out more than there are is asked about their test split all the same."""
        recipe = self.RECIPE.model_copy(update={"validation": 10_000})
        found = load_others("digits", Path("data"), recipe, 1, "test")
        assert [len(each) for each in found.splits.values()] == [1500, 297]
        with pytest.raises(RunError, match="10,000 of them are to be held out"):
            load_others("digits", Path("data"), recipe, 1, "validation")

    def test_a_plain_folder_is_a_test_split(self, tmp_path: Path) -> None:
        """Where a network is judged by it; where one is trained on it, it is held out from."""
        folder = paint(tmp_path / "val", {"red": "red", "blue": "blue"})
        recipe = self.RECIPE.at(16).model_copy(update={"validation": 0.25})
        others = load_others("imagefolder", folder, recipe, 3, "test")
        assert others.test is not None
        assert len(others.test) == 24
        assert others.validation is None
        own = load_images(RunData("imagefolder", str(folder)), recipe, 3)
        assert {name: len(each) for name, each in own.splits.items()} == {"train": 18, "validation": 6}


class TestShared:
    """The images that all cells of a study share."""

    def test_some_of_the_test_images_are_drawn(self) -> None:
        """And drawn again, they are the same; all training images are there, of which each run takes its own."""
        few, again = (load_shared("digits", Path("data"), None, 59) for _ in range(2))
        assert [len(each) for each in few.splits.values()] == [1500, 59]
        assert few.fingerprint == again.fingerprint

    def test_more_than_there_are_is_answered(self) -> None:
        """Before anything is planned."""
        with pytest.raises(RunError, match="digits has 297 test images, and 300 were requested"):
            load_shared("digits", Path("data"), None, 300)

    def test_a_folder_without_a_test_split_is_refused(self, tmp_path: Path) -> None:
        """Nothing would be there to confirm by."""
        folder = paint(tmp_path / "images", {"red": "red", "blue": "blue"}, 4)
        with pytest.raises(RunError, match="imagefolder has no test split, which a study needs") as raised:
            load_shared("imagefolder", folder, 16, None)
        assert raised.value.hint == "add a folder `test` beside `train`"


@pytest.mark.usefixtures("no_pictures")
class TestJudged:
    """A run that was trained on a folder of images, asked about others."""

    def asked(self, archcli: Archcli, home: Path, *more: object) -> Outcome:
        """Return what evaluate says of the run."""
        return archcli("evaluate", home / "runs" / "small-001", "-q", "--json", *more)

    def test_a_folder_without_one_of_the_classes(self, archcli: Archcli, home: Path, tmp_path: Path) -> None:
        """By number each class would be taken for the one before it; the class without images has no accuracy."""
        others = paint(tmp_path / "val", {name: name for name in ("green", "red", "white")})
        outcome = self.asked(archcli, home, "--data", "imagefolder", "--data-dir", others)
        found = json.loads(outcome.out)
        assert (found["split"], found["images"], found["accuracy"]) == ("test", 36, 1.0)
        assert found["class_accuracy"] == {"blue": None, "green": 1.0, "red": 1.0, "white": 1.0}
        shown = archcli(
            "evaluate", home / "runs" / "small-001", "-q", "--data", "imagefolder", "--data-dir", others
        ).out.splitlines()
        assert next(line for line in shown if "blue" in line).split()[:3] == ["0", "blue", "–"]

    def test_a_class_that_it_does_not_know_is_refused(self, archcli: Archcli, home: Path, tmp_path: Path) -> None:
        """One that was renamed, with the nearest name that it has."""
        others = paint(tmp_path / "val", {"blue": "blue", "greeen": "green", "red": "red", "white": "white"})
        outcome = self.asked(archcli, home, "--data", "imagefolder", "--data-dir", others)
        assert (outcome.code, outcome.out) == (1, "")
        run = home / "runs" / "small-001"
        assert outcome.err.splitlines() == [
            f"error: val has images of `greeen`, which {run} was not trained to tell",
            "  help: did you mean `green`?",
        ]

    @pytest.mark.parametrize("what", ["page", "run"])
    @pytest.mark.parametrize("exported", [True, False])
    def test_a_file_of_weights_knows_its_classes(
        self, archcli: Archcli, home: Path, tmp_path: Path, what: str, exported: bool
    ) -> None:
        """With a page as with a run: by number, every class that is missing or renamed would shift the others."""
        run, weights = home / "runs" / "small-001", home / "runs" / "small-001" / "best.safetensors"
        if exported:
            weights = tmp_path / "w.safetensors"
            archcli("export", run, "--to", "safetensors", "-o", weights)
        named = (run / "page.yaml", "--recipe", run / "recipe.yaml") if what == "page" else (run,)
        asked = ("evaluate", *named, "--weights", weights, "-q", "--json", "--data", "imagefolder", "--data-dir")
        three = paint(tmp_path / "three", {name: name for name in ("green", "red", "white")})
        found = json.loads(archcli(*asked, three).out)
        assert (found["accuracy"], found["class_accuracy"]["blue"]) == (1.0, None)
        others = paint(tmp_path / "others", {"azure": "blue", "green": "green", "red": "red", "white": "white"})
        assert f"others has images of `azure`, which {weights} was not trained to tell" in archcli(*asked, others).err
        image = next((three / "red").iterdir())
        shown = json.loads(archcli("predict", *named, "--weights", weights, image, "-q", "--json").out)
        assert (shown["classes"], shown["images"][0]["class"]) == (["blue", "green", "red", "white"], "red")

    def test_a_folder_that_cannot_be_its_own_images_may_be_others(
        self, archcli: Archcli, home: Path, tmp_path: Path
    ) -> None:
        """`--data-dir` alone says where its own lie now; the help says how others are named."""
        few = paint(tmp_path / "few", {"red": "red"}, 1)
        outcome = self.asked(archcli, home, "--data-dir", few)
        assert outcome.code == 1
        assert f"help: for other images than the run's: --data imagefolder --data-dir {few}" in outcome.err

    def test_another_data_set_with_other_classes_is_refused(self, archcli: Archcli, home: Path) -> None:
        """However many classes it has."""
        outcome = self.asked(archcli, home, "--data", "digits")
        assert outcome.code == 1
        assert "digits has images of `0`, `1`, `2`" in outcome.err

    def test_its_own_images_that_have_changed_are_a_warning(self, archcli: Archcli, home: Path, tmp_path: Path) -> None:
        """Their checksum is not that of the run."""
        moved = tmp_path / "moved"
        paint(moved / "train", {name: name for name in COLORS}, 25)
        found = json.loads(self.asked(archcli, home, "--split", "validation", "--data-dir", moved).out)
        run = home / "runs" / "small-001"
        assert found["warnings"] == [f"the images of imagefolder in {moved} are not those that {run} trained with"]
        assert json.loads(self.asked(archcli, home, "--split", "validation").out)["warnings"] == []

    def test_a_split_that_is_not_there_is_answered(self, archcli: Archcli, home: Path) -> None:
        """With how to ask about a folder as a whole."""
        outcome = self.asked(archcli, home)
        assert outcome.code == 1
        assert "images has no test split" in outcome.err
        assert "`--data imagefolder --data-dir FOLDER` takes a whole folder as test" in outcome.err

    def test_a_page_with_weights_takes_a_plain_folder_too(
        self, archcli: Archcli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As docs/weights.md has it."""
        monkeypatch.chdir(tmp_path)
        others = paint(tmp_path / "val", {name: name for name in COLORS})
        run = home / "runs" / "small-001"
        outcome = archcli(
            "evaluate", run / "page.yaml", "--weights", run / "best.safetensors", "--recipe", run / "recipe.yaml",
            "--data", "imagefolder", "--data-dir", others, "--device", "cpu", "-q", "--json",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        found = json.loads(outcome.out)
        assert (found["split"], found["images"], found["accuracy"]) == ("test", 48, 1.0)

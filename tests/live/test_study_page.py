"""A study's page from what was clicked."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.commands import check
from builder.diagnostics import ArchError
from builder.live.study_page import StudyQuestionForm, plan_form, study_form, write_study
from tests.live.conftest import space


class TestStudy:
    """A study's page, and its plan."""

    def test_the_plan_without_torch(self, page: Path) -> None:
        """Runs, seeds, and how the page begins."""
        asked, found = space()
        planned = plan_form(StudyQuestionForm(name="asked", seeds=5), asked, found, Path("data"))
        assert planned.cells == "10 = 2 networks × 5 seeds, on the test split"
        assert planned.text.startswith("# 10 runs: 2 networks, 5 seeds each.\nname: asked\nbase: small.yaml\n")
        assert (planned.file, planned.exists, planned.images) == (Path("asked.yaml"), False, "there")

    def test_it_is_a_study(self, page: Path) -> None:
        """`archcli check` takes it."""
        asked, found = space()
        written = write_study(plan_form(StudyQuestionForm(name="asked"), asked, found, Path("data")))
        assert check.run([str(written.files[0])]).files[0].kind == "study"
        assert check.run([str(written.files[0])]).is_valid
        assert written.commands == ("archcli study plan asked.yaml", "archcli study run asked.yaml")

    @pytest.mark.parametrize(
        ("page_name", "base"), [("resnet18", "base: resnet18\n"), ("alexse_both", "base: alexse_both\n")]
    )
    def test_a_shipped_base_stays_one(self, page_name: str, base: str, page: Path) -> None:
        """It is called by its name, a member of a family too."""
        places = ["layer1.0.out"] if page_name == "resnet18" else ["block1.out"]
        asked, found = space(page_name, places=places, choose="all")
        assert base in plan_form(StudyQuestionForm(name="asked"), asked, found, Path("data")).text

    def test_it_is_never_overwritten(self, page: Path) -> None:
        """The form says that it is there."""
        Path("asked.yaml").write_text("mine\n", "utf-8")
        asked, found = space()
        planned = plan_form(StudyQuestionForm(name="asked"), asked, found, Path("data"))
        assert planned.exists
        with pytest.raises(ArchError, match="already exists"):
            write_study(planned)

    def test_images_that_are_not_here(self, page: Path) -> None:
        """Nothing is fetched; whoever wants the hours is told that they are not here."""
        asked, found = space()
        planned = plan_form(StudyQuestionForm(name="asked", data="cifar10"), asked, found, Path("data"))
        assert planned.images == "missing"

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"name": "../x"}, "name: String should match"),
            ({"name": "x", "seeds": 0}, "seeds: Input should be greater than or equal to 1"),
            ({"name": "x", "smallest_difference": -1}, "smallest difference: Input should be greater than 0"),
        ],
    )
    def test_fields_that_are_wrong(self, fields: dict[str, object], words: str) -> None:
        """Are named."""
        with pytest.raises(ArchError) as raised:
            study_form(fields)
        assert raised.value.diagnostics[0].message.startswith(words)

"""What ``extends`` may name, and which mistakes of a family are whose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.commands.check import run as check
from builder.diagnostics import ArchError, render
from builder.identity import graph_id
from builder.lowering import load, load_page, lower, resolved_page
from tests.marked import spans_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.diagnostics import Diagnostic
    from tests.lowering.conftest import Answers


class TestMember:
    """A member of a shipped family is named as it is everywhere else."""

    def test_it_is_the_family_as_that_member(self, tmp_path: Path) -> None:
        """``extends: resnet34`` needs no second line."""
        (tmp_path / "short.yaml").write_text("name: short\nextends: resnet34\n")
        (tmp_path / "long.yaml").write_text("name: long\nextends: resnet\nmember: resnet34\n")
        short, long = load(tmp_path / "short.yaml"), load(tmp_path / "long.yaml")
        assert graph_id(short) == graph_id(long) == graph_id(load("resnet34"))

    def test_a_page_beside_it_comes_first(self, tmp_path: Path) -> None:
        """As for every other name: what the user wrote is what the user means."""
        (tmp_path / "resnet34.yaml").write_text("name: resnet34\nextends: alexnet\n")
        (tmp_path / "mine.yaml").write_text("name: mine\nextends: resnet34\n")
        assert graph_id(load(tmp_path / "mine.yaml")) == graph_id(load("alexnet"))

    def test_a_second_member_is_one_too_many(self, answers: Answers) -> None:
        """Neither wins silently."""
        found, spans = answers("name: net\nextends: resnet34\n⟪member⟫: resnet50\n")
        assert [each.message for each in found] == ["`extends: resnet34` is already a member"]
        assert found[0].hint == "leave out `member`, or name the family"
        assert spans_of(found) == spans

    def test_it_is_no_page_of_templates(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """``uses`` takes pages, not networks."""
        found = mistakes_of("uses: resnet34\nlayers: [flatten, {linear: {out: $classes}}]\n")
        assert [each.code for each in found] == ["no-such-page"]


class TestBrokenMembers:
    """What is wrong with a member is no other member's."""

    BROKEN = ("{w: -5}", "{w: '$x'}", "{nosuch: 3}", "{w: {a: 3}}", "{w: '$('}", "5")
    HEAD = "name: fam\ninput: [3, 8, 8]\nclasses: 4\nparams: {w: 8}\nmembers:\n  good: {w: 6}\n"
    TAIL = "layers: [{conv: {out: $w, kernel: 1}}, adaptiveavgpool, flatten, linear: {out: $classes}]\n"

    @pytest.fixture(params=BROKEN)
    def page(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        """Return a family of a good member and a broken one."""
        path = tmp_path / "fam.yaml"
        path.write_text(f"{self.HEAD}  bad: {request.param}\n{self.TAIL}")
        return path

    def test_another_member_is_lowered(self, page: Path) -> None:
        """By itself it has no mistake."""
        assert load(page, member="good").nodes[0].shape.sizes == (6, 8, 8)

    def test_the_member_itself_is_refused(self, page: Path) -> None:
        """Once."""
        with pytest.raises(ArchError) as caught:
            load(page, member="bad")
        assert len(caught.value.diagnostics) == 1

    def test_check_looks_at_all_of_them(self, page: Path) -> None:
        """And reports the same, with the member."""
        (found,) = check([str(page)]).mistakes
        with pytest.raises(ArchError) as caught:
            load(page, member="bad")
        (alone,) = caught.value.diagnostics
        assert render(replace(found, notes=())) == render(alone)
        assert [(note.message, note.mark.line) for note in found.notes] == [("of this member", 7)]

    def test_a_mistake_of_the_page_is_every_members_and_said_once(self, tmp_path: Path) -> None:
        """Not once for each of them."""
        path = tmp_path / "fam.yaml"
        path.write_text(self.HEAD + "  other: {w: 3}\n" + self.TAIL.replace("kernel: 1", "kernal: 1"))
        (found,) = check([str(path)]).mistakes
        assert (found.code, found.mark and found.mark.line) == ("unknown-field", 8)


class TestNoFile:
    """What no file can be called is none, and is answered like any other name."""

    def test_a_name_longer_than_any_file(self, answers: Answers) -> None:
        """The system refuses to look for it."""
        name = "a" * 300
        found, spans = answers(f"name: net\nextends: ⟪{name}⟫\n")
        assert [each.code for each in found] == ["no-such-page"]
        assert spans_of(found) == spans


class TestResolved:
    """A page that says the same by itself."""

    def test_what_it_uses_comes_along(self, tmp_path: Path) -> None:
        """The templates of another page, and the layers of its own: what a run keeps."""
        page = tmp_path / "mine.yaml"
        layers = "layers: [ECA, flatten, {linear: {out: $classes}}]\n"
        page.write_text(f"name: mine\nuses: gates.yaml\ninput: [3, 4, 4]\nclasses: 2\n{layers}")
        merged = load_page(page)
        graph = lower(merged)
        (tmp_path / "alone.yaml").write_text(resolved_page(merged, graph))
        assert graph_id(load(tmp_path / "alone.yaml")) == graph_id(graph)

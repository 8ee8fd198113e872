"""Pages that are followed, while somebody edits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.live import pages
from builder.live.pages import first_look, look_again
from tests.command_line import PAGE

if TYPE_CHECKING:
    from pathlib import Path

BASED = "name: based\nextends: small.yaml\nclasses: 10\n"


class TestFirstLook:
    """What the command begins with."""

    def test_a_page_that_is_right(self, page: Path) -> None:
        """Has its text, its network and no mistakes."""
        (seen,) = first_look([page.name]).pages
        assert (seen.text, seen.mistakes, seen.is_current) == (PAGE, (), True)
        assert seen.graph is not None
        assert seen.graph.name == "small"

    def test_a_page_that_is_wrong_is_followed_too(self, page: Path) -> None:
        """Its mistakes are what somebody wants to see."""
        page.write_text(PAGE.replace("relu", "rely"), "utf-8")
        (seen,) = first_look([page.name]).pages
        assert (seen.graph, [each.message for each in seen.mistakes]) == (
            None,
            ["`rely` is not an operation"],
        )

    def test_a_page_that_is_not_there_is_a_slip(self, page: Path) -> None:
        """The nearest name is offered."""
        with pytest.raises(ArchError, match=r"there is no file smal\.yaml"):
            first_look(["smal.yaml"])

    def test_a_shipped_network(self) -> None:
        """It can be looked at by its name."""
        assert first_look(["resnet18"]).graphs[0].name == "resnet18"


class TestLookAgain:
    """What a save changes."""

    def test_nothing_where_nothing_changed(self, page: Path) -> None:
        """The same snapshot, so that nobody is told."""
        before = first_look([page.name])
        page.write_text(PAGE, "utf-8")
        assert look_again(before) is before

    def test_a_mistake_keeps_the_last_network(self, page: Path) -> None:
        """It is marked as not what the page says."""
        before = first_look([page.name])
        page.write_text(PAGE.replace("kernel: 3", "kernel: 99"), "utf-8")
        after = look_again(before)
        assert after.version == before.version + 1
        assert (after.pages[0].graph is before.pages[0].graph, after.is_current) == (True, False)
        assert after.pages[0].mistakes[0].mark.line == 7  # type: ignore[union-attr]  # it has one

    def test_a_file_that_is_gone_and_comes_back(self, page: Path) -> None:
        """Editors do that for a moment, and people for longer."""
        before = first_look([page.name])
        page.unlink()
        gone = look_again(before)
        assert [each.message for each in gone.pages[0].mistakes] == ["there is no file small.yaml"]
        assert (gone.pages[0].text, len(gone.graphs)) == (None, 1)
        page.write_text(PAGE, "utf-8")
        assert look_again(gone).is_current

    def test_a_base_that_changes(self, page: Path) -> None:
        """Changes what extends it."""
        page.with_name("based.yaml").write_text(BASED, "utf-8")
        before = first_look(["based.yaml"])
        assert {path.name for path in before.pages[0].reads} == {"based.yaml", "small.yaml"}
        page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
        after = look_again(before)
        assert after.graphs[0].nodes[0].shape.channels == 16

    def test_our_own_mistake_is_said_and_not_the_end(self, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page goes on being followed."""
        before = first_look([page.name])

        def broken(_: object) -> None:
            raise KeyError("x")

        monkeypatch.setattr(pages, "lower", broken)
        page.write_text(f"{PAGE}\n", "utf-8")
        said = [each.message for each in look_again(before).pages[0].mistakes]
        assert said == ["this is a mistake in archcli: KeyError: 'x'"]

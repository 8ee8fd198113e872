"""What the browser is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.json_output import encode
from builder.live.pages import first_look, look_again
from builder.live.view import view
from tests.command_line import PAGE

if TYPE_CHECKING:
    from pathlib import Path


class TestView:
    """Everything but the figure."""

    def test_layers_know_their_lines(self, page: Path) -> None:
        """And blocks the line of their name."""
        (seen,) = view(first_look([page.name])).pages
        assert seen.network is not None
        assert [(each.path, each.at.line) for each in seen.network.layers][:2] == [
            ("block.conv1", 7),
            ("block.relu1", 8),
        ]
        assert [(each.path, each.at.file, each.at.line) for each in seen.network.blocks] == [("block", "small.yaml", 5)]

    def test_costs(self, page: Path) -> None:
        """As `archcli show` says them."""
        (seen,) = view(first_look([page.name])).pages
        assert seen.network is not None
        assert (seen.network.parameters, seen.network.macs) == (33_224, 87_296)

    def test_the_text_is_that_of_the_file_now(self, page: Path) -> None:
        """Though the network is an older one."""
        before = first_look([page.name])
        wrong = PAGE.replace("relu", "rleu")
        page.write_text(wrong, "utf-8")
        (seen,) = view(look_again(before)).pages
        assert (seen.texts[seen.file], seen.is_current, seen.network is not None) == (wrong, False, True)
        assert [(each.mark.line, each.hint) for each in seen.mistakes if each.mark] == [(8, "did you mean `relu`?")]

    def test_what_a_page_extends_can_be_read(self) -> None:
        """Because layers have their lines there."""
        (seen,) = view(first_look(["alexse_both"])).pages
        assert {name.rpartition("/")[2] for name in seen.texts} == {"alexnet.yaml", "alexse_both.yaml"}
        assert seen.file.endswith("alexse_both.yaml")

    def test_several_pages_are_compared_with_the_first(self) -> None:
        """In the words of `archcli diff`."""
        one, other = view(first_look(["alexnet", "alexse_block1"])).pages
        assert one.difference is None
        assert "block1.se: SE 384→24→384 added behind block1.conv2" in (other.difference or "")

    def test_it_is_json(self, page: Path) -> None:
        """Whatever is in it."""
        assert json.loads(encode(view(first_look([page.name]))))["version"] == 1

"""What separates two networks, as the command says it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line import Archcli


class TestDiff:
    """Sentences, then what it costs."""

    def test_words_and_a_table(self, archcli: Archcli) -> None:
        """The size that differs, the gate and where it stands, the price of the whole and of the block."""
        lines = archcli("diff", "alexnet", "alexse_block1").out.splitlines()
        assert lines[:4] == [
            "from alexnet to alexse_block1",
            "  classes: 1000 becomes 10",
            "  block1.se: SE 384→24→384 added behind block1.conv2",
            "  classifier.linear3: FC 1000 becomes FC 10",
        ]
        assert [line.split()[0] for line in lines[5:]] == [
            "parameters", "alexnet", "alexse_block1", "block1", "classifier",
        ]  # fmt: skip

    def test_the_same_network(self, archcli: Archcli) -> None:
        """Is one sentence, with its id."""
        assert archcli("diff", "alexnet", "alexnet").out == (
            "alexnet and alexnet are the same network (841bc01fb5bde80e)\n"
        )

    def test_at_as_many_classes(self, archcli: Archcli) -> None:
        """A base and its variant are compared by what the variant does."""
        found = json.loads(archcli("diff", "alexnet", "alexse_block1", "--classes", "10", "--json").out)
        assert [each["path"] for each in found["layers"]] == ["block1.se"]

    def test_much_is_told_in_short(self, archcli: Archcli) -> None:
        """How many, and the first."""
        out = archcli("diff", "resnet18", "vgg16").out
        assert "layers removed, such as" in out
        assert len(out.splitlines()) < 40

    def test_what_is_not_there_is_2(self, archcli: Archcli) -> None:
        """With the nearest name."""
        outcome = archcli("diff", "alexnet", "alexsee_both")
        assert outcome.code == 2
        assert "alexse_both" in outcome.err

"""``archcli import``: what it writes, what it answers, and pages in place of which a network is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from safetensors.torch import load_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli

NETS = """\
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return torch.relu(x + self.bn(self.conv(x)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.blocks = nn.Sequential(Block(), Block())
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))

class Idle(Net):
    def __init__(self):
        super().__init__()
        self.rest = nn.Linear(8, 5)

class Loud(Net):
    def __init__(self):
        super().__init__()
        print("| a network")

    def forward(self, x):
        print(x.shape)
        return super().forward(x)

class Odd(Net):
    def forward(self, x):
        return super().forward(torch.sin(x))
"""


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a file of networks, which is the current one."""
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestPages:
    """What is written."""

    def test_a_page_and_its_weights(self, archcli: Archcli, nets: Path) -> None:
        """The page shows the same network, the file holds its weights by their keys."""
        outcome = archcli(
            "import", "nets.py:Net", "--input", "3,8,8", "-o", "net.yaml", "--weights-out", "w.safetensors"
        )
        assert outcome.code == 0
        assert outcome.out.startswith("net: 3×8×8, ")
        assert "running nets.py, which is Python" in outcome.err
        assert "equal: the weights load strictly" in outcome.err
        assert json.loads(archcli("show", "net.yaml", "--json").out)["classes"] == 5
        assert "blocks.1.bn.running_mean" in load_file(nets / "w.safetensors")

    def test_weights_that_nothing_uses_are_named_and_not_written(self, archcli: Archcli, nets: Path) -> None:
        """So that training goes on from the file without another word."""
        outcome = archcli(
            "import", "nets.py:Idle", "--input", "3,8,8", "-o", "i.yaml", "--weights-out", "w.safetensors"
        )
        assert outcome.code == 0
        said = (
            "equal: all weights load but `rest.weight` and 1 more, which nothing uses and the page leaves out, and the"
        )
        assert said in outcome.err
        assert not any(name.startswith("rest") for name in load_file(nets / "w.safetensors"))
        told = json.loads(archcli("import", "nets.py:Idle", "--input", "3,8,8", "--json").out)
        assert (told["equal"], told["idle"], told["differing"]) == (True, ["rest.weight", "rest.bias"], [])

    def test_without_a_file_the_page_is_printed(self, archcli: Archcli, nets: Path) -> None:
        """And nothing else, so that it can be piped."""
        outcome = archcli("import", "nets.py:Net", "--input", "3x8x8")
        assert outcome.out.startswith("# Imported from nets.py:Net; ")
        assert "    - Block: {}\n      repeat: 2\n" in outcome.out

    def test_json_has_the_verdict(self, archcli: Archcli, nets: Path) -> None:
        """With the holes, each at its place."""
        found = json.loads(archcli("import", "nets.py:Odd", "--input", "3,8,8", "--json").out)
        assert not found["equal"]
        assert [(hole["word"], hole["place"]) for hole in found["holes"]] == [("todo_sin", "nets.py:39")]

    def test_what_the_network_prints_is_no_part_of_the_answer(self, archcli: Archcli, nets: Path) -> None:
        """It goes where progress goes, so that a page and JSON can be piped."""
        outcome = archcli("import", "nets.py:Loud", "--input", "3,8,8", "--json")
        assert json.loads(outcome.out)["equal"]
        assert "| a network" in outcome.err
        assert archcli("import", "nets.py:Loud", "--input", "3,8,8").out.startswith("# Imported from nets.py:Loud; ")

    def test_a_stub_lets_the_page_be_shown(self, archcli: Archcli, nets: Path) -> None:
        """It has the shapes that were seen; the exit code says that nothing is proven."""
        asked = ("import", "nets.py:Odd", "--input", "3,8,8", "-o", "odd.yaml", "--plugin-stub", "odd.py")
        assert archcli(*asked).code == 1
        assert (nets / "odd.yaml").read_text().startswith("# NOT PROVEN: ")
        assert archcli("show", "odd.yaml", "--plugin", "odd.py").code == 0

    def test_a_stub_that_was_filled_in_is_kept(self, archcli: Archcli, nets: Path) -> None:
        """Nothing is written then; one that still is as it was written may be written again."""
        asked = ("import", "nets.py:Odd", "--input", "3,8,8", "-o", "odd.yaml", "--plugin-stub", "odd.py")
        assert [archcli(*asked).code, archcli(*asked).code] == [1, 1]
        own = (nets / "odd.py").read_text().replace("raise NotImplementedError", "return x.sin()  # ")
        (nets / "odd.py").write_text(own)
        (nets / "odd.yaml").unlink()
        outcome = archcli(*asked)
        assert "error: odd.py is there already, and may have been filled in\n  help: name another file" in outcome.err
        assert (nets / "odd.py").read_text() == own
        assert not (nets / "odd.yaml").exists()


class TestInPlaceOfPages:
    """``show``, ``draw`` and ``variants`` take a network in Python."""

    def test_it_is_shown(self, archcli: Archcli, nets: Path) -> None:
        """By the paths of its page."""
        assert "blocks.1.bn" in archcli("show", "nets.py:Net").out

    def test_it_is_drawn(self, archcli: Archcli, nets: Path) -> None:
        """Into a figure of its name."""
        assert archcli("draw", "nets.py:Net").code == 0
        assert (nets / "net.svg").exists()

    def test_its_variants_are_listed(self, archcli: Archcli, nets: Path) -> None:
        """Templates have the names of its classes."""
        found = archcli(
            "variants", "nets.py:Net", "--insert", "se: {reduction: 4}", "--among", "Block.branch", "--only-count"
        )
        assert found.out.startswith("4 variants")

    @pytest.mark.parametrize("command", [("show",), ("draw",), ("variants", "--insert", "relu", "--at", "stem")])
    def test_the_size_of_its_images_can_be_given(self, archcli: Archcli, nets: Path, command: tuple[str, ...]) -> None:
        """As for `import`; a network that takes no other size can be drawn."""
        name, *rest = command
        assert archcli(name, "nets.py:Net", *rest, "--input", "3,24,40").code == 0
        outcome = archcli(name, "nets.py:Net", *rest, "--input", "1,8,8")
        assert "nets.py:Net on images of 1×8×8 cannot be run" in outcome.err

    def test_a_page_says_its_own_size(self, archcli: Archcli, nets: Path) -> None:
        """So `--input` beside pages alone is a mistake."""
        outcome = archcli("show", "alexnet", "--input", "3,32,32")
        assert outcome.code == 2
        assert "`--input` is the size of images of networks in Python, and none is named" in outcome.err

    def test_what_is_not_proven_is_refused(self, archcli: Archcli, nets: Path) -> None:
        """The figure would be of another network."""
        outcome = archcli("show", "nets.py:Odd")
        assert outcome.code == 2
        assert "is not proven to be that network" in outcome.err


class TestAnswers:
    """Mistakes of the command line."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("nets.py:Nett",), "`nets.py` has no `Nett`"),
            (("nets.py:Net", "--input", "3,8"), "`3,8` is no size of an image"),
            (("nets.py:Net", "--input", "wide"), "`wide` is no size of an image"),
            (("nets.py:Net", "--input", "1,8,8"), "nets.py:Net on images of 1×8×8 cannot be run: RuntimeError"),
            (("nets",), "`nets` does not name a network in Python"),
            (("other.py:Net",), "there is no file `other.py`"),
            (("nets.py:Net", "-o", "nets.py"), "`nets.py` would replace what this command reads"),
            (("nets.py:Net", "-o", "x", "--weights-out", "./x"), "`x` was named for two results"),
        ],
    )
    def test_each_has_its_sentence(self, archcli: Archcli, nets: Path, arguments: tuple[str, ...], words: str) -> None:
        """And the exit code of a wrong use."""
        outcome = archcli("import", *arguments)
        assert outcome.code == 2
        assert words in outcome.err

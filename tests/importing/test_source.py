"""What names a network in Python, and what is said where there is none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from builder.diagnostics import ArchError
from builder.importing.network import import_network
from builder.importing.source import open_network

if TYPE_CHECKING:
    from pathlib import Path

NETS = """\
from torch import nn
from beside import WIDTH

class Net(nn.Sequential):
    def __init__(self, width=WIDTH):
        super().__init__(nn.Conv2d(3, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 2))

class Needs(nn.Module):
    def __init__(self, width, depth):
        super().__init__()

def broken():
    return 1 / 0

made = Net(5)
number = 3
"""


MADE = """\
from .head import CLASSES
made = Net()
made[3] = nn.Linear(WIDTH, CLASSES)
"""


@pytest.fixture
def nets(tmp_path: Path) -> str:
    """Return a file of networks that imports another beside it."""
    (tmp_path / "beside.py").write_text("WIDTH = 4\n")
    (tmp_path / "nets.py").write_text(NETS)
    return str(tmp_path / "nets.py")


class TestFiles:
    """A file of Python, and a name in it."""

    @pytest.mark.parametrize(("name", "width"), [("Net", 4), ("made", 5)])
    def test_a_class_or_a_module(self, nets: str, name: str, width: int) -> None:
        """A class is made without arguments."""
        net = open_network(f"{nets}:{name}").net
        assert isinstance(net, nn.Sequential)
        assert net[0].out_channels == width

    @pytest.mark.parametrize("is_package", [True, False])
    def test_what_it_imports_relative_to_itself_is_found(self, tmp_path: Path, is_package: bool) -> None:
        """As part of its package, with `__init__.py` or without; one of the same name elsewhere is another."""
        for width in (4, 6):
            inner = tmp_path / str(width) / "zoo" / "inner"
            inner.mkdir(parents=True)
            if is_package:
                (inner.parent / "__init__.py").write_text("")
                (inner / "__init__.py").write_text("from .nets import made")
            (inner.parent / "beside.py").write_text(f"WIDTH = {width}\n")
            (inner / "nets.py").write_text(NETS.replace("from beside", "from ..beside").replace("made = Net(5)", MADE))
            (inner / "head.py").write_text("CLASSES = 7\n")
            net = open_network(f"{inner / 'nets.py'}:made").net
            assert [net[0].out_channels, net[3].out_features] == [width, 7]  # type: ignore[index]  # it is a list
            assert str(tmp_path) not in sys.path

    def test_a_package_called_as_an_installed_one_is_answered(self, tmp_path: Path) -> None:
        """Which everything else goes on with."""
        (tmp_path / "torch").mkdir()
        (tmp_path / "torch" / "nets.py").write_text("from .beside import WIDTH")
        with pytest.raises(ArchError) as raised:
            open_network(f"{tmp_path / 'torch' / 'nets.py'}:Net")
        assert "`torch` is the name of an installed package too" in raised.value.diagnostics[0].message
        assert sys.modules["torch"] is torch

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("Nett", "has no `Nett`"),
            ("number", "`number` is an `int`, not an `nn.Module`"),
            ("Needs", "`Needs` needs arguments: `width`, `depth`"),
            ("broken", "cannot be run: ZeroDivisionError: division by zero"),
        ],
    )
    def test_what_is_no_network_is_answered(self, nets: str, name: str, message: str) -> None:
        """In one sentence each."""
        with pytest.raises(ArchError) as refused:
            open_network(f"{nets}:{name}")
        assert message in refused.value.diagnostics[0].message

    def test_a_crash_ends_in_the_users_line(self, nets: str) -> None:
        """Not in ours."""
        with pytest.raises(ArchError) as refused:
            open_network(f"{nets}:broken")
        mark = refused.value.diagnostics[0].mark
        assert mark is not None
        assert (mark.source.name, mark.line) == (nets, 13)

    def test_a_missing_file_is_answered(self) -> None:
        """Before anything runs."""
        with pytest.raises(ArchError) as refused:
            open_network("nowhere.py:Net")
        assert refused.value.diagnostics[0].message == "there is no file `nowhere.py`"


class TestLibraries:
    """Models by their names."""

    def test_a_slip_is_answered_with_the_nearest(self) -> None:
        """From the package's own list."""
        with pytest.raises(ArchError) as refused:
            open_network("torchvision:resnt18")
        assert refused.value.diagnostics[0].hint == "did you mean `resnet18`?"


class TestExported:
    """Programs that PyTorch's exporter has written."""

    @pytest.mark.filterwarnings("ignore")
    def test_a_program_is_a_network(self, tmp_path: Path) -> None:
        """Its weights have the names that they had."""
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()
        path = tmp_path / "net.pt2"
        torch.export.save(torch.export.export(net, (torch.zeros(2, 3, 8, 8),)), path)
        _, found = import_network(str(path), (3, 8, 8))
        assert found.is_equal
        assert "batchnorm" in found.text

    def test_what_is_no_program_is_answered(self, tmp_path: Path) -> None:
        """A text with that suffix."""
        (tmp_path / "net.pt2").write_text("nothing")
        with pytest.raises(ArchError) as refused:
            open_network(str(tmp_path / "net.pt2"))
        assert "cannot be read" in refused.value.diagnostics[0].message

"""The exported source of every family reads as if written by hand."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from builder.emit.python import source
from builder.lowering import load
from tests.archs.conftest import LIGHT

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [*LIGHT, "alexresnet", "alexse_both", "alexse_cross", "resnet20", "se_resnet50"]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Return the source of each network by name."""
    return {name: source(load(name)) for name in NAMES}


class TestSources:
    """What ``export --to python`` writes."""

    @pytest.mark.parametrize("name", NAMES)
    def test_nothing_is_imported_but_torch(self, name: str, sources: dict[str, str]) -> None:
        """And two modules of the standard library, for names of layers and of heads."""
        tree = ast.parse(sources[name])
        modules = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert modules <= {"torch", "torch.nn", "torch.nn.functional", "collections", "typing"}
        assert "torch.nn" in modules

    @pytest.mark.parametrize("name", NAMES)
    def test_no_class_is_written_twice(self, name: str, sources: dict[str, str]) -> None:
        """One class for each distinct body, however many instances there are."""
        classes = [node for node in ast.parse(sources[name]).body if isinstance(node, ast.ClassDef)]
        bodies = Counter(ast.dump(ast.Module(body=node.body[1:], type_ignores=[])) for node in classes)
        assert [count for count in bodies.values() if count > 1] == []

    @pytest.mark.parametrize(
        ("name", "templates"),
        [
            ("resnet50", ["Bottleneck"]),
            ("resnet18", ["BasicBlock"]),
            ("densenet121", ["DenseLayer", "DenseBlock", "Transition"]),
            ("efficientnet_b0", ["MBConv"]),
            ("inception_v3", ["InceptionA", "InceptionB", "InceptionC", "InceptionD", "InceptionE"]),
        ],
    )
    def test_a_template_is_a_class_of_its_name(self, name: str, templates: list[str], sources: dict[str, str]) -> None:
        """The page's own words are found again, each followed by nothing but another body of the same template."""
        classes = [node.name for node in ast.parse(sources[name]).body if isinstance(node, ast.ClassDef)]
        for template in templates:
            assert template in {each.rstrip("0123456789") for each in classes} | set(classes)

    def test_ruff_has_nothing_to_say(self, tmp_path: Path, sources: dict[str, str]) -> None:
        """Errors, unused names and imports in their order; lines of 120."""
        for name, text in sources.items():
            (tmp_path / f"{name}.py").write_text(text)
        found = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E,F,I,W", "--line-length=120", tmp_path],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stdout

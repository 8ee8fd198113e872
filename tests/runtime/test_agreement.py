"""A plugin that says one thing and does another is caught when its network is built."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import builder
from builder.diagnostics import ArchError

GCT = Path(__file__).parents[2] / "docs" / "examples" / "gct.py"
PAGE = """\
name: net
input: [3, 16, 16]
classes: 4
layers:
  gct: gct
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a page that calls the plugin of the documentation."""
    (tmp_path / "net.yaml").write_text(PAGE)
    return tmp_path / "net.yaml"


def refused(page: Path, *change: str) -> str:
    """Return what is said when the plugin is changed so."""
    plugin = page.parent / "changed.py"
    text = GCT.read_text("utf-8")
    assert change[0] in text
    plugin.write_text(text.replace(*change))
    with pytest.raises(ArchError) as caught:
        builder.build(page, plugins=[plugin])
    (only,) = caught.value.diagnostics
    assert only.mark is not None
    assert (only.code, only.mark.line) == ("bad-plugin", 5)
    return only.message


class TestAgreement:
    """Names and shapes of what it learns, and the shape that it gives."""

    def test_one_that_agrees_is_built(self, page: Path) -> None:
        """It runs, learns, and is left in training mode."""
        model = builder.build(page, plugins=[GCT])
        model(torch.randn(2, 3, 16, 16)).sum().backward()
        assert model.training
        assert model.get_parameter("gct.gamma").grad is not None

    def test_looking_changes_no_random_number(self, page: Path) -> None:
        """The same seed gives the same weights with a plugin as without one."""
        torch.manual_seed(0)
        builder.build(page, plugins=[GCT])
        with_one = torch.rand(1)
        torch.manual_seed(0)
        (page.parent / "plain.yaml").write_text(PAGE.replace("  gct: gct\n", ""))
        builder.build(page.parent / "plain.yaml")
        assert torch.equal(torch.rand(1), with_one)

    def test_another_name(self, page: Path) -> None:
        """Weights would not be found."""
        message = refused(page, '("alpha", "gamma", "beta")', '("alpha", "gamma", "delta")')
        assert "says that it learns alpha (1×3×1×1), gamma (1×3×1×1), delta (1×3×1×1), and its module" in message

    def test_another_shape(self, page: Path) -> None:
        """The number of parameters would be wrong in every table."""
        assert "its module learns alpha (1×3×1×1)" in refused(
            page, "shape = (1, inputs[0].channels, 1, 1)", "shape = (3,)"
        )

    def test_another_output(self, page: Path) -> None:
        """The layer behind it would fail, and seem to be the culprit."""
        message = refused(page, "return x * (1 +", "return x[:, :, :8] * (1 +")
        assert message == "gct: the plugin's `gct` says that it gives 3×16×16, and its module gives 3×8×16"

    def test_a_module_that_fails(self, page: Path) -> None:
        """PyTorch's own words, with the place on the page."""
        message = refused(page, "return x * (1 +", "return x.nothing * (1 +")
        assert message.startswith("gct: the plugin's `gct` has a module that fails: AttributeError")

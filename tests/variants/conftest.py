"""Small pages whose variants are quick to lower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE = """name: page
input: [3, 12, 12]
classes: 5

{more}layers:
  stem: [{{conv: {{out: 8, kernel: 3, padding: 1}}}}, relu]
  one: {{Unit: {{out: 8, shortcut: identity}}}}
  stage:
    layers:
      - Unit: {{out: 8, shortcut: identity}}
      - Unit: {{out: 16, stride: 2, shortcut: auto}}
    activation: relu
  wide:
    layers:
      branches:
        branches:
          - [{{conv: {{out: 8, kernel: 1}}}}, relu]
          - [{{maxpool: {{kernel: 3, stride: 1, padding: 1}}}}]
      mix: {{conv: {{out: 16, kernel: 1}}}}
    shortcut: identity
    activation: silu
  gate: {{se: {{reduction: 4, squeeze: one.out}}}}
  pool: adaptiveavgpool
  flatten: flatten
  fc: {{linear: {{out: $classes}}}}

templates:
  Unit:
    params: {{out: int, stride: 1, shortcut: text, kernel: 3}}
    layers:
      conv1: {{conv: {{out: $out, kernel: $kernel, stride: $stride, padding: $kernel // 2, bias: false}}}}
      bn1: batchnorm
      relu: relu
      conv2: {{conv: {{out: $out, kernel: 3, padding: 1, bias: false}}}}
      bn2: batchnorm
    shortcut: $shortcut
    activation: relu
  Gate:
    layers:
      mean: channelmean
      gate: sigmoid
    shortcut: identity
    merge: mul
"""


class Written(Protocol):
    """``page(more)`` writes the page with a section more and returns its path."""

    def __call__(self, more: str = "") -> Path:
        """Return the path of the page."""


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a page with shortcuts, nested blocks, branches and a tap."""

    def write(more: str = "") -> Path:
        path = tmp_path / "page.yaml"
        path.write_text(PAGE.format(more=more))
        return path

    return write

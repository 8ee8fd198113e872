"""Files of torch.export: the same bits without the network's source."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from builder.diagnostics import RunError
from builder.lowering import load
from builder.runtime import pt2_file
from builder.runtime.compile import build
from builder.runtime.pt2_file import RECORD, write_pt2
from tests.runtime.test_onnx_file import FAMILIES, FAST

if TYPE_CHECKING:
    from pathlib import Path


class TestWritePt2:
    """A program that PyTorch loads."""

    @pytest.mark.parametrize(
        "name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES if name not in FAST)]
    )
    def test_it_computes_the_bits_of_the_network(self, name: str, tmp_path: Path) -> None:
        """For a number of images that was not exported, beside those that the writer compares."""
        graph = load(name)
        model = build(graph).eval()
        write_pt2(model, graph, tmp_path / "net.pt2", {})
        images = torch.randn(4, *graph.input.sizes)
        with torch.no_grad():
            assert torch.equal(torch.export.load(tmp_path / "net.pt2").module()(images), model(images))

    def test_it_needs_nothing_of_this_project(self, tmp_path: Path) -> None:
        """In another process, which has only PyTorch; what is known of the weights lies beside the program."""
        graph = load("alexnet_tiny")
        model = build(graph).eval()
        write_pt2(model, graph, tmp_path / "net.pt2", {"network": "alexnet_tiny", "seed": 7})
        images = torch.randn(2, *graph.input.sizes)
        with torch.no_grad():
            save_file({"images": images, "logits": model(images)}, tmp_path / "expected.safetensors")
        script = (
            "import sys, torch; from safetensors.torch import load_file; kept = load_file('expected.safetensors');"
            f"extra = {{{RECORD!r}: ''}}; loaded = torch.export.load('net.pt2', extra_files=extra).module();"
            "assert torch.equal(loaded(kept['images']), kept['logits']); assert 'builder' not in sys.modules;"
            f"print(extra[{RECORD!r}])"
        )
        ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout) == {"network": "alexnet_tiny", "seed": 7}

    def test_another_result_is_a_failure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And nothing is written."""
        graph = load("alexnet_tiny")
        monkeypatch.setattr(pt2_file, "evaluated", lambda model, batch: model(batch) + 1e-6)
        with pytest.raises(RunError, match="alexnet_tiny, exported and loaded again, computes something else"):
            write_pt2(build(graph).eval(), graph, tmp_path / "net.pt2", {})
        assert list(tmp_path.iterdir()) == []

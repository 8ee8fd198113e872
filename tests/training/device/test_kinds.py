"""One record of what each kind of device can do, and nobody else who knows their names."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from builder.training.device.kinds import CPU, CUDA, KINDS, MPS, XPU, DeviceKind, best_kind, kind_of

ROOT = Path(__file__).parents[3]
CUDAS_OWN = {
    "builder/training/device/kinds.py": "the record",
    "builder/training/steps/recorder.py": "CUDA graphs are CUDA's alone",
    "builder/training/device/precision.py": "the switch of its products",
}
"""Where torch.cuda and its switches are spoken to."""


def modules() -> dict[str, ast.Module]:
    """Return all modules of the program, parsed."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in (ROOT / "builder").rglob("*.py")
    }


class TestNames:
    """A device is told from another by what it can do."""

    def test_no_other_module_compares_the_name_of_a_device(self) -> None:
        """Neither ``device.type`` with anything, nor anything with the name of a GPU."""
        found = [
            f"{name}:{node.lineno}"
            for name, module in modules().items()
            if name != "builder/training/device/kinds.py"
            for node in ast.walk(module)
            if isinstance(node, ast.Compare | ast.MatchValue) and self.is_about_a_device(node)
        ]
        assert found == []

    @staticmethod
    def is_about_a_device(node: ast.AST) -> bool:
        """Return whether a comparison is of a device's type, or with the name of a kind of GPU."""
        gpus = {kind.name for kind in KINDS.values() if not kind.is_host}
        inside = list(ast.walk(node))
        if any(isinstance(each, ast.Constant) and each.value in gpus for each in inside):
            return True
        types = [each for each in inside if isinstance(each, ast.Attribute) and each.attr == "type"]
        return any("device" in ast.unparse(each.value) for each in types) and any(
            isinstance(each, ast.Constant) and isinstance(each.value, str) for each in inside
        )

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("device.type == 'cuda'", True),
            ("self._device.type != 'cpu'", True),
            ("name in {None, 'mps'}", True),
            ("kind == 'xpu'", True),
            ("ours.device.type != theirs.device.type", False),
            ("schema.type == 'string'", False),
            ("name == 'cpu'", False),
        ],
    )
    def test_the_search_finds_what_it_looks_for(self, text: str, found: bool) -> None:
        """And nothing else."""
        compared = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Compare))
        assert self.is_about_a_device(compared) is found

    def test_cuda_is_spoken_to_in_few_places(self) -> None:
        """Everything else asks the record."""
        spoken = re.compile(r"torch\.(cuda|mps|xpu)\.|torch\.backends\.cuda")
        found = {
            name
            for name, module in modules().items()
            for node in ast.walk(module)
            if isinstance(node, ast.Attribute) and spoken.match(ast.unparse(node))
        }
        assert found == set(CUDAS_OWN)


class TestDeviceKind:
    """What is asked of a kind."""

    def test_every_device_has_a_record(self) -> None:
        """By the name that torch gives it."""
        assert [kind_of(torch.device(name)) for name in KINDS] == [CPU, CUDA, MPS, XPU]
        assert kind_of(torch.device("cuda:1")) is CUDA

    def test_a_cpu_is_one_and_has_nothing_to_give_back(self) -> None:
        """Its memory is the program's."""
        cpu = torch.device("cpu")
        assert CPU.count() == 1
        assert CPU.free_memory(cpu) is None
        CPU.empty_cache()
        CPU.synchronize(cpu)
        assert CPU.describe(cpu) == f"cpu ({torch.get_num_threads()} threads)"

    @pytest.mark.parametrize(("number", "taken"), [(0, "cuda:0"), (2, "cuda:2"), (3, "cuda:0"), (7, "cuda:1")])
    def test_several_are_taken_round_and_round(self, monkeypatch: pytest.MonkeyPatch, number: int, taken: str) -> None:
        """By workers that count from 0."""
        monkeypatch.setattr(torch, "get_device_module", lambda _name: SimpleNamespace(device_count=lambda: 3))
        assert CUDA.count() == 3
        assert str(CUDA.numbered(number)) == taken

    @pytest.mark.parametrize(
        ("kind", "backends"),
        [(CPU, "cpu:gloo"), (CUDA, "cpu:gloo,cuda:nccl"), (replace(XPU, backend="xccl"), "cpu:gloo,xpu:xccl")],
    )
    def test_processes_talk_through_its_backend(self, kind: DeviceKind, backends: str) -> None:
        """And through gloo about what lies in main memory."""
        assert kind.process_backends() == backends

    @pytest.mark.parametrize("kind", [CUDA, MPS, XPU])
    def test_torch_has_what_it_says(self, kind: DeviceKind) -> None:
        """The functions that are called where there is one, by their names."""
        wanted = {"device_count", "empty_cache", "get_rng_state", "set_rng_state"}
        wanted |= {"get_device_name"} if kind.tells_name else set()
        wanted |= {"mem_get_info"} if kind.tells_memory else set()
        assert [name for name in wanted if not callable(getattr(kind.module, name, None))] == []

    def test_the_best_is_torchs_accelerator_if_we_know_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else the CPU."""
        for found, best in ((None, CPU), (torch.device("mps"), MPS), (torch.device("hpu"), CPU)):
            monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda found=found, **_: found)
            assert best_kind() is best

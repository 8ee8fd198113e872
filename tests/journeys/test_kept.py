"""What the program of commit 561c7d4 wrote and said is read, said and trained again: ``tests/kept`` holds it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from builder import build
from builder.diagnostics import ArchError
from builder.identity import graph_id
from builder.lowering import load, lower, page_from_text, resolved_page

if TYPE_CHECKING:
    from builder.graph import Graph
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "kept"
OUTPUTS = KEPT / "outputs"
COMMANDS: list[dict[str, Any]] = json.loads((KEPT / "commands.json").read_text("utf-8"))
DIGESTS: dict[str, str] = json.loads((OUTPUTS / "digests.json").read_text("utf-8"))

CHANGED = {
    "out/report/report.html": "what *seeds to tell* means is said in plain words",
    "out/report/report.md": "the same",
    "study_report.md": "the same",
    "out/report/time.svg": "the time of a run is the median of its runs, not their mean",
    "study_status.json": "it has `look`, the seeds at the next planned look",
    **dict.fromkeys(
        ("export_alexse_both.py.txt", "export_resnet18.py.txt", "export_tiny.py.txt"),
        "the network's class takes `num_classes`; nothing else of the source is another",
    ),
    **dict.fromkeys(("check_wrong.json", "check_wrong.stderr.txt"), "messages of mistakes are in plainer English"),
    **dict.fromkeys(
        ("resolved_tiny.yaml", "resolved_alexse_both.yaml", "resolved_resnet18.yaml"),
        "a resolved page says its version of the language",
    ),
    "schema_page.json": "one spelling, and descriptions of fields in the field's words",
    "schema_recipe.json": "descriptions of fields in the field's words",
    "schema_study.json": "the same, and a search has `trials`, which were `tries`",
}
"""Outputs that are not what they were, each for a reason that stands in CHANGELOG.md."""

ADDED = re.compile(
    r'^ *"(init_streams": "one"|whiten": false|test_time_flip": false|test_time_shift": 0|padding_mode": "constant"'
    r'|lookahead": null|drop_last": false|selection": "best"),\n'
    r'|,\n *"bias_lr_factor": 1\.0(?=,?\n)|,\n *"groups": \[\](?=\n)',
    re.MULTILINE,
)
"""Fields of recipes that were not there, at the values that mean what was meant without them."""

LETTERS = (
    (re.compile(rb' textLength="[^"]*" lengthAdjust="spacingAndGlyphs"'), b""),
    (re.compile(rb"font-family=\"Helvetica,Arial,'Liberation Sans',[^\"]*\""), b'font-family="Helvetica,sans-Serif"'),
)
"""What texts of figures have besides since then, so that they fit their boxes in any font: it is taken off."""

SAME_BITS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    "CUDA_VISIBLE_DEVICES": "",
}
"""What the bits of training depend on besides the program; each is read when torch starts."""

VOLATILE = {"seconds", "images_per_second", "device"}
NEAR = 1e-5  # losses and confidences, on another processor


def named(command: dict[str, Any]) -> str:
    """Return a command line as the name of a test."""
    return " ".join(command["argv"])


def content(path: Path) -> bytes:
    """Return a file as it would have been then; an SVG without what is new about its letters."""
    found = path.read_bytes()
    for new, old in LETTERS if path.suffix == ".svg" else ():
        found = new.sub(old, found)
    return found


def digest(path: Path) -> str:
    """Return the SHA-256 of a file; of weights, that of names, types, shapes and bytes in the order of names."""
    if path.suffix == ".json":
        return hashlib.sha256(ADDED.sub("", path.read_text("utf-8")).encode()).hexdigest()
    if path.suffix != ".safetensors":
        return hashlib.sha256(content(path)).hexdigest()
    found = hashlib.sha256()
    with safe_open(path, "pt") as file:
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            found.update(tensor.contiguous().reshape(-1).numpy().tobytes())
    return found.hexdigest()


def lasting(value: Any) -> Any:
    """Return JSON without times and what is made of them."""
    if isinstance(value, dict):
        return {key: lasting(each) for key, each in value.items() if key not in VOLATILE}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def nearly(value: Any) -> Any:
    """Return JSON whose numbers may differ in their last bits."""
    if isinstance(value, dict):
        return {key: nearly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [nearly(each) for each in value]
    return pytest.approx(value, rel=NEAR) if isinstance(value, float) else value


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what is kept, for commands that write beside it."""
    folder = tmp_path_factory.mktemp("kept") / "kept"
    shutil.copytree(KEPT, folder, ignore=shutil.ignore_patterns("outputs"))
    return folder


class TestOutputs:
    """Every command that was kept, once more."""

    @pytest.mark.parametrize("command", COMMANDS, ids=named)
    def test_a_command_says_and_writes_what_it_did(
        self, command: dict[str, Any], copy: Path, archcli: Archcli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Standard output, files and exit code; what changed all the same is listed with its reason."""
        monkeypatch.setenv("COLUMNS", "120")
        for name in (*command.get("files", {}), *command.get("digests", [])):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
        with chdir(copy):
            ended = archcli(*command["argv"])
        assert ended.code == command.get("exit", 0), ended.err
        if "stdout" in command and command["stdout"] not in CHANGED:
            self.check_text(command["stdout"], ended.out)
        if "stderr" in command and command["stderr"] not in CHANGED:
            assert ended.err == (OUTPUTS / command["stderr"]).read_text("utf-8")
        for made, name in command.get("files", {}).items():
            assert content(copy / made) == (OUTPUTS / name).read_bytes(), name
        for pattern in command.get("digests", []):
            found = {str(path.relative_to(copy)): digest(path) for path in sorted(copy.glob(pattern))}
            assert found
            assert {name: each for name, each in found.items() if name not in CHANGED} == {
                name: DIGESTS[name] for name in found if name not in CHANGED
            }

    @staticmethod
    def check_text(name: str, text: str) -> None:
        """Compare what was said with what is kept; numbers of a network on another processor nearly."""
        kept, text = (OUTPUTS / name).read_text("utf-8"), ADDED.sub("", text)
        if name in {"train_dry_run.json", "evaluate.json"}:
            assert lasting(json.loads(text)) == nearly(lasting(json.loads(kept)))
        else:
            assert text == kept


class TestLanguage:
    """A page that a run of the earlier program keeps means what it meant, though the language has another version."""

    PAGE = KEPT / "language1" / "page.yaml"

    def test_its_weights_load_strictly(self) -> None:
        """Names in branches, keys of shortcuts and an emptied branch are those of the first version."""
        model = build(self.PAGE).eval()
        weights = load_file(KEPT / "language1" / "best.safetensors")
        model.load_state_dict(weights, strict=True)
        assert {"body.down.weight", "projected.projection.weight", "one.weight", "se.fc1.weight"} <= set(weights)
        assert model(torch.rand(1, 1, 64, 64)).shape == (1, 10)

    def test_the_network_is_the_one_that_was_trained(self) -> None:
        """By its id, which the run keeps."""
        assert graph_id(load(self.PAGE)) == json.loads((KEPT / "language1" / "data.json").read_text("utf-8"))["network"]

    def test_a_page_that_extends_it_is_of_its_version(self, tmp_path: Path) -> None:
        """What is inserted finds the old places; the resolved page says the version."""
        shutil.copytree(KEPT / "language1", tmp_path / "run")
        page = tmp_path / "more.yaml"
        page.write_text("name: more\nextends: run/page.yaml\ninsert: [{tanh: {}, at: two}]\n", "utf-8")
        graph = load(page)
        assert "language: 1" in resolved_page(graph.page, graph).splitlines()
        assert graph_id(page_graph(resolved_page(graph.page, graph))) == graph_id(graph)

    def test_the_page_as_it_was_written_is_read_as_today(self) -> None:
        """Elsewhere than in a run, a page without a version is of the newest, in which a branch is not emptied."""
        with pytest.raises(ArchError, match="leaves nothing of this branch"):
            load(KEPT / "page" / "tiny_language1.yaml")


def page_graph(text: str) -> Graph:
    """Return the graph of a resolved page."""
    return lower(page_from_text(text, "resolved"))


@pytest.mark.slow
class TestBits:
    """A run that the earlier program began ends in the bits in which that program ended it."""

    def test_an_interrupted_run_goes_on_to_the_same_weights(self, tmp_path: Path) -> None:
        """Where torch and processor are those of the kept run; elsewhere to nearly the same accuracy."""
        folder = tmp_path / "interrupted"
        shutil.copytree(KEPT / "interrupted", folder)
        ended = subprocess.run(
            [sys.executable, ROOT / "cli.py", "resume", "interrupted", "--device", "cpu"],
            cwd=tmp_path, env=os.environ | SAME_BITS, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert "in epoch 3, after step 17" in ended.stderr
        assert self.rows(folder) == pytest.approx(self.rows(KEPT / "interrupted_whole"), abs=0.02)
        if torch.__version__.startswith("2.15.0") and self.capability() == "AVX2":
            assert self.tensors(folder) == json.loads((KEPT / "interrupted_whole" / "weights.json").read_text("utf-8"))

    @staticmethod
    def rows(folder: Path) -> list[float]:
        """Return the numbers of a run's metrics but the seconds."""
        lines = (folder / "metrics.csv").read_text("utf-8").splitlines()
        seconds = lines[0].split(",").index("seconds")
        return [float(each) for line in lines[1:] for at, each in enumerate(line.split(",")) if at != seconds]

    @staticmethod
    def tensors(folder: Path) -> dict[str, dict[str, str]]:
        """Return the digest of every tensor of both checkpoints."""
        found: dict[str, dict[str, str]] = {}
        for name in ("best", "last"):
            with safe_open(folder / f"{name}.safetensors", "pt") as file:
                found[name] = {
                    key: hashlib.sha256(
                        file.get_tensor(key).contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
                    ).hexdigest()
                    for key in file.keys()  # noqa: SIM118 - a file of safetensors, no mapping
                }
        return found

    @staticmethod
    def capability() -> str:
        """Return the instructions that torch uses under SAME_BITS."""
        asked = "import torch; print(torch.backends.cpu.get_cpu_capability())"
        return subprocess.run(
            [sys.executable, "-c", asked], env=os.environ | SAME_BITS, capture_output=True, text=True, check=True
        ).stdout.strip()

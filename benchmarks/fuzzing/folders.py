"""Files of a run's and of a study's folder: one of them is changed, and everything is read that commands read there.

What is searched is a text whose first line names the file.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fuzzing.mutation import json_mutant, table_mutant
from benchmarks.fuzzing.target import Target
from builder.commands import compare
from builder.commands.text.compare import as_csv, compared, markdown
from builder.commands.text.study import standing
from builder.json_output import encode
from builder.runs.open import open_run
from builder.runs.prepare import images_of
from builder.study.plan.plan import read_plan
from builder.study.report.compose import compose
from builder.study.report.data import as_json, comparisons_csv, runs_csv
from builder.study.report.markdown import markdown as report_text
from builder.study.report.sections.content import gather
from builder.study.results.folder import StudyFolder
from builder.study.status import study_status
from builder.training.folder.metrics import COLUMNS, read_metrics

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

KEPT = Path(__file__).parents[2] / "tests" / "kept"
RUN_FILES = ("data.json", "environment.json", "summary.json", "failed.json", "plugins.json", "weights.json")
FAILED = b'{"message": "m", "hint": "h", "epoch": 1, "step": 2, "layer": null}'
PLUGINS = b'{"gate.py": "0123456789abcdef"}'
WEIGHTS = b'{"source": "w.pt", "fitted": {"loaded": ["a"], "missing": []}, "note": null}'
CELL_FAILED = (
    b'{"cell": "098a88311eb5ae3a", "variant": "tiny", "settings": {"lr": 0.1}, "seed": 1, "stage": "confirm",'
    b' "message": "m", "attempts": 3}'
)
SEARCHED = b"""{"space": {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": true, "step": null, "integer": false},
 "batch_size": {"values": [32, 64]}}, "trials": 3, "sampler": "random", "pruner": "none", "min_epochs": 1}"""


def run_target() -> Target:
    """Return the JSON files of a run's folder."""
    names = {name.encode(): name for name in RUN_FILES}
    words = ("confirm", "digits", "imagefolder", "fp32, contiguous", "bf16, channels_last, deterministic", "graph")
    return Target(partial(_read_run, names), _run_seeds, partial(_named_mutant, sorted(names), words), words, 3000)


def metrics_target() -> Target:
    """Return metrics.csv."""
    words = (*COLUMNS, "0", "nan", "inf", "-1", "1e999", "0x1", "1_0", '"', '"a,b"', "\r", "\0", "")
    return Target(_read_metrics, _metrics_seeds, partial(table_mutant, words=words), words, 2000)


def study_folder_target() -> Target:
    """Return the JSON files of a study's folder and of its cells."""
    cell = "cells/" + _cells()[0]
    names = ("plan.json", "labels.json", "running.json", "finalists.json", "tries/tiny-001.json")
    names += tuple(f"{cell}/{name}.json" for name in ("result", "cell", "environment", "failure"))
    known = {name.encode(): name for name in names}
    words = ("screen", "confirm", "tiny", "tiny_se_block2", "optimizer.lr", "random", "median", "AAABAAIA")
    mutate = partial(_named_mutant, sorted(known), words)
    return Target(partial(_read_study_folder, known), _study_seeds, mutate, words, 12_000, seconds=2.0)


def _named_mutant(names: list[bytes], words: tuple[str, ...], data: bytes, numbers: random.Random) -> bytes:
    """Return a text like ``data`` under the same name, or one time in twenty under another."""
    name, _, content = data.partition(b"\n")
    if name not in names or numbers.random() < 0.05:
        name = numbers.choice(names)
    return name + b"\n" + json_mutant(content, numbers, words)


def _written(data: bytes, names: Mapping[bytes, str], base: Callable[[Path], None], folder: Path) -> Path:
    """Make ``base`` in ``folder`` unless it is there, write the file that ``data`` names, and return where it lies.

    Files that are not among those of the base are removed afterwards by whoever reads.
    """
    if not any(folder.iterdir()):
        base(folder)
    name, _, content = data.partition(b"\n")
    path = folder / names.get(name, min(names.values()))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _put_back(path: Path, folder: Path, kept: Path) -> None:
    """Bring one file back to what it was in ``kept``."""
    original = kept / path.relative_to(folder)
    if original.exists():
        shutil.copyfile(original, path)
    else:
        path.unlink()


def _run_base(folder: Path) -> None:
    for name in ("data.json", "environment.json", "summary.json", "metrics.csv", "page.yaml", "recipe.yaml"):
        shutil.copyfile(KEPT / "finished" / name, folder / name)


def _read_run(names: Mapping[bytes, str], data: bytes, folder: Path) -> None:
    """Read a run as ``compare`` and ``resume`` do."""
    path = _written(data, names, _run_base, folder)
    try:
        compared_run(folder)
        run = open_run(folder)
        _printed(repr(run.execution), repr(images_of(run)), repr(run.checked))
    finally:
        _put_back(path, folder, KEPT / "finished")


def compared_run(folder: Path) -> None:
    """Say what ``compare`` says of the run at ``folder``."""
    value = compare.run([folder])
    _printed(compared(value), markdown(value), as_csv(value), encode(value))


def _printed(*texts: str) -> None:
    """Encode texts as standard output does."""
    for text in texts:
        text.encode("utf-8", "replace")


def _run_seeds() -> list[bytes]:
    kept = [(name, _shortened((KEPT / "finished" / name).read_bytes())) for name in RUN_FILES[:3]]
    made = zip(RUN_FILES[3:], (FAILED, PLUGINS, WEIGHTS), strict=True)
    return [name.encode() + b"\n" + content for name, content in (*kept, *made)]


def _shortened(content: bytes) -> bytes:
    """Return an environment or a plan without most of what is only shown or compared.

    Changes are then more often of what is read.
    """
    said = json.loads(content)
    for name in ("packages", "variables", "command"):
        said.pop(name, None)
    if "code" in said:
        said["code"] = dict(list(said["code"].items())[:2])
    return json.dumps(said).encode()


def _read_metrics(data: bytes, folder: Path) -> None:
    """Read metrics.csv by itself and as ``compare`` does."""
    path = _written(b"metrics.csv\n" + data, {b"metrics.csv": "metrics.csv"}, _run_base, folder)
    read_metrics(path)
    compared_run(folder)


def _metrics_seeds() -> list[bytes]:
    text = (KEPT / "finished" / "metrics.csv").read_bytes()
    return [text, text.partition(b"\n")[0] + b"\n", text.replace(b"\n", b"\r\n")]


def _cells() -> list[str]:
    return sorted(path.name for path in (KEPT / "study" / "cells").iterdir())


def _study_base(folder: Path) -> None:
    """Copy the plan and two cells: more of them, and their networks' pages, would cost time and show nothing new."""
    for name in ("plan.json", "labels.json", "running.json", "study.yaml"):
        shutil.copyfile(KEPT / "study" / name, folder / name)
    for cell in _cells()[:2]:
        shutil.copytree(KEPT / "study" / "cells" / cell, folder / "cells" / cell)


def _read_study_folder(names: Mapping[bytes, str], data: bytes, folder: Path) -> None:
    """Read a study as ``study status`` and ``report`` do."""
    path = _written(data, names, _study_base, folder)
    hidden = path.with_name("result.json") if path.name == "failure.json" else None
    if hidden:
        hidden.unlink(missing_ok=True)
    try:
        study = StudyFolder(folder)
        status = study_status(study, read_plan(study.plan))
        _printed(standing(status), encode(status))
        content = replace(gather(study), graphs=())
        _printed(report_text(compose(content)), encode(as_json(content)), comparisons_csv(content), runs_csv(content))
    finally:
        _put_back(path, folder, KEPT / "study")
        if hidden:
            _put_back(hidden, folder, KEPT / "study")


def _study_seeds() -> list[bytes]:
    """Return each file as it is kept; a plan that screens and searches, and results of such, come beside it."""
    cell = f"cells/{_cells()[0]}"
    kept = [
        "plan.json",
        "labels.json",
        "running.json",
        *(f"{cell}/{n}.json" for n in ("result", "cell", "environment")),
    ]
    plan = json.loads(_shortened((KEPT / "study" / "plan.json").read_bytes()))
    screened = plan | {"screen_seeds": 1, "confirm_seeds": 2, "finalists": 1}
    arm = plan["arms"][0] | {"settings": {"optimizer.lr": 0.01}}
    result = json.loads((KEPT / "study" / cell / "result.json").read_text("utf-8"))
    tried = result | {"stage": "screen", "test_accuracy": None, "test_predictions": None}
    made = [
        ("plan.json", screened | {"search": json.loads(SEARCHED)}),
        ("tries/tiny-001.json", {"number": 1} | arm),
        ("finalists.json", plan["arms"]),
        (f"{cell}/result.json", tried),
        (f"{cell}/result.json", tried | {"is_pruned": True, "best_epoch": 1, "metrics": result["metrics"][:1]}),
        (f"{cell}/failure.json", json.loads(CELL_FAILED)),
    ]
    files = [(name, _shortened((KEPT / "study" / name).read_bytes())) for name in kept]
    files += [(name, json.dumps(content).encode()) for name, content in made]
    return [name.encode() + b"\n" + content for name, content in files]

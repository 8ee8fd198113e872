"""The part of the page of `benchmarks.lab` about studies: what each has answered, or how far it is.

A study's folder in ``docs/results/studies`` holds its report, as ``archcli report -o`` wrote it. One that goes on has
none: it holds ``study``, the study's own folder without weights and figures, and ``state.json`` with the commit whose
code trains its cells.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builder.study.plan.plan import read_plan
from builder.study.results.folder import StudyFolder
from builder.tables import markdown_table, text_table

if TYPE_CHECKING:
    from pathlib import Path


def studies_of(results: Path) -> list[str]:
    """Return a section for each study that has a folder in ``studies`` there."""
    folders = sorted(path for path in (results / "studies").glob("*") if path.is_dir())
    return [_section(folder, f"{results.name}/studies/{folder.name}") for folder in folders] or [
        "No study has ended: not yet measured."
    ]


def _section(folder: Path, link: str) -> str:
    report = folder / "report.json"
    return _answered(json.loads(report.read_text("utf-8")), link) if report.is_file() else _unanswered(folder, link)


def _answered(found: dict[str, Any], link: str) -> str:
    images = found["data"]["images"]
    seeds = {seed for each in found["variants"] for seed in each["seeds"]}
    rows = [
        [each["name"], str(len(each["accuracies"])), f"{each['mean']:.2%}", f"{each['deviation']:.2f}"]
        for each in found["variants"]
    ]
    head = ["network", "runs", "mean test accuracy", "standard deviation over seeds, points"]
    lines = (
        found["question"],
        f"**{found['answer']}**",
        "",
        f"{found['data']['name']}: {images['train']:,} images to train and validate, {images['test']:,} to test.",
        f"Recipe `{found['recipe']['name']}` with the study's own settings, seeds {min(seeds)} to {max(seeds)}.",
        f"[The whole report]({link}/report.md) has settings, machine and all that is needed to repeat it.",
    )
    return "\n\n".join([f"### {found['study']}", "\n".join(lines), markdown_table(text_table(head, rows, range(1, 4)))])


def _unanswered(folder: Path, link: str) -> str:
    """Return how many of the planned runs there are; nothing is concluded from a part of them."""
    study = StudyFolder(folder / "study")
    plan = read_plan(study.plan)
    planned = len(plan.arms) * plan.confirm_seeds
    ended = len(study.results().outcomes)
    commit = json.loads((folder / "state.json").read_text("utf-8"))["commit"]
    images = plan.data.images
    told = f"{plan.data.name}: {images['train']:,} images to train and validate, {images['test']:,} to test; "
    lines = (
        plan.question.text or "",
        f"**{ended} of {planned} runs are made. No conclusion is drawn before all {planned} are there.**",
        "",
        told + f"{len(plan.arms)} networks, {plan.confirm_seeds} seeds each.",
        f"[Its page]({link}/study/study.yaml), its plan and the runs so far are those of commit `{commit}`.",
        f"There, `archcli study run docs/{link}/study --data-dir DATA` makes the rest.",
    )
    return "\n\n".join([f"### {plan.name}", "\n".join(lines)])

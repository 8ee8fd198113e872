"""A report's numbers for other programs: JSON with everything, CSV of all runs and of all comparisons."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.study.report.sections.classes import found_by_class
from builder.study.report.sections.verdict import answers, warning
from builder.study.statistics import Comparison, Effect
from builder.tables import csv_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.study.plan.plan import Plan
    from builder.study.report.sections.content import Content, Entry
    from builder.study.results.result import CellResult
    from builder.study.statistics import OfClass, Screened

RUNS = (
    "variant", "network", "settings", "seed", "stage", "state", "val_accuracy", "test_accuracy", "best_epoch", "epochs",
    "seconds", "parameters", "macs", "cell", "message",
)  # fmt: skip

MEASURED = ("processor_seconds", "test_log_loss", "test_calibration_error")
"""What results of earlier versions do not have."""


def comparisons_csv(content: Content) -> str:
    """Return a line for each planned comparison, with the fields of ``Comparison``; an interval is two columns."""
    return _table(Comparison, content.findings.comparisons)


def effects_csv(content: Content) -> str:
    """Return a line for each main effect and interaction, with the fields of ``Effect``; an interval is two columns."""
    found = content.findings.effects
    return _table(Effect, () if found is None else found.effects)


def _table(kind: type[Comparison | Effect], found: Iterable[Comparison | Effect]) -> str:
    names = [field.name for field in fields(kind)]
    head = [part for name in names for part in ((f"{name}_low", f"{name}_high") if "interval" in name else (name,))]
    return csv_lines(head, ([part for name in names for part in _parts(name, getattr(made, name))] for made in found))


def _parts(name: str, value: Any) -> tuple[Any, ...]:
    if name in {"factors", "levels"}:
        return (" × ".join(value),)
    if "interval" in name:
        return (None, None) if value is None else tuple(value)
    return (value,)


def runs_csv(content: Content) -> str:
    """Return a line for each planned run: what it reached, or that it failed or is not there."""
    names = RUNS if content.findings.compare is None else (*RUNS, *MEASURED)
    return csv_lines(names, ([run.get(name) for name in names] for run in runs(content)))


def runs(content: Content) -> list[dict[str, Any]]:
    """Return every planned run that is known by now, in the order of the plan."""
    done = {each.cell: each for each in content.results.outcomes}
    lost = {each.cell: each for each in content.results.failures}
    found = []
    for cell in content.cells:
        network = content.plan.network(cell.variant)
        run: dict[str, Any] = {
            "cell": cell.id,
            "variant": content.names[cell.id],
            "network": cell.variant,
            "settings": " ".join(f"{path}={value}" for path, value in cell.settings.items()),
            "seed": cell.seed,
            "stage": cell.stage,
            "parameters": network.parameters,
            "macs": network.macs,
            "state": "done" if cell.id in done else "failed" if cell.id in lost else "open",
        }
        run |= _result(done[cell.id]) if cell.id in done else {}
        run |= {"message": lost[cell.id].message} if cell.id in lost and cell.id not in done else {}
        found.append(run)
    return found


def _result(outcome: CellResult) -> dict[str, Any]:
    return {
        "val_accuracy": outcome.val_accuracy,
        "test_accuracy": outcome.test_accuracy,
        "best_epoch": outcome.best_epoch,
        "epochs": len(outcome.metrics),
        "seconds": outcome.seconds,
        **{name: value for name in MEASURED if (value := getattr(outcome, name)) is not None},
    }


def as_json(content: Content) -> dict[str, Any]:
    """Return everything as JSON values.

    ``correct`` of a run says for each test image whether it was right: base64 of its bits, the first image first
    (``numpy.unpackbits``), so that anybody can judge anew; ``groups`` says of which group each image
    is, if they have any.
    """
    findings, plan = content.findings, content.plan
    correct = {each.cell: _bits(each) for each in content.results.outcomes if each.test_correct is not None}
    return {
        "study": plan.name,
        "question": plan.question.text,
        "answer": " ".join(answers(content)),
        "is_final": content.is_final,
        "warning": warning(content),
        "answers": [asdict(each) for each in findings.answers],
        "design": asdict(findings.design),
        "variants": [_entry(entry, section.name) for section in content.sections for entry in section.entries],
        **_factors(content),
        **_groups(content),
        "comparisons": [asdict(each) for each in findings.comparisons],
        "screening": [_screened(content, each) for each in findings.screening],
        "failures": [asdict(each) for each in findings.failures],
        "open": content.open,
        "runs": [run | {"correct": correct.get(run["cell"])} for run in runs(content)],
        "networks": [asdict(each) for each in plan.networks],
        "data": _data(plan),
        "recipe": plan.base.recipe.model_dump(mode="json"),
        "code": dict(plan.code),
        "surroundings": [each._asdict() for each in content.said],
        "page": content.page,
    }


def _factors(content: Content) -> dict[str, Any]:
    """Return what only studies have that say what is compared."""
    findings = content.findings
    if findings.compare is None:
        return {}
    found: dict[str, Any] = {
        "compare": findings.compare,
        "looks": list(content.plan.looks),
        "stages": list(content.plan.stages),
        "blocked": [asdict(each) for each in findings.blocked],
        "classes": [_of_class(content, each) for each in found_by_class(content)],
    }
    if findings.factorial is None or findings.effects is None:
        return found
    names = [arm.name for arm in findings.arms]
    levels = {name: list(row) for name, row in zip(names, findings.factorial.settings, strict=True)}
    factors = [asdict(each) for each in findings.factorial.factors]
    return found | {
        "factors": factors,
        "levels": levels,
        "effects": [asdict(each) for each in findings.effects.effects],
    }


def _data(plan: Plan) -> dict[str, Any]:
    """Return the images without the folder, which is this machine's, and without groups where there are none."""
    left_out = {"folder"} | ({"groups"} if plan.data.groups is None else set())
    return {name: value for name, value in asdict(plan.data).items() if name not in left_out}


def _groups(content: Content) -> dict[str, list[int]]:
    truth = content.results.truth
    return {} if truth is None or truth.groups is None else {"groups": truth.groups.tolist()}


def _of_class(content: Content, found: OfClass) -> dict[str, Any]:
    """Return a difference on the images of one class."""
    truth, effect = content.results.truth, found.contrast
    assert truth is not None, "the labels say what the classes are"
    what = {"a": found.a, "b": found.b} if effect is None else {"factors": effect.factors, "levels": effect.levels}
    rest = {name: value for name, value in vars(found).items() if name not in {"label", "contrast", "a", "b"}}
    return {"class": truth.classes[found.label], **what, **rest}


def _screened(content: Content, found: Screened) -> dict[str, object]:
    cell = next(each for each in content.cells if content.names[each.id] == found.name)
    return {"variant": cell.variant, "settings": dict(cell.settings)} | asdict(found)


def _entry(entry: Entry, group: str) -> dict[str, Any]:
    arm = entry.arm
    return {
        "name": entry.name,
        "group": group,
        "is_base": entry.is_base,
        "network": entry.network.name,
        "settings": dict(entry.settings),
        "seeds": list(arm.seeds),
        "failed": list(arm.failed),
        "missing": list(arm.missing),
        "accuracies": [float(each) for each in arm.accuracies] if arm.n else [],
        "mean": arm.mean,
        "deviation": arm.deviation,
        "seconds": entry.seconds,
    }


def _bits(outcome: CellResult) -> str:
    assert outcome.test_correct is not None, "asked only of those that read the test split"
    return b64encode(np.packbits(outcome.test_correct).tobytes()).decode("ascii")

"""The first hour on a GPU: thirteen steps in order of what they are worth, until the first surprise.

    python -m benchmarks.first_gpu -o first-gpu      # --list names the steps, --only 5 takes one of them

Each step says what it expects; what it found is written to ``findings.json`` and ``findings.md`` in the folder after
every step, so that nothing is lost where the machine is. Ends with 0 where all was as expected, 1 at a surprise, and
2 where nothing was tried: without a GPU it only says what it would do.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import torch

from builder.training.device.kinds import best_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AS_EXPECTED, SURPRISED, NOT_TRIED = 0, 1, 2


class SurpriseError(Exception):
    """Something is not as it was expected to be: look at this first."""


@dataclass
class Findings:
    """What a step found: ``facts`` by name, and ``notes`` on what was left out or is worth a look."""

    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def expect(self, what: object, otherwise: str) -> None:
        """Raise SurpriseError with ``otherwise`` unless ``what`` is true."""
        if not what:
            raise SurpriseError(otherwise)


@dataclass(frozen=True)
class Place:
    """Where a step works, and what it may use."""

    folder: Path
    data_dir: Path


@dataclass(frozen=True)
class Step:
    """One of the steps: what it does, about how many minutes that takes, and what is expected of it."""

    number: int
    title: str
    minutes: int
    expected: str
    look: Callable[[Place, Findings], None]


@dataclass(frozen=True)
class Done:
    """A step that was taken, how it ended, and what it found."""

    number: int
    title: str
    expected: str
    outcome: Literal["as expected", "surprise"]
    seconds: float
    surprise: str | None
    facts: dict[str, Any]
    notes: list[str]


def take(step: Step, place: Place) -> Done:
    """Take one step. What it raises is a surprise too, with what it found before."""
    findings, began, surprise = Findings(), perf_counter(), None
    try:
        step.look(place, findings)
    except SurpriseError as error:
        surprise = str(error)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong on a new machine is a finding
        surprise = f"the step itself failed: {type(error).__name__}: {error}"
    seconds = round(perf_counter() - began, 1)
    outcome: Literal["as expected", "surprise"] = "surprise" if surprise else "as expected"
    return Done(step.number, step.title, step.expected, outcome, seconds, surprise, findings.facts, findings.notes)


def take_all(steps: Sequence[Step], place: Place, on_done: Callable[[list[Done]], None]) -> list[Done]:
    """Take the steps in order until the first surprise; ``on_done`` hears of all so far after each."""
    done: list[Done] = []
    for step in steps:
        done.append(take(step, place))
        on_done(done)
        if done[-1].surprise is not None:
            break
    return done


def markdown(device: str, done: Sequence[Done], steps: Sequence[Step]) -> str:
    """Return the findings as a page: a table of all steps, then each that was taken."""
    by_number = {each.number: each for each in done}
    rows = []
    for step in steps:
        taken = by_number.get(step.number)
        outcome, time = (taken.outcome, f"{taken.seconds:.0f} s") if taken else ("not taken", "")
        rows.append(f"| {step.number} | {step.title} | {outcome} | {time} |")
    head = [f"# First hour on {device}", "", "| step | | outcome | time |", "|---:|---|---|---:|", *rows]
    return "\n".join([*head, *(line for each in done for line in _section(each))]) + "\n"


def _section(done: Done) -> list[str]:
    lines = ["", f"## {done.number}: {done.title}", "", f"Expected: {done.expected}"]
    if done.surprise is not None:
        lines += ["", f"**Surprise:** {done.surprise}"]
    lines += ["", *(f"- {note}" for note in done.notes)] if done.notes else []
    if done.facts:
        lines += ["", "```json", json.dumps(done.facts, indent=2, ensure_ascii=False), "```"]
    return lines


def write(folder: Path, device: str, done: Sequence[Done], steps: Sequence[Step]) -> None:
    """Write the findings in both forms."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"device": device, "torch": torch.__version__, "steps": [asdict(each) for each in done]}
    (folder / "findings.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    (folder / "findings.md").write_text(markdown(device, done, steps), "utf-8")


def listed(steps: Sequence[Step]) -> str:
    """Return what each step does, and what is expected of it."""
    return "\n".join(
        f"{each.number:>2}  {each.title} (about {each.minutes} min)\n    {each.expected}" for each in steps
    )


def chosen(steps: Sequence[Step], only: int | None) -> list[Step]:
    """Return the steps to take: all, or the one that was named."""
    return [each for each in steps if only is None or each.number == only]


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the steps that are asked for; return the exit code."""
    from benchmarks.first_gpu_steps import STEPS  # noqa: PLC0415 - which takes its words from here

    parser = argparse.ArgumentParser(
        prog="first_gpu", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("first-gpu"), help="folder of the findings and runs")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="where CIFAR-10 lies, or is put")
    parser.add_argument("--only", type=int, choices=[each.number for each in STEPS], help="take this step alone")
    parser.add_argument("--list", action="store_true", help="say what the steps are, and take none")
    asked = parser.parse_args(arguments)
    steps = chosen(STEPS, asked.only)
    if asked.list:
        sys.stdout.write(listed(steps) + "\n")
        return AS_EXPECTED
    kind = best_kind()
    if kind.is_host:
        sys.stdout.write(f"no GPU is here, and nothing is tried; on one these would be:\n{listed(steps)}\n")
        return NOT_TRIED
    device = kind.describe(torch.device(kind.name, 0))

    def on_done(done: list[Done]) -> None:
        write(asked.output, device, done, STEPS)
        last = done[-1]
        sys.stdout.write(f"{last.number:>2}  {last.outcome}, {last.seconds:.0f} s  {last.surprise or last.title}\n")

    done = take_all(steps, Place(asked.output, asked.data_dir), on_done)
    return AS_EXPECTED if all(each.surprise is None for each in done) else SURPRISED


if __name__ == "__main__":
    sys.exit(main())

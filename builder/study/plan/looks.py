"""The log of a study's looks: at how many seeds a report was made, and what it said of each claim then."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import reason_of, write_text
from builder.json_files import from_object, read_unchanged_list, with_checksum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.study.plan.plan import Plan
    from builder.study.results.folder import StudyFolder


@dataclass(frozen=True)
class LookedAt:
    """One claim at a look: what was said of it, with Holm's p-values of no difference and of one that matters."""

    claim: str
    verdict: str
    p: float | None
    equivalence_p: float | None


@dataclass(frozen=True)
class Look:
    """A report that was made when every network had ``seeds`` runs; ``is_decided`` where it left nothing open."""

    seeds: int
    is_decided: bool
    claims: tuple[LookedAt, ...]


def read_looks(folder: StudyFolder) -> tuple[Look, ...]:
    """Return the looks until now, in order; raise RunError where the log is damaged."""
    if not folder.looks.exists():
        return ()
    try:
        return tuple(from_object(Look, each) for each in read_unchanged_list(folder.looks, "looks"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{folder.looks} is damaged; it should list the looks at the study: {reason_of(error)}"
        ) from error


def log_look(folder: StudyFolder, seeds: int, claims: Iterable[LookedAt]) -> None:
    """Add a look to the log, unless there was one with as many seeds; raise RunError if it can't be written."""
    known, said = read_looks(folder), tuple(claims)
    if any(each.seeds == seeds for each in known):
        return
    is_decided = all(each.verdict not in {"undecided", "untested"} for each in said)
    content = [asdict(each) for each in (*known, Look(seeds, is_decided, said))]
    write_text(folder.looks, json.dumps(with_checksum({"looks": content}), indent=1) + "\n")


def seeds_until_next_look(folder: StudyFolder, plan: Plan) -> int:
    """Return how many seeds of each network may be run now: all, or those until the next look that is planned.

    A look that left nothing open was the last.
    """
    done = [each for each in read_looks(folder) if each.seeds in plan.looks] if plan.looks else []
    if done and done[-1].is_decided:
        return done[-1].seeds
    return next((each for each in plan.looks if not done or each > done[-1].seeds), plan.judged_seeds)

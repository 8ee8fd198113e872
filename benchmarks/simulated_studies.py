"""Studies of networks whose true accuracies are known: how often the statistics err, cover and find.

python -m benchmarks.simulated_studies errors 10000 --seed 0 --seeds 10
python -m benchmarks.simulated_studies coverage 10000 --seed 0 --seeds 10 --difference 0.3
python -m benchmarks.simulated_studies power 2000 --seed 0 --arms 4
python -m benchmarks.simulated_studies naive 10000 --seed 0
python -m benchmarks.simulated_studies twice 10000 --seed 0

With seeds as blocks, of each kind of study in each world (`--world`, all of the first four without it); `--into`
keeps what is counted, so that a count that was stopped goes on:

python -m benchmarks.simulated_studies effects|base|pairs|looks|added|classes 10000 --world unequal --into counts.jsonl
python -m benchmarks.simulated_studies effects-power 10000 --seed 0
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, stdtrit
from scipy.stats import binomtest

from benchmarks.simulated_blocks import KINDS, REQUIRED, WORLDS, blocked, effects_found
from benchmarks.simulated_world import usual_world
from builder.study.statistics import Arm, Design, Group, decide, family_size, image_error, seeds_needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.simulated_world import World
    from builder.study.statistics.family import Decision

Answers = tuple["Decision", ...]
PIECE = 500
"""Studies that are counted before the count is kept."""

SINGLE = ("errors", "coverage", "power", "naive", "twice")
"""What is counted without blocks."""


def studies(world: World, which: range, shifts: NDArray[np.float64], design: Design, seed: int) -> Iterator[Answers]:
    """Yield what is decided in each of the studies ``which``; study number i depends on ``seed`` and i alone."""
    for index in which:
        arms = world.study(shifts, design.seeds, np.random.default_rng([seed, index]))
        yield decide([Group("", arms, "0")], design)


def errors(world: World, which: range, arms: int, design: Design, seed: int) -> dict[str, int]:
    """Return in how many studies of ``arms`` equally good networks each way of judging finds a difference.

    Ours, then what each of its precautions is for: the normal distribution instead of t, Welch's test alone, and
    Welch's test without Holm.
    """
    found = dict.fromkeys(("ours", "two-way, normal, Holm", "Welch, Holm", "Welch, each by itself"), 0)
    for made in studies(world, which, np.zeros(arms), design, seed):
        gaps = [each.gap for each in made if each.gap is not None]
        welch = min(each.seeds_p for each in gaps)
        normal = min(2 * float(ndtr(-abs(each.difference) / each.variance**0.5)) for each in gaps)
        each_rate = design.error_rate / len(gaps)  # Holm finds something where Bonferroni does
        found["ours"] += any(each.can_tell for each in made)
        found["two-way, normal, Holm"] += normal <= each_rate
        found["Welch, Holm"] += welch <= each_rate
        found["Welch, each by itself"] += welch <= design.error_rate
    return found


def coverage(world: World, which: range, difference: float, design: Design, seed: int) -> dict[str, int]:
    """Return in how many studies of two networks the interval holds the true difference in points."""
    shifts = np.array([0.0, world.shift_for(difference)])
    truth = world.accuracy(shifts[1]) - world.accuracy()
    found = {"ours": 0, "Welch": 0}
    for (made,) in studies(world, which, shifts, design, seed):
        gap = made.gap
        assert gap is not None, "every run has a result"
        low, high = gap.interval(design.error_rate)
        half = -float(stdtrit(gap.seeds_freedom, design.error_rate / 2)) * gap.seeds**0.5
        found["ours"] += low <= truth <= high
        found["Welch"] += abs(gap.difference - truth) <= half
    return found


def power(world: World, which: range, arms: int, design: Design, seed: int) -> dict[str, int]:
    """Return in how many studies the one network that is better by the smallest difference comes out better.

    It is the last of ``arms``; the others are as good as the base. "the best" counts studies that name it the best.
    """
    shifts = np.zeros(arms)
    shifts[-1] = world.shift_for(design.smallest)
    better = str(arms - 1)
    found = {"better than the base": 0, "the best": 0}
    for made in studies(world, which, shifts, design, seed):
        wins = [each for each in made if better in (each.a.name, each.b.name) and each.can_tell]
        right = [each for each in wins if (each.verdict == "better") == (each.a.name == better)]
        found["better than the base"] += any("0" in (each.a.name, each.b.name) for each in right)
        found["the best"] += len(right) == arms - 1
    return found


def naive(world: World, which: range, arms: int, difference: float, seed: int) -> tuple[int, float]:
    """Return what one seed each and a look at the best shows of variants that are all as good as the base.

    In how many studies the best is ahead of the base by ``difference`` points at least, and by how much on average.
    """
    leads = []
    for index in which:
        tried = world.study(np.zeros(arms), 1, np.random.default_rng([seed, index]))
        accuracies = [100 * float(arm.accuracies[0]) for arm in tried]
        leads.append(max(accuracies[1:]) - accuracies[0])
    return sum(lead >= difference - 1e-9 for lead in leads), float(np.mean(leads))


def twice(world: World, which: range, design: Design, more: int, seed: int) -> dict[str, int]:
    """Return in how many studies of two equally good networks a difference is found after one look, and after two.

    Whoever finds nothing adds ``more`` seeds and judges all of them together.
    """
    found = {"one look": 0, "two looks": 0}
    for index in which:
        arms = world.study(np.zeros(2), design.seeds + more, np.random.default_rng([seed, index]))
        first = [Arm(arm.name, arm.seeds[: design.seeds], arm.correct[: design.seeds]) for arm in arms]
        early, late = (decide([Group("", tuple(each), "0")], design)[0].can_tell for each in (first, arms))
        found["one look"] += early
        found["two looks"] += early or late
    return found


def needed(design: Design, arms: int, images: int) -> int:
    """Return the seeds that the plan asks for, where all of ``arms`` are compared with each other."""
    pairs = family_size(arms)
    seeds = seeds_needed(design.smallest, design.deviation, pairs, design.error_rate, design.power, image_error(images))
    assert seeds is not None, "there are images enough"
    return seeds


def with_blocks(asked: argparse.Namespace) -> None:
    """Simulate studies whose seeds are blocks, and print what was counted."""
    which = range(asked.first, asked.first + asked.count)
    if asked.what == "effects-power":
        seeds, found = effects_found(which, asked.seed)
        print(f"effects-power: {8 * seeds} runs are planned, {asked.count} studies, seed {asked.seed}")
        print(f"{shown(found['found'], asked.count)}  the effect is found; {shown(found['false'], asked.count)}  false")
        return
    for name in asked.world or REQUIRED:
        begin = time.process_time()
        found = counted(asked.what, name, which, asked.seed, asked.into)
        rest = {key: round(value / asked.count, 4) for key, value in found.items() if key not in {"false", "studies"}}
        held = 100 * rest.pop("held") / rest.pop("intervals")
        print(
            f"{asked.what} {name}, {asked.count} studies, seed {asked.seed}: false claims"
            f" {shown(found['false'], asked.count)}, coverage {held:.2f} %, {rest},"
            f" {time.process_time() - begin:.0f} s of processor time",
            flush=True,
        )


def counted(kind: str, world: str, which: range, seed: int, kept: Path | None) -> Counter[str]:
    """Return what counts of these studies, in pieces that are looked for in the file ``kept`` and added to it."""
    if kept is None:
        return blocked(kind, world, which, seed)
    lines = map(json.loads, kept.read_text("utf-8").splitlines()) if kept.is_file() else ()
    known = {tuple(each["piece"]): each["found"] for each in lines}
    total: Counter[str] = Counter()
    for first in range(which.start, which.stop, PIECE):
        piece = (kind, world, seed, first, min(first + PIECE, which.stop))
        if piece not in known:
            known[piece] = {key: int(value) for key, value in blocked(kind, world, range(*piece[3:]), seed).items()}
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"piece": piece, "found": known[piece]}) + "\n")
        total.update(known[piece])
    return total


def shown(times: int, count: int) -> str:
    """Return a share with its 95 % interval (Wilson)."""
    interval = binomtest(times, count).proportion_ci(method="wilson")
    return f"{100 * times / count:6.2f} % ({100 * interval.low:.2f} to {100 * interval.high:.2f})"


def main() -> None:
    """Simulate what is asked for and print shares with their 95 % intervals (Wilson)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*SINGLE, *KINDS, "effects-power"])
    parser.add_argument("count", type=int, help="how many studies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first study, to count in pieces")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each network")
    parser.add_argument("--arms", type=int, default=21, help="the base and its variants")
    parser.add_argument("--difference", type=float, default=0.3, help="in points")
    parser.add_argument("--deviation", type=float, default=0.2, help="of a run, in points")
    parser.add_argument("--image-deviation", type=float, default=5.0, help="of two networks at an image, in points")
    parser.add_argument("--accuracy", type=float, default=94.0, help="of a network, in percent")
    parser.add_argument("--images", type=int, default=10_000, help="test images")
    parser.add_argument("--easy", type=float, default=0.75, help="the part of them that every run is right about")
    parser.add_argument("--world", choices=WORLDS, action="append", help="of studies whose seeds are blocks")
    parser.add_argument("--into", type=Path, help="a file that keeps what is counted, in pieces of 500 studies")
    asked = parser.parse_args()
    if asked.what not in SINGLE:
        with_blocks(asked)
        return
    world = usual_world(asked.accuracy, asked.deviation, asked.image_deviation, asked.images, asked.easy)
    design = Design(smallest=asked.difference, seeds=asked.seeds, deviation=asked.deviation)
    which = range(asked.first, asked.first + asked.count)
    begin = time.process_time()
    print(f"{asked.what}: {vars(asked)}")
    if asked.what == "naive":
        ahead, lead = naive(world, which, asked.arms, asked.difference, asked.seed)
        found = {f"the best seems {asked.difference:g} points ahead": ahead}
        print(f"the best seems ahead by {lead:.3f} points on average")
    elif asked.what == "errors":
        found = errors(world, which, asked.arms, design, asked.seed)
    elif asked.what == "coverage":
        found = coverage(world, which, asked.difference, design, asked.seed)
    elif asked.what == "power":
        design = replace(design, seeds=needed(design, asked.arms, world.images))
        print(f"{design.seeds} seeds are planned")
        found = power(world, which, asked.arms, design, asked.seed)
    else:
        found = twice(world, which, design, asked.seeds, asked.seed)
    for name, times in found.items():
        print(f"{shown(times, asked.count)}  {name}")
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()

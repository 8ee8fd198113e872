"""The first things that a report says: the answer, and how sure it is."""

from __future__ import annotations

import re
from statistics import fmean
from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.report.sections.blocks import Fact, Facts, Heading, Paragraph, ReportPart
from builder.study.report.sections.history import standing
from builder.study.report.sections.main_effects import shared
from builder.study.report.sections.words import NONE, accuracy, amount, rate
from builder.study.statistics import effects_sentences
from builder.study.statistics.answer import listed
from builder.study.statistics.planning import cautions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content


def headline(content: Content) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the answer comes to in large type, and what follows it: of effects, all but the first sentence."""
    said, more = answers(content), tuple(standing(content))
    if content.findings.effects is not None:
        return said[:1], (*said[1:], *more)
    return (
        (said, more) if content.findings.compare is None else (tuple(_shortened(content, each) for each in said), more)
    )


def _shortened(content: Content, sentence: str) -> str:
    """Return a sentence with the names that figures have, which leave out the base's in front of all others."""
    for entry in sorted(content.entries, key=lambda each: -len(each.name)):
        sentence = re.sub(rf"(?<![\w.]){re.escape(entry.name)}(?![\w.]*\w)", entry.short, sentence)
    return sentence


def answers(content: Content) -> tuple[str, ...]:
    """Return the answer: one sentence for each group of arms, or of effects those on them one by one."""
    if content.later:
        done = sum(each.stage == "screen" for each in content.results.outcomes)
        return (f"No best is named: the screening has not ended, {done} of {len(content.cells)} runs are there.",)
    findings = content.findings
    if findings.effects is not None:
        return effects_sentences(findings.groups[0], findings.effects, findings.design)
    return tuple(each.sentence for each in findings.answers)


def warning(content: Content) -> str | None:
    """Return what keeps the answer from being final, None where nothing does."""
    if content.is_final:
        return None
    runs = "run is" if content.open == 1 else "runs are"
    total = len(content.cells) + content.later
    return f"Not final: {content.open} of {total} planned {runs} not there yet, and every number here may still change."


def sure(content: Content) -> ReportPart:
    """Return how sure the answer is: runs, error rate, what was planned, what is ruled out."""
    findings = content.findings
    images = max((arm.images for arm in findings.arms), default=0)
    many = max((arm.observations for arm in findings.arms), default=0)
    plan = content.plan
    of_effects = findings.effects is not None
    are_groups = plan.data.groups is not None
    asked = (findings.design, findings.claims, many, plan.layout)
    said = cautions(*asked, of_effects=of_effects, are_groups=are_groups) if images else ()
    blocks: list[ReportBlock] = [Facts(tuple(_facts(content, images)))]
    blocks += [Paragraph(f"From the plan: {each}.", "note") for each in said]
    blocks += [Paragraph(each, "warning") for each in _stuck(content)]
    blocks += [Heading("How it is judged"), *_method(content)]
    return ReportPart("certainty", "How sure is that?", "Certainty", tuple(blocks))


def _stuck(content: Content) -> Iterator[str]:
    """Yield which runs have learned next to nothing, and what the answer would be without their seeds."""
    if not content.stuck:
        return
    named = listed(
        [f"{content.names[each.cell]} with seed {each.seed} ({accuracy(each.test_accuracy)})" for each in content.stuck]
    )
    learned = "has" if len(content.stuck) == 1 else "have"
    said = (
        f"{named} {learned} learned next to nothing. Such runs count like all others: leaving out those of one network "
        "alone would make it look better than it is."
    )
    other = content.without_stuck
    if other is not None:
        said += f" Without the seeds of such runs, in all networks, the answer would be: {other.sentence}"
    yield said


def _converged(content: Content) -> Iterator[Fact]:
    """Yield how many runs may not have been trained to their end."""
    runs = [each for entry in content.entries for each in entry.outcomes if each.metrics]
    if content.findings.compare is None or not runs:
        return
    last = sum(each.best_epoch == len(each.metrics) for each in runs)
    yield Fact(
        "Best in the last epoch", f"{last} of {len(runs)} runs", "where it is most of them, longer training may help"
    )


def _facts(content: Content, images: int) -> Iterator[Fact]:
    findings, design = content.findings, content.findings.design
    done, planned = sum(arm.n for arm in findings.arms), sum(arm.planned for arm in findings.arms)
    failed = sum(len(arm.failed) for arm in findings.arms)
    more = f"{done} of {planned} runs" + (f", {failed} failed" if failed else "")
    arms = (
        plural(len(findings.arms), "network") if not content.plan.arms[0].settings else f"{len(findings.arms)} variants"
    )
    yield Fact("Runs", f"{plural(design.seeds, 'seed')} × {arms}", more)
    count, what = findings.claims, "comparison" if findings.effects is None else "effect"
    over = f"over all {count} {what}s together" if count > 1 else f"one {what}"
    yield Fact("Error rate", rate(design.error_rate), over)
    yield Fact("Smallest difference that matters", amount(design.smallest), f"to be found in {rate(design.power)}")
    yield _ruled_out(content)
    yield _spread(content)
    yield from (Fact(*each) for each in shared(content))
    yield from _converged(content)
    read, groups = "read once by each run, at its end", content.plan.data.groups
    together = f"in {groups:,} groups, each one observation; {read}" if groups is not None else read
    yield Fact("Test images", f"{images:,}" if images else NONE, together)


def _ruled_out(content: Content) -> Fact:
    """Return which differences the data exclude among those that cannot be told apart."""
    bounds = [each.ruled_out_above for each in content.findings.answers if each.ruled_out_above is not None]
    more = [each.more_seeds for each in content.findings.answers if each.more_seeds is not None]
    added = f"about {plural(max(more), 'more seed')} each would decide" if more else ""
    among = (
        "among those that cannot be told apart" if content.findings.compare in (None, "pairs") else "of what is open"
    )
    return Fact(
        "Ruled out", f"more than {max(bounds):.2f} points" if bounds else NONE, added or (among if bounds else "")
    )


def _spread(content: Content) -> Fact:
    """Return how much runs of one network differ, beside what was expected."""
    own = [each for each in content.findings.blocked if each.deviation is not None]
    if own:
        seen = f"{fmean((each.deviation or 0.0) ** 2 for each in own) ** 0.5:.2f} points"
        expected = f"{content.findings.design.deviation:g} was expected"
        return Fact("Runs differ by", seen, f"standard deviation beside what seeds share; {expected}")
    found = [arm.deviation for arm in content.findings.arms if arm.deviation is not None]
    seen = f"{fmean(each**2 for each in found) ** 0.5:.2f} points" if found else NONE
    return Fact("Seeds differ by", seen, f"standard deviation; {content.findings.design.deviation:g} was expected")


def _tested(content: Content) -> str:
    """Return with which weights each run reads the test split."""
    if content.plan.base.recipe.selection == "last":
        return "Every run reads the test split once, with the weights of its last epoch."
    return "Every run picks its best epoch on the validation split and then reads the test split once."


def _method(content: Content) -> Iterator[Paragraph]:
    design = content.findings.design
    if content.findings.compare is not None:
        yield from _blocked_method(content)
        return
    yield Paragraph(
        f"{_tested(content)} "
        "A difference is judged over new seeds and new test images alike: its variance is that over the seeds plus "
        "that over the images, and it is never taken for smaller than Welch’s test takes it."
    )
    yield Paragraph(
        f"A difference counts as clear where Holm’s adjusted p-value is at most {design.error_rate:g}: were all "
        f"networks the same, a study like this would claim a difference in at most {rate(design.error_rate)} of cases. "
        f"Two networks count as equivalent where differences of {amount(design.smallest)} and more are ruled out (two "
        "one-sided tests, Holm again). Dunnett and Games-Howell, over the seeds alone, stand beside it."
    )


def _blocked_method(content: Content) -> Iterator[Paragraph]:
    design, of_effects = content.findings.design, content.findings.effects is not None
    what, plural_name = ("An effect", "effects") if of_effects else ("A difference", "differences")
    yield Paragraph(
        f"{_tested(content)} "
        "Runs with the same seed share split, order and augmentation: seeds are blocks, and what they do to all "
        f"networks counts for nothing. {what} is judged over new seeds and new test images alike: its variance is that "
        "over the seeds, from what networks and seeds leave of all runs, plus that over the images. Where the "
        "networks’ runs differ in variance, fewer degrees of freedom or each network’s own variance are what counts."
    )
    same = "did nothing" if of_effects else "were the same"
    yield Paragraph(
        f"{what} counts as clear where Holm’s adjusted p-value is at most {design.error_rate:g}: if all "
        f"{'factors' if of_effects else 'networks'} {same}, a study like this would claim something in at most "
        f"{rate(design.error_rate)} of cases. Of {plural_name} that count as equivalent, {amount(design.smallest)} and "
        "more are ruled out (two one-sided tests, Holm again)."
    )

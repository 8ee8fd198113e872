"""What was measured, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import human, plural, shape
from builder.tables import table

if TYPE_CHECKING:
    from builder.commands.bench import Alternative, Benched, Limit, Rate
    from builder.training.speed.benchmark import Ratio


def benched(value: Benched) -> str:
    """Return what was measured, our speed beside the tutorial's, other precisions, and the hardware's limit."""
    head = (
        f"{value.network}: {shape(value.input)}, {human(value.parameters)} parameters, batch {value.batch_size}\n"
        f"{value.device}, {value.precision}: {value.precision_reason}\n"
        f"{_step(value.step)}"
        f"{plural(value.images, 'image')} of {value.data}, {plural(value.rounds, 'round')}; "
        f"tutorial: fp32, PIL in a DataLoader with {plural(value.workers, 'worker')}"
    )
    rates = table(
        ["images/s", "archcli", "tutorial", "times as fast"], [_rate(each) for each in value.rates], right=[1, 2]
    )
    rows = [(f"{value.precision} (taken)", f"{value.rates[1].images_per_second:,.1f}", "1")]
    rows += [_alternative(each) for each in value.alternatives]
    steps = table(["step", "images/s", "times as fast"], rows, right=[1])
    parts = [head, rates, steps, _verdict(value), _limit(value.limit)]
    return "\n".join(["\n\n".join(parts), *(str(each) for each in value.figures)])


def _rate(rate: Rate) -> tuple[str, str, str, str]:
    return rate.what, f"{rate.images_per_second:,.1f}", f"{rate.tutorial:,.1f}", _ratio(rate.ratio)


def _alternative(each: Alternative) -> tuple[str, str, str]:
    if each.images_per_second is None or each.ratio is None:
        return each.precision, "–", each.failure or ""
    return each.precision, f"{each.images_per_second:,.1f}", _ratio(each.ratio)


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.median:.2f}  ({ratio.low:.2f} to {ratio.high:.2f} in half of the rounds)"


def _step(step: str) -> str:
    """Return how steps are taken as a line, none where they are as everybody expects."""
    return "" if step == "eager" else f"steps: {step}\n"


def _verdict(value: Benched) -> str:
    if value.faster is None:
        return "no other precision or layout is clearly faster here"
    number_format, layout, *step = value.faster.split(", ")
    options = f"--precision {number_format} --layout {layout}" if not step else f"--step {step[0]}"
    return f"{value.faster} is faster here: train with {options}"


def _limit(limit: Limit) -> str:
    return (
        f"limit: {limit.images_per_second:,.0f} images/s, bound by {limit.binds} "
        f"({human(round(limit.bytes_per_second))}B/s copied, {human(round(limit.operations_per_second))}FLOP/s in "
        f"products)\nof it the step reaches {limit.step_reaches:.0%}, end to end {limit.end_to_end_reaches:.0%}"
    )

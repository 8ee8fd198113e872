"""Numbers of a study as people read them: accuracies in percent, differences in points, probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.quantities import duration
from builder.study.report.svg.scales import decimals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NONE = "–"
"""What stands where there is no number."""


def accuracy(share: float | None) -> str:
    """Return an accuracy from 0 to 1 in percent.

    >>> accuracy(0.82114), accuracy(None)
    ('82.11 %', '–')
    """
    return NONE if share is None else f"{100 * share:.2f} %"


def points(difference: float | None) -> str:
    """Return a difference in points with its sign, a true minus, and none at 0.

    >>> points(0.314), points(-1.2), points(-0.001), points(None)
    ('+0.31', '−1.20', '0.00', '–')
    """
    if difference is None:
        return NONE
    text = f"{difference:+.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text.replace("-", "−")


def interval(ends: tuple[float, float] | None) -> str:
    """Return an interval of differences.

    >>> interval((-0.1, 0.25))
    '−0.10 to +0.25'
    """
    return NONE if ends is None else f"{points(ends[0])} to {points(ends[1])}"


def accuracies(ends: tuple[float, float] | None) -> str:
    """Return an interval of accuracies from 0 to 1, in percent.

    >>> accuracies((0.8193, 0.822))
    '81.93 to 82.20 %'
    """
    return NONE if ends is None else f"{100 * ends[0]:.2f} to {100 * ends[1]:.2f} %"


def probability(p: float | None) -> str:
    """Return a probability with three digits, as far as they say something.

    >>> probability(0.0421), probability(2e-6), probability(1.0)
    ('0.042', '< 0.001', '1')
    """
    if p is None:
        return NONE
    if p < 0.001:
        return "< 0.001"
    return "1" if p >= 0.9995 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def rate(share: float) -> str:
    """Return a rate in percent, without digits that say nothing.

    >>> rate(0.05), rate(0.005)
    ('5 %', '0.5 %')
    """
    return f"{100 * share:.6g} %"


def amount(difference: float) -> str:
    """Return a size in points.

    >>> amount(0.3), amount(1.0)
    ('0.3 points', '1 point')
    """
    return f"{difference:g} {'point' if difference == 1 else 'points'}"


def time_of(seconds: float) -> str:
    """Return the time of a run, finely enough to tell runs apart.

    >>> time_of(9.96), time_of(125)
    ('10.0 s', '2 min 5 s')
    """
    return f"{seconds:.1f} s" if seconds < 100 else duration(seconds)


def counts(values: Sequence[float]) -> list[str]:
    """Return counts in one unit, with as many digits as tell them apart.

    >>> counts([3_991_000, 3_992_000]), counts([50, 100])
    (['3.991 M', '3.992 M'], ['50', '100'])
    """
    return _in_unit(values, next((unit for unit in _COUNTS if max(values) >= unit[0]), (1.0, "")))


def times(values: Sequence[float]) -> list[str]:
    """Return seconds in one unit, with as many digits as tell them apart.

    >>> times([9.8, 10.0]), times([120, 180])
    (['9.8 s', '10.0 s'], ['2 min', '3 min'])
    """
    return _in_unit(values, next((unit for unit in _TIMES if max(values) >= unit[0]), (1.0, "s")))


_MOST_DIGITS: Final = 9
_COUNTS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_TIMES: Final = ((2 * 3600.0, "h"), (120.0, "min"))


def _in_unit(values: Sequence[float], unit: tuple[float, str]) -> list[str]:
    size = {"h": 3600.0, "min": 60.0}.get(unit[1], unit[0])
    shown = [value / size for value in values]
    digits = decimals(shown)
    apart = len(set(shown))
    while digits < _MOST_DIGITS and len({f"{value:.{digits}f}" for value in shown}) < apart:
        digits += 1
    return [f"{value:.{digits}f} {unit[1]}".rstrip() for value in shown]


def settings(values: Mapping[str, object]) -> str:
    """Return hyperparameters by the last part of their paths.

    >>> settings({"optimizer.lr": 0.01, "size": {"from": 64, "to": 96}})
    'lr=0.01, size={from: 64, to: 96}'
    """
    return ", ".join(f"{path.rpartition('.')[2]}={_as_written(value)}" for path, value in values.items())


def _as_written(value: object) -> str:
    """Return a value as a page says it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_as_written(each)}' for key, each in value.items())}}}"
    return str(value)

"""Constraints: what a variant may cost, and what may not stand together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Collector, Diagnostic
from builder.expressions import ExpressionError, evaluate
from builder.spec.calls import report_expression
from builder.spec.space import PRICES

if TYPE_CHECKING:
    from builder.costs import Cost
    from builder.spec.space import Requirement, Space


class Constraints:
    """The conditions of a space, and what came by: so that nothing but an answer is left where nobody fulfils them."""

    def __init__(self, space: Space, base: Cost) -> None:
        """Take the conditions; ``base`` is the price that they may compare with."""
        self._space = space
        self._base = {f"base_{name}": value for name, value in zip(PRICES, base, strict=True)}
        self._least: tuple[int, ...] = ()
        self._most: tuple[int, ...] = ()

    def allow(self, cost: Cost, inserted: int) -> bool:
        """Return whether a variant of this price with so many inserted layers is wanted.

        Raises ArchError for a condition that cannot be evaluated or is neither true nor false.
        """
        if not self._space.requirements:
            return True
        self._least = tuple(map(min, self._least or cost, cost))
        self._most = tuple(map(max, self._most or cost, cost))
        scope = self._base | dict(zip(PRICES, cost, strict=True)) | {"inserted": inserted}
        return all(_holds(each, scope) for each in self._space.requirements)

    def unsatisfied(self) -> Diagnostic:
        """Return what to say where no variant is left."""
        space = self._space
        ranges = zip(PRICES, self._least, self._most, strict=False)
        hint = "; ".join(f"{name} go from {least:,} to {most:,}" for name, least, most in ranges)
        if space.requirements and self._least:
            return Diagnostic("no-variant", "no variant satisfies this", space.requirements[0].text.mark, hint)
        if space.apart:
            return Diagnostic("no-variant", "every variant has both of these", space.apart[0][0].mark)
        mark = space.insertions[0].mark if space.insertions else None
        hint = "there are fewer places than `count` requires"
        return Diagnostic("no-variant", "there is no variant", mark, hint)


def _holds(requirement: Requirement, scope: dict[str, int]) -> bool:
    try:
        result = evaluate(requirement.condition, scope)
    except ExpressionError as error:
        problems = Collector()
        report_expression(error, requirement.text, problems)
        raise ArchError(*problems.found) from None
    if not isinstance(result, bool):
        message = f"`{requirement.text.value}` is neither true nor false: it gives `{result}`"
        hint = "compare with `<`, such as `$parameters < 1.1 * $base_parameters`"
        raise ArchError(Diagnostic("bad-value", message, requirement.text.mark, hint))
    return result

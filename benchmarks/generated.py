"""Networks that nobody wrote, as many as one likes: right ones are what they say, wrong ones are answered in place.

    python -m benchmarks.generated --networks 5000 --seed 1
    python -m benchmarks.generated --mistakes 1000 --seed 1
    python -m benchmarks.generated --mutations 1000 --seed 1

The first builds each network, compares every inferred shape, parameter and cost with the module's, and outputs and
gradients with the same network run node by node. The second puts one mistake into each page and counts the answers
that stand on its line and nowhere else. The third changes any word of a page as a hand slips; what is still a right
page does not count. A seed gives the same pages again.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from builder.diagnostics import ArchError
from tests.language.test_generated_pages import graph_of
from tests.mutations import Mutated, mutated_pages
from tests.networks import Wrong, wrong_pages
from tests.runtime.test_generated import check_network, pages

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from builder.diagnostics import Diagnostic

CHUNK = 250
"""Pages of one search: hypothesis remembers each of them."""


def each_of(strategy: SearchStrategy[Any], count: int, first: int, act: Networks | Mistakes | Mutations) -> None:
    """Call ``act`` with ``count`` pages that ``strategy`` makes of a seed; what it raises ends the search."""
    number = first * 1_000_003
    while act.tried < count:

        @seed(number)
        @settings(
            max_examples=min(CHUNK, count - act.tried),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(strategy)
        def some(page: Any) -> None:
            act(page)

        some()
        number += 1


class Networks:
    """Counts networks; the first that is not what its graph says ends the search with its page."""

    def __init__(self) -> None:
        self.tried = self.refused = 0

    def __call__(self, page: str) -> None:
        """Try one; two layers of it may want one key, and then it is no network."""
        try:
            check_network(page)
            self.tried += 1
        except ArchError as error:
            if any(each.code != "duplicate-name" for each in error.diagnostics):
                raise
            self.refused += 1
        except BaseException:
            print(page)
            raise


class Mistakes:
    """Counts wrong pages and those whose one answer stands on the line of the mistake."""

    def __init__(self) -> None:
        self.tried = self.at_their_line = 0
        self.elsewhere: list[str] = []

    def __call__(self, wrong: Wrong) -> None:
        """Try one."""
        self.tried += 1
        try:
            graph_of(wrong.text)
            lines: list[int | None] = []
        except ArchError as error:
            lines = [each.mark.line if each.mark else None for each in error.diagnostics]
        if lines == [wrong.line]:
            self.at_their_line += 1
        else:
            self.elsewhere.append(f"{wrong.what}: line {wrong.line}, answered at {lines}")


class Mutations:
    """Counts slips that are mistakes, and those whose every answer speaks of the line or of the name that changed."""

    def __init__(self) -> None:
        self.tried = self.at_their_line = self.still_right = 0
        self.elsewhere: list[str] = []

    def __call__(self, mutated: Mutated) -> None:
        """Try one."""
        found: tuple[Diagnostic, ...] = ()
        try:
            graph_of(mutated.text)
        except ArchError as error:
            found = error.diagnostics
        if not found:
            self.still_right += 1
            return
        self.tried += 1
        if mutated.is_answered(found):
            self.at_their_line += 1
        else:
            lines = [each.mark.line for each in found if each.mark]
            self.elsewhere.append(f"line {mutated.line}: {mutated.before} → {mutated.after}, answered at {lines}")


def main() -> None:
    """Try as many as asked for and print what became of them, in words and as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--networks", type=int, metavar="N")
    what.add_argument("--mistakes", type=int, metavar="N")
    what.add_argument("--mutations", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begin = time.perf_counter()
    result: dict[str, object] = {"seed": options.seed}
    if options.networks is not None:
        networks = Networks()
        each_of(pages(), options.networks, options.seed, networks)
        result |= {"networks": networks.tried, "refused": networks.refused, "wrong": 0}
    elif options.mutations is not None:
        mutations = Mutations()
        each_of(mutated_pages(), options.mutations, options.seed, mutations)
        result |= {"mutations": mutations.tried, "at their line": mutations.at_their_line}
        result["still right"] = mutations.still_right
        print("\n".join(mutations.elsewhere))
    else:
        mistakes = Mistakes()
        each_of(wrong_pages(), options.mistakes, options.seed, mistakes)
        result |= {"mistakes": mistakes.tried, "at their line": mistakes.at_their_line}
        print("\n".join(mistakes.elsewhere))
    result["seconds"] = round(time.perf_counter() - begin)
    result["memory in MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()

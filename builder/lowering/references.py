"""Places that a layer speaks of: the value that a gate squeezes, the layer that runs again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from builder.diagnostics import Collector, Mark
    from builder.lowering.places import Walked


class References:
    """What was spoken of and was not there; why, only the end of the page tells."""

    def __init__(self) -> None:
        self._values: list[tuple[str, list[str], Mark]] = []
        self._layers: list[tuple[str, list[str], Mark]] = []

    def value(self, wanted: str, ways: list[str], mark: Mark) -> None:
        """Remember a value that was not there when a layer asked for it; ``ways`` are the paths that it may have."""
        self._values.append((wanted, ways, mark))

    def layer(self, wanted: str, ways: list[str], mark: Mark) -> None:
        """Remember a layer that was not there to be run again; ``ways`` are the paths that it may have."""
        self._layers.append((wanted, ways, mark))

    def report(self, walked: Walked, places: Container[str], problems: Collector) -> None:
        """Report each, unless a mistake elsewhere explains it; ``places`` are the layers and points that there are."""
        for text, ways, mark in self._values:
            block = next((way for way in ways if walked.is_path(way)), None)
            if any(way in places for way in ways):
                hint = "take an earlier point: a value cannot be read before it is computed"
                problems.error("later-place", f"`{text}` is not there yet at this layer", mark, hint)
            elif block is not None:
                hint = f"name a point of it: `{text}.out`"
                problems.error("no-such-place", f"`{text}` is a block", mark, hint)
            elif not any(walked.hides(way) for way in ways):
                problems.error("no-such-place", f"there is no `{text}`", mark, partial(walked.tree.advise, text))
        for wanted, ways, mark in self._layers:
            if any(way in places for way in ways):
                hint = "define the weights there, and reuse them at the other place"
                problems.error("later-place", f"`{wanted}` comes later than this", mark, hint)
            elif any(walked.is_path(way) for way in ways):
                hint = "name the layers inside, each with its own `reuse`"
                problems.error("no-such-place", f"`{wanted}` is a block, and `reuse` runs one layer again", mark, hint)
            elif not any(walked.hides(way) for way in ways):
                advice = partial(walked.tree.advise, wanted)
                problems.error("no-such-place", f"there is no layer `{wanted}` before this one", mark, advice)

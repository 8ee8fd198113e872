"""What ``check`` passes builds in PyTorch with finite weights: every number of ``init`` and of operations, extreme."""

from __future__ import annotations

import signal
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
import torch

from builder.diagnostics import ArchError
from builder.lowering import lower, page_from_text
from builder.ops import OPERATIONS
from builder.runtime.compile import build
from builder.spec.initializers import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

VALUES = ("0", "-1", "3", "0.5", "1e39", "1e37", "-1e37", ".nan", ".inf", "-.inf", "1e-50", "1e-37", "true", "x")
OF_LISTS = (*VALUES, "[0, 0]", "[1, 2]", "[1e39, 1, 1, 1]", "[.nan, 1, 1, 1]", "99999999999")
REQUIRED = {
    "conv": {"out": "4", "kernel": "1"},
    "linear": {"out": "2"},
    "maxpool": {"kernel": "1"},
    "avgpool": {"kernel": "1"},
    "stochasticdepth": {"p": "0.1"},
    "rescale": {"scale": "[1, 1, 1, 1]", "shift": "[0, 0, 0, 0]"},
    "permute": {"dims": "[0, 1, 2, 3]"},
    "mean": {"dims": "[2, 3]"},
    "channelshuffle": {"groups": "2"},
    "groupnorm": {"groups": "2"},
    "localresponsenorm": {"size": "3"},
    "padchannels": {"out": "4"},
    "se": {"hidden": "2"},
}
LONGEST = 20  # seconds; a truncated normal that nothing falls into is drawn for ever


def page(*, init: str = "", operation: str = "") -> str:
    """Return a page with a rule for its convolution, or with an operation behind it."""
    text = "name: n\ninput: [4, 8, 8]\nclasses: 2\nlayers:\n- conv: {out: 4, kernel: 3, padding: 1}\n"
    text += (f"- {operation}\n" if operation else "") + "- adaptiveavgpool\n- flatten\n- linear: {out: $classes}\n"
    return text + (f"init: {{conv: {{weight: {init}}}}}\n" if init else "")


def is_refused_or_finite(text: str) -> bool:
    """Return whether a page is refused, or built within LONGEST seconds with finite numbers alone."""
    try:
        graph = lower(page_from_text(text, "page.yaml"))
    except ArchError:
        return True
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST)
    try:
        module = build(graph)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return all(torch.isfinite(each).all() for each in module.state_dict().values())


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def of_one_field() -> Iterator[str]:
    """Yield every function with every argument extreme."""
    for word, model in FUNCTIONS.items():
        yield word
        yield from (f"{{{word}: {{{field}: {value}}}}}" for field in model.model_fields for value in VALUES)


def of_two_fields(word: str) -> Iterator[str]:
    """Yield a function with every two of its arguments extreme."""
    for one, other in combinations(FUNCTIONS[word].model_fields, 2):
        yield from (f"{{{word}: {{{one}: {first}, {other}: {second}}}}}" for first in VALUES for second in VALUES)


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
class TestInitialization:
    """Rules of ``init``."""

    @pytest.mark.parametrize("rule", [*VALUES, *of_one_field()])
    def test_one_argument(self, rule: str) -> None:
        """Refused, or built."""
        assert is_refused_or_finite(page(init=rule))

    @pytest.mark.slow
    @pytest.mark.parametrize("word", FUNCTIONS)
    def test_two_arguments(self, word: str) -> None:
        """Refused, or built."""
        assert [rule for rule in of_two_fields(word) if not is_refused_or_finite(page(init=rule))] == []

    @pytest.mark.parametrize(
        "arguments",
        [
            "a: -1e37, b: 1e37, std: 1e37",
            "a: 1, b: 1.01",
            "a: -1e37, b: -1",
            "mean: 3, a: -1e37",
            "a: 3, b: 4",
            "mean: 1e6, std: 1, a: 999999, b: 1000001",
            "mean: 5, std: 1, a: -2, b: 2",
            "mean: 100, a: -2, b: 2",
            "std: 1e-30, a: -1e-30, b: 1e-30",
            "std: 1e37, a: -2, b: 2",
            "a: 2, b: 2",
        ],
    )
    def test_a_truncated_normal_ends(self, arguments: str) -> None:
        """PyTorch draws again until all fall inside."""
        assert is_refused_or_finite(page(init=f"{{trunc_normal: {{{arguments}}}}}"))

    @pytest.mark.parametrize("end", ["a: 0", "b: 1"])
    def test_bound_gives_both_ends(self, end: str) -> None:
        """An end beside it was an argument twice in the source, which no Python reads."""
        with pytest.raises(ArchError) as caught:
            lower(page_from_text(page(init=f"{{uniform: {{bound: 1, {end}}}}}"), "page.yaml"))
        assert f"so `{end[0]}` cannot be given too" in caught.value.diagnostics[0].message


class TestOperations:
    """Fields of operations."""

    @pytest.mark.parametrize("word", OPERATIONS)
    def test_every_field(self, word: str) -> None:
        """Refused, or built."""
        wrong = []
        for field in OPERATIONS[word].model_fields:
            for value in OF_LISTS:
                fields = REQUIRED.get(word, {}) | {field: value}
                given = ", ".join(f"{name}: {each}" for name, each in fields.items())
                if not is_refused_or_finite(page(operation=f"{word}: {{{given}}}")):
                    wrong.append(given)
        assert wrong == []

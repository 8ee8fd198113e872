"""Drawing from a space: random numbers that are the same on every machine and version of Python."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Sample:
    """How many variants to draw from a space instead of all, with which seed.

    ``stratified`` takes every number of places equally often; otherwise every choice is equally likely.
    """

    count: int
    seed: int = 0
    stratified: bool = False


class Dice:
    """Random numbers that depend on nothing but a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._thrown = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to ``limit`` - 1; some 256 bits more than needed leave no bias that could be seen."""
        self._thrown += 1
        count = limit.bit_length() // 256 + 2
        digests = (sha256(f"{self._text} {self._thrown} {each}".encode()).digest() for each in range(count))
        return int.from_bytes(b"".join(digests), "big") % limit

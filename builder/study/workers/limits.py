"""How patient a study is: how often a cell is tried, and how long whatever may hang is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Attempts, and seconds."""

    attempts: int = 3
    """After this many errors a cell has failed."""
    deaths: int = 5
    """After so many deaths of its worker in a row, none of which it came further than, too."""
    starting: float = 1800.0
    """Seconds that a worker may take to load its data."""
    silence: float = 600.0
    """Seconds without a batch after which a worker hangs."""
    stopping: float = 60.0
    """Seconds that workers get to save where they are."""
    busy: float = 1.0
    """Seconds until a cell that another process had is tried again."""
    looking: float = 0.5
    """Seconds between two looks at which workers there are."""
    unfit: float = 60.0
    """Seconds without any worker that can be used, where others were refused, after which the study ends."""

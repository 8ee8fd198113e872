"""The words that options may have, each list once: the command line offers them, and the code that acts takes them.

With them, the endings that names of images may have, which a shell is told too, and the variables of the environment
that stand for options.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

DATA_VARIABLE: Final = "ARCHCLI_DATA"
RUNS_VARIABLE: Final = "ARCHCLI_RUNS"
DEVICE_VARIABLE: Final = "ARCHCLI_DEVICE"
"""Variables that stand for options that are not given, for a server's own places."""

Format: TypeAlias = Literal["fp32", "tf32", "bf16"]
"""The number format of products."""

MemoryFormat: TypeAlias = Literal["contiguous", "channels_last"]
"""The order of images in memory."""

StepName: TypeAlias = Literal["auto", "graph", "eager"]
"""Training steps as one CUDA graph, one operation after another, or as the device can."""

KeepName: TypeAlias = Literal["all", "best"]
"""The checkpoints that a finished run leaves."""

EndedState: TypeAlias = Literal["finished", "stopped", "failed", "broken"]
"""What a run can be that nobody trains; a broken one can neither be gone on with nor read."""

MOST_THREADS = 1024
"""Threads of a CPU that can be asked for."""

SplitName: TypeAlias = Literal["train", "validation", "test"]
"""The parts of a data set."""

Level: TypeAlias = Literal["layer", "block"]
"""What a box of a figure stands for."""

ThemeName: TypeAlias = Literal["light", "dark"]
"""The colors of a figure."""

Shapes: TypeAlias = Literal["changes", "all", "none"]
"""Where a figure says sizes."""

Highlight: TypeAlias = Literal["diff", "none"]
"""What a figure of several networks marks."""

Width: TypeAlias = Literal["89mm", "183mm", "page"]
"""The widths that the live page offers; a figure takes any length."""

Direction: TypeAlias = Literal["horizontal", "vertical"]
"""How a figure is read."""

SortKey: TypeAlias = Literal["name", "parameters", "macs", "memory"]
"""What a list of variants is ordered by."""

SchemaKind: TypeAlias = Literal["page", "recipe", "study"]
"""What an editor completes."""

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Names of images end so, in upper or lower case, as torchvision's ``IMG_EXTENSIONS``."""

LIBRARIES = ("torchvision", "timm")
"""Packages whose models are found by name, where they are installed."""

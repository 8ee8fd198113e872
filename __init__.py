"""Archcli: one YAML page becomes a plain PyTorch network, its figure, its variants, its training run.

    archcli.build("resnet18", classes=10)      the network, an nn.Module with fresh weights
    archcli.load("resnet18")                   its description, without torch
    archcli.variants("alexnet", {...})         every placement of a layer, as a stream
    archcli.import_module(net, (3, 32, 32))    the page of a network that exists in Python
    archcli.draw([archcli.load("alexnet")])    the figure
    archcli.train("mine.yaml", data="digits")  a run in a folder of its own
    archcli.evaluate("runs/mine-001")          how good its best weights are
    archcli.predict("runs/mine-001", images)   what it takes image files for

Each is fetched when it is first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builder import build, evaluate, import_module, load, predict, train
    from builder.emit.diagram import draw
    from builder.variants import variants

    __version__: str

__all__ = ["__version__", "build", "draw", "evaluate", "import_module", "load", "predict", "train", "variants"]

_HOMES = {
    "build": "builder",
    "draw": "builder.emit.diagram",
    "evaluate": "builder",
    "import_module": "builder",
    "load": "builder",
    "predict": "builder",
    "train": "builder",
    "variants": "builder.variants",
}
"""Where each name comes from."""


def __getattr__(name: str) -> Any:
    """Return a name of the public face, from the room where it is described."""
    if name == "__version__":
        return importlib.import_module("builder.commands.version").run()
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public face."""
    return sorted(__all__)

"""What to say where a package is missing: the light installation checks and draws, and has nothing that trains."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import Final

from builder.commands.version import DISTRIBUTION

_STUDIES: Final = ("filelock", "numpy", "scipy")
"""What plans and reports of studies need besides the light installation."""

_PACKAGES: Final = MappingProxyType(
    {
        "PIL": "pillow",
        "matplotlib": "matplotlib",
        "pydantic": "pydantic",
        "safetensors": "safetensors",
        "sklearn": "scikit-learn",
        "torch": "torch",
        "torchvision": "torchvision",
        "yaml": "pyyaml",
        **{name: name for name in _STUDIES},
    }
)
"""The distributions that ours names as needed, by the names under which they are imported."""


def missing_package(error: ModuleNotFoundError) -> tuple[str, str] | None:
    """Return what is missing and which command installs it, or None where ``error`` speaks of no package of ours."""
    name = (error.name or "").partition(".")[0]
    if name not in _PACKAGES:
        return None
    package = _PACKAGES[name]
    called = "PyTorch (the package `torch`)" if package == "torch" else f"the package `{package}`"
    return f"this needs {called}, which is not installed", install_command(package)


def install_command(package: str) -> str:
    """Return the command that installs ``package`` with all that is used together with it."""
    if package == "matplotlib":  # what writes PDF asks for it, and needs nothing else
        return f"`pip install matplotlib` for figures as PDF, `pip install {_installable()}` for all commands"
    everything = f"pip install {_installable()}"
    if package in _STUDIES:
        return f"`pip install {' '.join(_STUDIES)}` for plans and reports of studies, `{everything}` for all commands"
    return everything


def _installable() -> str:
    """Return what pip is to be told: our name, or where this checkout lies if it was never installed."""
    try:
        distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return str(Path(__file__).parents[3])
    return DISTRIBUTION

"""What is installed only where somebody asks for it: the extras by their task, with what each is for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Extra:
    """Packages that belong together, by the names under which Python imports them, and what one can do with them."""

    packages: tuple[str, ...]
    gives: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed."""
        return tuple(name for name in self.packages if not _is_there(name))


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:  # somebody's hook forbids it
        return False


EXTRAS: Mapping[str, Extra] = MappingProxyType(
    {
        "live": Extra(("starlette", "uvicorn", "watchfiles"), "`live`, a page in a browser that follows a file"),
        "onnx": Extra(("onnx", "onnxruntime", "onnxscript"), "`export --to onnx`"),
        "studies": Extra(("optuna",), "studies that search for hyperparameters"),
        "tensorboard": Extra(("tensorboard",), "`--log tensorboard` of `train` and `study run`"),
    }
)
"""Every extra by its name in ``pyproject.toml``."""


def need(extra: str, what: str) -> None:
    """Raise RunError with the command that installs ``extra`` where ``what`` needs a package that is not there."""
    missing = EXTRAS[extra].missing
    if missing:
        names, verb = " and ".join(f"`{name}`" for name in missing), "is" if len(missing) == 1 else "are"
        packages = "the package" if len(missing) == 1 else "the packages"
        raise RunError(f"{what} needs {packages} {names}, which {verb} not installed", install(extra))


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'archcli-cnn[{extra}]'"

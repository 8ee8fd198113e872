"""Optuna, which is installed where somebody searches for hyperparameters."""

from __future__ import annotations

from typing import Any

from builder.diagnostics import RunError


def optuna(extra: str, purpose: str) -> Any:
    """Return the module; raise RunError with the ``extra`` to install where it is not there for its ``purpose``."""
    try:
        import optuna as module  # noqa: PLC0415 - an optional extra
    except ImportError:
        message = f"{purpose} by Optuna, which is not installed"
        raise RunError(message, f"pip install 'archcli-cnn[{extra}]'") from None
    module.logging.set_verbosity(module.logging.WARNING)
    return module

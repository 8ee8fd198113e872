"""Which archcli this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "archcli-cnn"


def run() -> str:
    """Return the version that is installed; a checkout that never was says so."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "(a checkout that is not installed)"

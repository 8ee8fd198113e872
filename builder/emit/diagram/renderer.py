"""Runs Graphviz: the ``graphviz-pure`` wheel's program for SVG and PNG, the system's ``dot`` for PDF.

Positions are pinned and the wheel brings its own fonts, so one input gives the same bytes on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from builder.diagnostics import RunError

PROGRAM: Final = "graphviz-pure"
RESOLUTION: Final = 300  # dots per inch, what publishers ask of a picture
_NO_LAYOUT: Final = ("-Kneato", "-n2")  # positions and splines stand in the text


def svg(source: str) -> str:
    """Return the figure as SVG; raise RunError where the wheel's program is missing or fails."""
    return _run(_wheels_program(), "svg", source).decode()


def png(source: str) -> bytes:
    """Return the figure as PNG at 300 dpi; raise RunError where the wheel's program is missing or fails."""
    return _run(_wheels_program(), "png", source, f"-Gdpi={RESOLUTION}")


def pdf(source: str) -> bytes:
    """Return the figure as PDF, drawn by the system's Graphviz; raise RunError where there is none."""
    program = shutil.which("dot")
    if program is None:
        hint = "install Graphviz (https://graphviz.org/download, or your system's package `graphviz`), or write .svg"
        raise RunError("PDF needs Graphviz's program `dot`, which is not installed", hint)
    return _run(Path(program), "pdf", source)


def _wheels_program() -> Path:
    """Return the program that the wheel installed: where this Python puts its scripts, else on the path."""
    user = sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), user, os.environ.get("PATH", "")]
    found = shutil.which(PROGRAM, path=os.pathsep.join(folders))
    if found is None:
        raise RunError(f"figures need the package `{PROGRAM}`, which is not installed", f"pip install {PROGRAM}")
    return Path(found)


def _run(program: Path, form: str, source: str, *options: str) -> bytes:
    """Return what ``program`` makes of ``source``; raise RunError with its own words where it fails."""
    command = [str(program), *_NO_LAYOUT, f"-T{form}", *options]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, check=True)  # noqa: S603 - no shell
    except OSError as error:
        raise RunError(f"`{program.name}` could not be started: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RunError(
            f"`{program.name}` could not draw the figure: {last or f'exit code {error.returncode}'}"
        ) from error
    return done.stdout

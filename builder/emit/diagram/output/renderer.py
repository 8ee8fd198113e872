"""Runs Graphviz, the ``graphviz-pure`` wheel's program, for SVG and PNG.

Positions are pinned and the wheel brings its own fonts, so one input gives the same bytes on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Final

from builder.diagnostics import RunError
from builder.emit.diagram.output.dot import BOLD, FONT
from builder.emit.diagram.output.lettering import lettered

PROGRAM: Final = "graphviz-pure"
RESOLUTION: Final = 300  # dots per inch, what publishers ask of a picture
_NO_LAYOUT: Final = ("-Kneato", "-n2")  # positions and splines stand in the text
_POSTSCRIPT: Final = {f'fontname="{BOLD}"': 'fontname="Helvetica-Bold"', f'fontname="{FONT}"': 'fontname="Helvetica"'}


def svg(source: str) -> str:
    """Return the figure as SVG; raise RunError where the wheel's program is missing or fails."""
    return lettered(_run(_wheels_program(), "svg", source).decode())


def png(source: str) -> bytes:
    """Return the figure as PNG at 300 dpi; raise RunError where the wheel's program is missing or fails."""
    return _run(_wheels_program(), "png", source, f"-Gdpi={RESOLUTION}")


def _wheels_program() -> Path:
    """Return the program that the wheel installed: where its own list says, where scripts lie, else on the path."""
    installed = _folders_of_the_wheel()
    user = sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
    folders = [
        *installed, sysconfig.get_path("scripts"), str(Path(sys.executable).parent), user, os.environ.get("PATH", ""),
    ]  # fmt: skip
    found = shutil.which(PROGRAM, path=os.pathsep.join(folders))
    if found is not None:
        return Path(found)
    if installed:
        message = f"the package `{PROGRAM}` is installed, and its program is gone from {installed[0]}"
        raise RunError(message, f"pip install --force-reinstall {PROGRAM}")
    raise RunError(f"figures need the package `{PROGRAM}`, which is not installed", f"pip install {PROGRAM}")


def _folders_of_the_wheel() -> list[str]:
    """Return where the wheel's list of files says that its program lies, wherever it was installed to."""
    try:
        files = metadata.files(PROGRAM) or []
    except metadata.PackageNotFoundError:
        return []
    return [os.path.realpath(Path(each.locate()).parent) for each in files if each.stem == PROGRAM]


def _run(program: Path, form: str, source: str, *options: str) -> bytes:
    """Return what ``program`` makes of ``source``; raise RunError with its own words where it fails."""
    command = [str(program), *_NO_LAYOUT, f"-T{form}", *options]
    text = _with_postscript_names(source).encode()
    try:
        done = subprocess.run(command, input=text, capture_output=True, check=True)  # noqa: S603 - no shell
    except OSError as error:
        raise RunError(f"`{program.name}` could not be started: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise _failed(program.name, error) from error
    return done.stdout


def _with_postscript_names(source: str) -> str:
    """Name fonts as the wheel's program knows them; no label can look like these, its quotes are escaped."""
    for ours, postscript in _POSTSCRIPT.items():
        source = source.replace(ours, postscript)
    return source


def _failed(program: str, error: subprocess.CalledProcessError) -> RunError:
    """Return the answer to a program that failed, with the last line that it wrote."""
    last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return RunError(f"`{program}` could not draw the figure: {last or f'exit code {error.returncode}'}")

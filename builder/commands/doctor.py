"""``archcli doctor``: whether everything is here that the program needs, and what it runs on."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.commands.version import run as own_version
from builder.diagnostics import ArchError, RunError
from builder.extras import EXTRAS, install
from builder.quantities import bytes_of, plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Status: TypeAlias = Literal["ok", "note", "missing"]

PACKAGES = (
    "torch", "torchvision", "numpy", "pillow", "pydantic", "pyyaml", "typer", "safetensors", "scikit-learn",
    "matplotlib", "graphviz-pure",
)  # fmt: skip
ENOUGH_DISK = 5_000_000_000  # bytes: CIFAR-10 unpacked, and some checkpoints of AlexNet with its optimizer


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``missing`` is needed and not there, a ``note`` narrows what can be done."""

    topic: str
    status: Status
    found: str
    help: str | None = None


@dataclass(frozen=True)
class Examined:
    """Everything that was looked at."""

    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing that is needed is missing."""
        return all(finding.status != "missing" for finding in self.findings)


def run(data_dir: Path, runs_dir: Path) -> Examined:
    """Look at everything. What fails is a finding too; nothing is raised and nothing is written."""
    return Examined(
        (
            Finding("archcli", "ok", own_version()),
            Finding("python", "ok", f"{platform.python_version()}, {sys.executable}"),
            *(_package(name) for name in PACKAGES),
            *(_extra(name) for name in EXTRAS),
            _device(),
            _tried("cpu", _cpu),
            _tried("networks", _networks),
            _tried("figures", _figure),
            _tried("pdf", _pdf),
            _tried("fonts", _fonts),
            _data(data_dir),
            _writable("runs", runs_dir),
            _disk(runs_dir),
        )
    )


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "missing", "not installed", f"pip install {name}")


def _extra(name: str) -> Finding:
    """Say what an extra gives, and if it is not there which command installs it."""
    extra, topic = EXTRAS[name], f"extra {name}"
    if extra.missing:
        return Finding(topic, "note", f"{', '.join(extra.missing)} not installed: for {extra.gives}", install(name))
    return Finding(topic, "ok", extra.gives)


def _tried(topic: str, look: Callable[[], str]) -> Finding:
    """Return what ``look`` sees, or why it sees nothing."""
    try:
        return Finding(topic, "ok", look())
    except RunError as error:
        return Finding(topic, "missing", error.message, error.hint)
    except (ArchError, ImportError, OSError, RuntimeError, ValueError) as error:
        return Finding(topic, "missing", f"{type(error).__name__}: {error}")


def _device() -> Finding:
    """Say what computes, after it has computed something; and what is here and does not."""
    found = _tried("device", _chosen_device)
    why = _device_left_out() if found.status == "ok" else None
    if why is None:
        return found
    help_ = "install the PyTorch that is built for it: https://pytorch.org/get-started/locally"
    return Finding("device", "note", f"{found.found}; {why}", help_)


def _chosen_device() -> str:
    from builder.training.device.devices import choose_device, describe_device

    return describe_device(choose_device())


def _device_left_out() -> str | None:
    from builder.training.device.devices import left_out

    return left_out()


def _cpu() -> str:
    """Return cores, instruction set as PyTorch uses it, and memory."""
    from builder.training.device.devices import choose_device
    from builder.training.device.environment import describe_environment
    from builder.training.device.memory import available_memory

    found = describe_environment(choose_device("cpu"))
    memory = available_memory()
    free = f", {bytes_of(memory)} of memory free" if memory else ""
    return f"{plural(os.cpu_count() or 1, 'core')}, {found['threads']} threads, {found['cpu_capability']}{free}"


def _networks() -> str:
    from builder.shipped import shipped_folder, shipped_names

    names = shipped_names()
    if not names:
        raise RunError(f"there is no page in {shipped_folder()}", "install archcli again")
    return f"{len(names)} shipped, in {shipped_folder()}"


def _figure() -> str:
    """Draw a whole figure: that the program is there does not mean that it runs."""
    from builder.emit.diagram import draw
    from builder.lowering import load

    figure = draw([load("alexnet")])
    return f"SVG {bytes_of(len(figure.svg()))}, PNG {bytes_of(len(figure.png()))}"


def _pdf() -> str:
    """Write a figure as PDF, with the font that comes with this package."""
    from builder.emit.diagram import draw
    from builder.lowering import load

    return f"PDF {bytes_of(len(draw([load('alexnet')], level='block').pdf()))}"


def _fonts() -> str:
    """Return where the font of the curves lies; those of figures are inside graphviz-pure."""
    from matplotlib.font_manager import findfont

    from builder.training.figures.style import STYLE

    return findfont(STYLE["font.family"], fallback_to_default=False)


def _data(folder: Path) -> Finding:
    """Say what lies in the folder of data sets; what is bundled needs none."""
    from builder.training.recipe.data_sets import bundled

    found = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    always = ", ".join(bundled())
    if not found:
        return Finding(
            "data", "note", f"{always}; nothing in {folder}", "others are downloaded when they are asked for"
        )
    return Finding("data", "ok", f"{always}; in {folder}: {', '.join(found[:8])}{', …' if len(found) > 8 else ''}")


def _writable(topic: str, folder: Path) -> Finding:
    """Say whether something can be written into ``folder``, or into the nearest one above it that exists."""
    above = _existing(folder)
    if os.access(above, os.W_OK | os.X_OK):
        return Finding(topic, "ok", f"{folder} can be written")
    return Finding(topic, "missing", f"{above} cannot be written", "choose another folder with --runs-dir")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    if free < ENOUGH_DISK:
        return Finding("disk", "note", f"{bytes_of(free)} free", "data sets and checkpoints take some gigabytes")
    return Finding("disk", "ok", f"{bytes_of(free)} free")


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())

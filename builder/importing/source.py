"""What a user names to a network: a name in a file of Python, a model of torchvision or timm, a ``.pt2`` file."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from builder.choices import LIBRARIES
from builder.diagnostics import ArchError, Diagnostic, Mark, suggest
from builder.files import is_file, read_regular
from builder.importing.exported import as_network
from builder.importing.wrappers import unwrapped
from builder.ops.faults import told
from builder.ops.plugins import MAX_PLUGIN_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FORMS = "`MODULE.py:NAME`, `torchvision:resnet50`, `timm:seresnet50` or `FILE.pt2`"


@dataclass(frozen=True)
class NetworkOrigin:
    """A network and where it came from: its name for a page, what the user wrote, and the file that was run for it."""

    net: nn.Module
    name: str
    said: str
    file: Path | None = None


def open_network(text: str) -> NetworkOrigin:
    """Return the network that ``text`` names; a file of Python is run.

    Raises ArchError where there is none: no such file or name, nothing that is an ``nn.Module``, arguments that nobody
    gave, or a crash in the user's own code, with that code's line.
    """
    head, _, name = text.rpartition(":")
    if text.endswith(".pt2"):
        return NetworkOrigin(_exported(Path(text)), Path(text).stem, text)
    if head in LIBRARIES:
        return NetworkOrigin(unwrapped(_of_library(head, name), text), name, text)
    if not head.endswith(".py") or not name:
        raise _refused(f"`{text}` does not name a network in Python", f"write {_FORMS}")
    file = Path(head)
    if not is_file(file):
        raise _refused(f"there is no file `{head}`", "the path is seen from the current folder")
    return NetworkOrigin(unwrapped(_of_file(file, name), text), name, text, file)


def _of_library(library: str, name: str) -> nn.Module:
    try:
        package = import_module(f"{library}.models" if library == "torchvision" else library)
    except ModuleNotFoundError:
        raise _refused(f"{library} is not installed", f"install it: `pip install {library}`") from None
    known = package.list_models(module=package) if library == "torchvision" else package.list_models()
    if name not in known:
        raise _refused(f"{library} has no model `{name}`", suggest(name, known, "its models are"))
    if library == "torchvision":
        net = package.get_model(name, weights=None, **_quickly(package.get_model_builder(name)))
    else:
        net = package.create_model(name)
    assert isinstance(net, nn.Module)
    return net


def _quickly(builder: Callable[..., object]) -> dict[str, object]:
    """Return the argument without which GoogLeNet and Inception spend minutes on their first weights."""
    name = inspect.signature(builder).parameters
    return {"init_weights": False} if "kwargs" in name and builder.__name__ in ("googlenet", "inception_v3") else {}


def _exported(file: Path) -> nn.Module:
    if not is_file(file):
        raise _refused(f"there is no file `{file}`", "the path is seen from the current folder")
    try:
        program = torch.export.load(str(file))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the file is an answer for the user
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _refused(f"`{file}` cannot be read: {reason}", "a .pt2 file is what `torch.export.save` writes") from None
    return as_network(program)


def _of_file(file: Path, name: str) -> nn.Module:
    try:
        text = read_regular(file, MAX_PLUGIN_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _refused(f"`{file}` cannot be read: {reason}", None) from None
    package, folder = package_of(file, text)
    with _beside(folder):
        module = _run(file, text, package, folder)
        if name not in vars(module):
            own = [each for each, value in vars(module).items() if _may_be_meant(value, module)]
            raise _refused(f"`{file}` has no `{name}`", suggest(name, own, "it has") if own else None)
        return _made(vars(module)[name], name, file, text)


def _may_be_meant(value: Any, module: ModuleType) -> bool:
    if isinstance(value, nn.Module):
        return True
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def _made(found: Any, name: str, file: Path, text: str) -> nn.Module:
    """Return a module, or what a class or a function makes without arguments."""
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise _refused(
            f"`{name}` is {_kind(found)}, not an `nn.Module`", "name a network, its class, or a function that makes it"
        )
    needed = _needed(found)
    if needed:
        listed = ", ".join(f"`{each}`" for each in needed)
        what = "argument" if len(needed) == 1 else "arguments"
        hint = f"write a function without arguments beside it: `def network(): return {name}(…)`, and name that"
        raise _refused(f"`{name}` needs {what}: {listed}", hint)
    try:
        made = found()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's code raises is an answer for the user
        raise crashed(error, f"`{name}` of `{file}`", file, text) from None
    if not isinstance(made, nn.Module):
        raise _refused(
            f"`{name}()` gives {_kind(made)}, not an `nn.Module`",
            "name a network, its class, or a function that makes it",
        )
    return made


def _needed(found: Any) -> list[str]:
    """Return the arguments that have no default."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return []
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in free]


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} `{name}`"


def package_of(file: Path, text: str) -> tuple[str, Path]:
    """Return the package that a file is part of, and the folder in which Python would look for it.

    None, and the file's own folder, where it imports nothing relative to itself. A folder without ``__init__.py`` is a
    package if the file says so by its dots.
    """
    folder = file.absolute().parent
    try:
        imports = [each.level for each in ast.walk(ast.parse(text)) if isinstance(each, ast.ImportFrom)]
    except SyntaxError:  # told when it is run
        return "", folder
    dots, names = max(imports, default=0), list[str]()
    while dots and (len(names) < dots or is_file(folder / "__init__.py")) and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names), folder


def _import_package(package: str, folder: Path) -> None:
    """Import a package from a folder, also where one with this name was imported from elsewhere."""
    first = package.partition(".")[0]
    known = [name for name in sys.modules if name == first or name.startswith(f"{first}.")]
    files = [Path(file) for name in known if (file := getattr(sys.modules[name], "__file__", None)) is not None]
    installed = Path(torch.__file__).parents[1]
    if any(file.is_relative_to(installed) for file in files):
        raise _refused(
            f"`{package}` is the name of an installed package too, which is used already", "rename its folder"
        )
    if not all(file.is_relative_to(folder / first) for file in files):
        for name in known:
            del sys.modules[name]
    import_module(package)


def _run(file: Path, text: str, package: str, folder: Path) -> ModuleType:
    """Run a file as Python would, among the files beside it or as part of its package, which lies in ``folder``."""
    name = f"archcli_import_{file.stem}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    module = ModuleType(name)
    module.__file__ = str(file)
    sys.modules[name] = module
    try:
        if package:
            module.__package__ = package
            _import_package(package, folder)
        exec(compile(text, str(file), "exec"), module.__dict__)  # noqa: S102 - the file that the user names
    except ArchError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises is an answer for the user
        del sys.modules[name]
        raise crashed(error, f"`{file}`", file, text) from None
    return module


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Let a file import those in a folder, as it could if Python ran it there."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def crashed(error: BaseException, what: str, file: Path | None, text: str = "") -> ArchError:
    """Return what to say of an exception in the user's code: its last line, and the last line of theirs it passed."""
    fault = told(error, str(file), text) if file is not None else None
    mark: Mark | None = fault.mark if fault is not None else None
    lines = f"{type(error).__name__}: {error}".strip().splitlines()
    return ArchError(Diagnostic("import-crash", f"{what} cannot be run: {lines[0]}", mark))


def _refused(message: str, hint: str | None) -> ArchError:
    return ArchError(Diagnostic("bad-import", message, None, hint))

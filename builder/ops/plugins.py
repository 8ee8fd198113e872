"""Operations of a user: classes in a Python file that the user names, checked before any page may call them.

A plugin is code and is run. It comes by the path that somebody writes on the command line or hands to a function,
never by a name that stands on a page or in a run's folder.
"""

from __future__ import annotations

import ast
import hashlib
import keyword
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from builder.diagnostics import ArchError, Collector, Diagnostic, Mark, Source, suggest
from builder.files import read_regular
from builder.ops import MERGES, OPERATIONS
from builder.ops.base import Family, Operation, PlaceField
from builder.ops.faults import defined_names, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.ops import Operations

_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_PREFIX, _ORIGIN = "archcli_plugin_", "__plugin_origin__"
"""How the modules of plugins are called, and under which name each says where it came from."""

_TAKEN = frozenset(
    {"aux", "activation", "branches", "classes", "identity", "in", "input", "key", "layers", "merge", "none", "out"}
    | {"repeat", "reuse", "shortcut", "split", "when", *MERGES}
)
"""Words that a page gives another meaning where a call may stand, or where a value names a place."""


@dataclass(frozen=True)
class Plugin:
    """A file of operations: its path, its text, and the operations by their words on a page."""

    path: Path
    text: str
    operations: Operations

    @property
    def sha256(self) -> str:
        """The checksum of the text, by which a run knows its plugin again."""
        return hashlib.sha256(self.text.encode()).hexdigest()


MAX_PLUGIN_BYTES = 4_000_000
"""More than any Python file that a person has written."""


class PluginOrigin(NamedTuple):
    """By what a plugin is found and known again elsewhere: its absolute path, and the checksum of its text."""

    path: str
    sha256: str


def plugin_origin(operation: type[Operation]) -> PluginOrigin | None:
    """Return where an operation came from, None where it came with the program."""
    found = getattr(sys.modules.get(operation.__module__), _ORIGIN, None)
    return found if isinstance(found, PluginOrigin) else None


def loaded_plugin(sha256: str) -> Operations | None:
    """Return the operations of the plugin with that checksum if this process has run it already."""
    for name, module in list(sys.modules.items()):
        origin = getattr(module, _ORIGIN, None) if name.startswith(_PREFIX) else None
        if isinstance(origin, PluginOrigin) and origin.sha256 == sha256:
            return MappingProxyType({each.kind: each for each in _operations(module)})
    return None


def read_plugin(path: str | os.PathLike[str], sha256: str | None = None) -> Plugin:
    """Run the Python file at ``path`` and return its operations.

    Raises ArchError for a file that can't be read or run, holds no operation, or holds one that is not complete; with
    ``sha256`` also, before anything of it is run, where its text has another checksum.
    """
    file = Path(path)
    try:
        text = read_regular(file, MAX_PLUGIN_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        hint = "a plugin is a file of Python: --plugin my_layers.py"
        raise ArchError(Diagnostic("bad-plugin", f"`{file}` cannot be read: {reason}", None, hint)) from None
    if sha256 is not None and hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise ArchError(Diagnostic("bad-plugin", f"`{file}` has changed since the plugin was loaded", None, None))
    own = _operations(_run(file, text))
    source, problems = Source(str(file), text), Collector()
    if not own:
        hint = "one is a subclass of `builder.ops.base.Operation`; docs/extending.md builds one from start to end"
        problems.error("bad-plugin", f"`{file}` defines no operation", None, hint)
    operations: dict[str, type[Operation]] = {}
    for operation in own:
        faults = list(_faults(operation))
        if not faults and operation.kind in operations:
            faults = [(f"two classes have the kind `{operation.kind}`", "give one of them another `kind`")]
        for message, advice in faults:
            problems.error("bad-plugin", message, _class_mark(operation, source), advice)
        if not faults:
            operations[operation.kind] = operation
    problems.raise_found()
    return Plugin(file, text, MappingProxyType(operations))


def read_plugins(paths: Iterable[str | os.PathLike[str]]) -> tuple[Plugin, ...]:
    """Return the plugins of several files; raise ArchError where two of them have the same word."""
    plugins = tuple(read_plugin(path) for path in _listed(paths))
    owners: dict[str, Path] = {}
    for plugin in plugins:
        for kind, operation in plugin.operations.items():
            first = owners.setdefault(kind, plugin.path)
            if first != plugin.path:
                message = f"`{kind}` is also an operation of {first}"
                mark = _class_mark(operation, Source(str(plugin.path), plugin.text))
                raise ArchError(Diagnostic("bad-plugin", message, mark, "give one of them another `kind`"))
    return plugins


def _listed(paths: object) -> list[str | os.PathLike[str]]:
    """Return the paths that a caller of Python gives; raise ArchError for what is no list of paths."""
    listed: list[Any] = list(paths) if isinstance(paths, Iterable) and not isinstance(paths, (str, bytes)) else [paths]
    if isinstance(paths, str) or not all(isinstance(each, (str, os.PathLike)) for each in listed):
        message = f"`plugins` is a list of paths, not {paths!r:.60}"
        raise ArchError(Diagnostic("usage", message, None, "such as `plugins=['my_layers.py']`"))
    return listed


def with_plugins(paths: Iterable[str | os.PathLike[str]]) -> Operations:
    """Return the operations that are always there and those of the files at ``paths``."""
    merged = dict(OPERATIONS)
    for plugin in read_plugins(paths):
        merged |= plugin.operations
    return MappingProxyType(merged)


def _run(file: Path, text: str) -> ModuleType:
    """Run a plugin and return its module, once for the same text, so that equal operations stay equal.

    It is entered among Python's modules, where pydantic looks up what its annotations mean.
    """
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    name, origin = f"{_PREFIX}{file.stem}_{sha256[:12]}", PluginOrigin(str(file.absolute()), sha256)
    if name in sys.modules:
        setattr(sys.modules[name], _ORIGIN, origin)  # where it lies now, should the first file have gone
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(file)
    setattr(module, _ORIGIN, origin)
    sys.modules[name] = module
    try:
        exec(compile(text, str(file), "exec"), module.__dict__)  # noqa: S102 - the file that the user names
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises is an answer for the user
        del sys.modules[name]
        fault = told(error, str(file), text)
        raise ArchError(Diagnostic("bad-plugin", f"`{file}` cannot be run: {fault.message}", fault.mark)) from None
    return module


def _operations(module: ModuleType) -> list[type[Operation]]:
    """Return the module's own operations; a class that others build on and that has no word is none."""
    own = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Operation)]
    own = [each for each in own if each.__module__ == module.__name__]
    bases = {base for each in own for base in each.__mro__[1:]}
    return [each for each in own if hasattr(each, "kind") or each not in bases]


def _faults(operation: type[Operation]) -> Iterator[tuple[str, str | None]]:
    """Yield what a class lacks to be an operation, each with what helps."""
    kind, family = getattr(operation, "kind", None), getattr(operation, "family", None)
    name = operation.__name__
    if not isinstance(kind, str):
        yield f"`{name}` does not say its `kind`", f'the word on the page: `kind: ClassVar[str] = "{name.lower()}"`'
    elif not _WORD.match(kind) or kind in _TAKEN or keyword.iskeyword(kind):
        hint = "small letters, digits and `_`, and no word that pages have already"
        yield f"`{kind}` cannot be the word for an operation", hint
    elif kind in OPERATIONS:
        yield f"there is already an operation `{kind}`", "give yours another `kind`"
    if family not in get_args(Family):
        listed = suggest(str(family), [each for each in get_args(Family) if each != "input"], "families are")
        yield f"`{name}` does not say its `family`, by which figures group it", listed
    for method in ("output", "call" if operation.is_module else "expression"):
        if getattr(operation, method) is getattr(Operation, method):
            yield f"`{name}` has no `{method}`", None
    if operation.place is not None and not isinstance(operation.place, PlaceField):
        yield f"`place` of `{name}` is not a `PlaceField`", 'such as `PlaceField("from", "what is read")`'
    yield from _faults_of_definition(operation)


def _faults_of_definition(operation: type[Operation]) -> Iterator[tuple[str, str | None]]:
    if operation.definition is None:
        return
    try:
        ast.parse(operation.definition)
    except SyntaxError as error:
        yield f"the `definition` of `{operation.__name__}` is not Python: {error.msg}, in its line {error.lineno}", None
        return
    taken = {name for each in OPERATIONS.values() for name in defined_names(each.definition)}
    for name in defined_names(operation.definition):
        if name in taken:
            yield f"`{name}` is the class of an operation that already exists", "give yours another name"


def _class_mark(operation: type[Operation], source: Source) -> Mark | None:
    """Return the place where a class begins."""
    match = re.search(rf"^class +{operation.__name__}\b", source.text, re.MULTILINE)
    if match is None:
        return None
    return Mark(source, source.text.count("\n", 0, match.start()) + 1, 1, len(match[0]))

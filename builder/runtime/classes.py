"""The classes of a network, compiled once from its source; a pickle of an instance holds the page, and no code.

Pickle writes a module's weights, flags and hooks as it does for any other module. In the place of its class, and of a
class by itself, which Python cannot import, stands a description of the network: its page and its plugins. ``restore``
generates the source of that page again and takes the class from it, so the receiver runs our own text, and needs
archcli.
"""

from __future__ import annotations

import ast
import copyreg
import hashlib
import linecache
import re
from abc import ABCMeta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakValueDictionary

from builder.diagnostics import ArchError, RunError
from builder.emit.python import document
from builder.lowering import lower, page_from_text, resolved_page
from builder.ops import OPERATIONS
from builder.ops.plugins import PluginOrigin, loaded_plugin, plugin_origin, read_plugin
from builder.private_paths import from_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.graph import Graph
    from builder.ops import Operations
    from builder.ops.base import Operation

Description: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...], str]
"""A network in a pickle: its name, its page, its plugins (path and checksum), the checksum of its code.

A path below the user's home begins with `~`: whoever gets the pickle need not know whose it is.
"""

_DOCSTRING = re.compile(r'"""(?:.|\n)*?"""')


_TYPE, _HOME = "_GeneratedType", "_archcli_classes"
"""Names that no network's source has: of its classes' type, and under which each of them knows all."""


class GeneratedType(ABCMeta):
    """The type of the classes here: pickle finds by it how a class is written that Python cannot import.

    It is abstract classes' type too, so that one class may be derived from a network's and from those.
    """


class Classes:
    """The classes that a network's source defines; ``network`` is its outermost one, ``namespace`` all it can name."""

    def __init__(self, graph: Graph, text: str, network: str) -> None:
        """Run ``text``, which is registered with ``linecache``, so that tracebacks show its lines."""
        self.graph = graph
        self.text = text
        filename = f"<archcli {graph.name} {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        namespace: dict[str, Any] = {
            "__name__": f"archcli.{graph.name}", "__file__": filename, _TYPE: GeneratedType,
        }  # fmt: skip
        exec(compile(_typed(text), filename, "exec"), namespace)  # noqa: S102 - our own text, made of identifiers and literals
        self.namespace: Mapping[str, Any] = MappingProxyType(namespace)
        self.by_name = MappingProxyType({name: each for name, each in namespace.items() if _is_own(each, namespace)})
        self.network: type = namespace[network]
        self._description: Description | None = None
        for each in self.by_name.values():
            if isinstance(each, GeneratedType):
                setattr(each, _HOME, self)
            if each.__reduce_ex__ is object.__reduce_ex__ and each.__reduce__ is object.__reduce__:
                each.__reduce_ex__ = self._reduction()

    def _reduction(self) -> Any:
        """Return the ``__reduce_ex__`` of the classes; it keeps them all for as long as one of them is used."""

        def reduce(instance: object, protocol: int) -> Any:
            plain: Any = object.__reduce_ex__(instance, max(2, protocol))
            if type(instance) not in self.by_name.values():  # a user's subclass, which Python can import
                return plain
            _, (cls, *arguments), *state = plain
            return restore, (self.description, cls.__name__, *arguments), *state

        return reduce

    @property
    def description(self) -> Description:
        """What pickle writes in the place of a class; the same object until plugins move: a pickle holds it once."""
        page, operations = self._described
        plugins = tuple((from_home(each.path), each.sha256) for each in _origins(operations))
        if self._description is None or self._description[2] != plugins:
            self._description = (self.graph.name, page, plugins, _code(self.text))
            _BY_DESCRIPTION[self._description] = self
        return self._description

    @cached_property
    def _described(self) -> tuple[str, tuple[type[Operation], ...]]:
        """The network's page and the operations of plugins whose words stand on it; without them it can't be read."""
        page = resolved_page(self.graph.page, self.graph)
        words = set(re.findall(r"\w+", page))
        named = (each for word, each in self.graph.page.operations.items() if word in words)
        return page, tuple(each for each in named if plugin_origin(each) is not None)


def _typed(text: str) -> ast.Module:
    """Return what ``text`` does, its modules of ``GeneratedType``; lines stay where they are."""
    tree = ast.parse(text)
    for each in tree.body:
        if isinstance(each, ast.ClassDef) and [ast.unparse(base) for base in each.bases] == ["nn.Module"]:
            each.keywords.append(ast.keyword("metaclass", ast.Name(_TYPE, ast.Load())))
    return ast.fix_missing_locations(tree)


def _reduced(cls: type) -> str | tuple[Any, ...]:
    """Return how pickle writes a class; one that a user derived is written by its name, as Python does it."""
    home = vars(cls).get(_HOME)
    return cls.__qualname__ if home is None else (class_of, (home.description, cls.__name__))


copyreg.pickle(GeneratedType, _reduced)


_BY_TEXT: WeakValueDictionary[tuple[str, ...], Classes] = WeakValueDictionary()
"""Classes in use by their text and the modules of its plugins, so that equal networks are of one class."""

_BY_DESCRIPTION: WeakValueDictionary[Description, Classes] = WeakValueDictionary()
"""Classes in use by their description, so that a copy has the class of its original, and a page is read once."""


def classes_of(graph: Graph) -> Classes:
    """Return the classes of a network: for the same source the same, while any of them is in use."""
    text, network = document(graph)
    operations = {type(node.operation) for node in graph.nodes}
    key = text, *sorted({each.__module__ for each in operations if plugin_origin(each) is not None})
    found = _BY_TEXT.get(key)
    if found is None:
        found = _BY_TEXT[key] = Classes(graph, text, network)
    return found


def restore(description: Description, name: str, *arguments: object) -> object:
    """Return an instance of a network's class ``name``, empty but for ``arguments``; pickle then fills it.

    Raises RunError where the source of the page is another one than when the network was pickled, or where a plugin is
    neither loaded nor at its place with the text that it had.
    """
    cls = class_of(description, name)
    made: object = cls.__new__(cls, *arguments)
    return made


def class_of(description: Description, name: str) -> type:
    """Return a network's class ``name``; raises what ``restore`` raises."""
    found: type = (_BY_DESCRIPTION.get(description) or _rebuilt(description)).by_name[name]
    return found


def _rebuilt(description: Description) -> Classes:
    """Return the classes of a network that was pickled elsewhere."""
    network, page, plugins, code = description
    try:
        found = classes_of(lower(page_from_text(page, f"the page of {network}", _operations(network, plugins))))
    except ArchError as error:
        raise RunError(f"{network} cannot be unpickled here: {error.diagnostics[0].message}", _OTHER_VERSION) from None
    if _code(found.text) != code:
        raise RunError(f"{network} cannot be unpickled here: its source is another one by now", _OTHER_VERSION)
    _BY_DESCRIPTION[description] = found
    return found


_OTHER_VERSION = "use the version of archcli that pickled it; what is to last is the weights: `model.state_dict()`"


def _operations(network: str, plugins: Iterable[tuple[str, str]]) -> Operations:
    """Return the operations with which a page is read; a plugin is run only if it is the one that was used."""
    merged = dict(OPERATIONS)
    for path, sha256 in plugins:
        found = loaded_plugin(sha256)
        try:
            merged |= found if found is not None else read_plugin(Path(path).expanduser(), sha256).operations
        except ArchError as error:
            name = Path(path).name
            hint = f'run the right one first: `builder.ops.plugins.read_plugin("{name}")`; its SHA-256 is {sha256}'
            raise RunError(
                f"{network} was built with the plugin {name}: {error.diagnostics[0].message}", hint
            ) from None
    return MappingProxyType(merged)


def _origins(operations: Iterable[type[Operation]]) -> list[PluginOrigin]:
    """Return where the plugins of these operations lie by now."""
    return sorted({origin for each in operations if (origin := plugin_origin(each)) is not None})


def _code(text: str) -> str:
    """Return the checksum of what ``text`` does: of all of it but the docstrings."""
    return hashlib.sha256(_DOCSTRING.sub("", text).encode()).hexdigest()


def _is_own(value: object, namespace: dict[str, Any]) -> bool:
    return isinstance(value, type) and value.__module__ == namespace["__name__"]

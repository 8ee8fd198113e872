"""What modules import inside their package, read from their source without running it, and a digest of what each says.

A digest is of the syntax tree without strings that stand by themselves: comments, docstrings and the way in which lines
are broken change nothing.
"""

from __future__ import annotations

import ast
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields of statements that hold others."""


def closure(package: Path, start: Iterable[str], without: Iterable[str] = ()) -> dict[str, str]:
    """Return a digest for each module of the folder ``package`` that ``start`` needs, by its path below that folder.

    It needs what it imports, at the top or in a function, and what that imports in turn; not what is imported for types
    alone, nor ``without``, modules or packages, and what only these import. Names are whole: ``builder.costs``.
    """
    left_out, found = frozenset(without), dict[str, str]()
    seen, waiting = set[str](), list(start)
    while waiting:
        name = waiting.pop()
        if name in seen or left_out & _with_packages(name):
            continue
        seen.add(name)
        path = _file(package, name)
        if path is None:
            waiting.append(name.rpartition(".")[0])  # perhaps something that this module defines
            continue
        tree = ast.parse(path.read_bytes())
        found[path.relative_to(package).as_posix()] = _digest(tree)
        waiting.extend(_imports(tree, name if path.stem == "__init__" else name.rpartition(".")[0]))
    return dict(sorted(found.items()))


def _with_packages(name: str) -> frozenset[str]:
    parts = name.split(".")
    return frozenset(".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _file(package: Path, name: str) -> Path | None:
    """Return the file of a module or package, None for what lies elsewhere or is no module."""
    top, *inner = name.split(".")
    if top != package.name:
        return None
    folder = package.joinpath(*inner)
    return next((each for each in (folder.with_suffix(".py"), folder / "__init__.py") if each.is_file()), None)


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield what the import statements of a module of ``package`` name: modules, and what lies in modules."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: 1 - node.level or None] if node.level else []
            origin = ".".join([*parts, node.module] if node.module else parts)
            yield from (f"{origin}.{each.name}" for each in node.names)
        for block in ("orelse",) if _is_for_types(node) else _BLOCKS:
            inner = getattr(node, block, ())
            if isinstance(inner, list):  # the body of a lambda is an expression
                waiting.extend(inner)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _digest(tree: ast.Module) -> str:
    words: list[str] = []
    _put(tree, words)
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _put(node: ast.AST, words: list[str]) -> None:
    """Add what ``node`` says; fields that are empty are left out, since every version of Python has others."""
    words.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name == "ctx":  # whether a name is read or written, its place says
            continue
        words.append(name)
        for each in value if isinstance(value, list) else (value,):
            if not isinstance(each, ast.AST):
                words.append(repr(each))
            elif not _is_text_alone(each):
                _put(each, words)
    words.append(")")


def _is_text_alone(node: ast.AST) -> bool:
    """Return whether a statement is a string that nobody uses, as docstrings are."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

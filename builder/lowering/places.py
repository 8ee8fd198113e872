"""What exists on a page, by path, what a mistake may hide, and the nearest to what does not exist."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from builder.diagnostics import nearest, suggest
from builder.spec.page import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.lowering.selectors import Selector


_WILD = frozenset("*?[")
_ADVISED = 20  # pieces of advice that one run gives: nobody reads more, and each looks at every name


class PlaceTree:
    """Blocks, layers and points as the tree that their paths make."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._advised = 0
        self._children: dict[tuple[str, ...], dict[str, None]] = {(): {}}
        for path in paths:
            segments = tuple(path.split("."))
            for length, name in enumerate(segments):
                self._children.setdefault(segments[:length], {})[name] = None

    def __contains__(self, path: tuple[str, ...]) -> bool:
        """Return whether there is something at ``path``."""
        return not path or path[-1] in self._children.get(path[:-1], ())

    @property
    def roots(self) -> list[str]:
        """The names at the top of the page."""
        return list(self._children[()])

    def points(self, path: tuple[str, ...]) -> list[str]:
        """Return the points of the block at ``path``; a layer has none."""
        return [point for point in POINTS if point in self._children.get(path, ())]

    def advise(self, text: str) -> str:
        """Return what to write instead of a path that does not exist.

        Its segments are put right one after another, those with wildcards taken for all that they match; where one has
        no near name, its neighbors are listed.
        """
        if self._advised == _ADVISED:
            return "`archcli show` lists every path"
        self._advised += 1
        deeper = self._one_deeper(tuple(text.split(".")))
        if deeper is not None:
            return f"did you mean `{'.'.join(deeper)}`?"
        right: list[str] = []
        here: set[tuple[str, ...]] = {()}
        for segment in text.split("."):
            names = dict.fromkeys(name for path in here for name in self._children.get(path, ()))
            meant = [segment] if segment in names else [each for each in names if fnmatchcase(each, segment)]
            if segment == "**" or (not meant and set(segment) & _WILD):
                return "`archcli show` lists every path"
            close = nearest(segment, names) if not meant else None
            if not meant and close is None:
                if not names:
                    return "`archcli show` lists every path"
                inside = f"in `{'.'.join(right)}` there are" if right else "there are"
                points = ", ".join(f"`{name}`" for name in POINTS if name in names)
                listed = suggest(segment, [name for name in names if name not in POINTS] or list(names), inside)
                return f"{listed}; its points are {points}" if points and points not in listed else listed
            right.append(close or segment)
            here = {(*path, each) for path in here for each in (meant or [close or ""])}
            here = {path for path in here if path in self}
        meant_path = ".".join(right)
        return f"did you mean `{meant_path}`?" if meant_path != text else "`archcli show` lists every path"

    def _one_deeper(self, wanted: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the path of which ``wanted`` leaves out one name, such as that of a block of branches."""
        for path, names in self._children.items():
            if len(path) == len(wanted) and wanted[-1] in names and wanted[-1] not in POINTS:
                differs = (at for at, pair in enumerate(zip(path, wanted, strict=True)) if pair[0] != pair[1])
                left_out = next(differs, len(path) - 1)
                if path[:left_out] + path[left_out + 1 :] == wanted[:-1]:
                    return (*path, wanted[-1])
        return None


class Walked:
    """All that one walk passed, and what a mistake hides, which is not spoken of again: it may well exist without it.

    ``keys`` are by path, ``places`` every layer and point, ``hidden`` paths below which something may be missing, and
    ``instances`` gives the path of the first instance of every template that was called.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        places: Iterable[str],
        hidden: Iterable[tuple[str, ...]],
        instances: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._keys = keys
        self._places = places
        self._hidden = frozenset(hidden)
        self._instances = instances

    @cached_property
    def tree(self) -> PlaceTree:
        """Everything by path, made when first asked for: only mistakes do."""
        return PlaceTree((*self._keys, *self._places))

    def may_hide(self, selector: Selector) -> bool:
        """Return whether what ``selector`` means may be missing only because of a mistake elsewhere."""
        return bool(self._hidden) if not selector.explicit else self.hides(".".join(selector.segments))

    def hides(self, path: str) -> bool:
        """Return whether ``path`` may be missing only because of a mistake elsewhere."""
        segments = tuple(path.split(".")) if path else ()
        return any(segments[:length] in self._hidden for length in range(len(segments) + 1))

    def is_path(self, path: str) -> bool:
        """Return whether a block or a layer has this path."""
        return path in self._keys

    def is_called(self, template: str) -> bool:
        """Return whether a template, or one that a pattern means, has instances."""
        return self._instance_of(template) is not None

    def _instance_of(self, template: str) -> tuple[str, ...] | None:
        """Return the path of the first instance of a template, or of those that a pattern means."""
        return next((path for name, path in self._instances.items() if fnmatchcase(name, template)), None)

    def path_of_key(self, key: str) -> str | None:
        """Return the path of what has ``key``, where a user wrote one for the other."""
        return next((path for path, own in self._keys.items() if own == key), None)

    def not_found(self, selector: Selector) -> tuple[str, str]:
        """Return what to say of a selector that finds nothing, and what to do about it."""
        template, text = selector.template, selector.text
        first = self._instance_of(template) if template is not None else None
        if template is not None and first is None:
            return f"`{text}` matches nothing", f"`{template}` is not used on this page"
        if first is not None:
            inside = text.partition(".")[2]
            instance = ".".join(first)
            hint = self.tree.advise(f"{instance}.{inside}").replace(f"`{instance}.", f"`{template}.")
            return f"no `{template}` has `{inside}`", hint
        head, _, rest = text.partition(".")
        close = nearest(head, self._instances) if (head,) not in self.tree and not set(head) & _WILD else None
        if close is not None and nearest(head, [close, *self.tree.roots]) == close:
            return f"there is no `{text}`", f"did you mean `{'.'.join(each for each in (close, rest) if each)}`?"
        if not selector.explicit:
            return f"`{text}` matches nothing", self.tree.advise(text)
        path = self.path_of_key(".".join(selector.segments))
        if path is not None:
            return f"`{'.'.join(selector.segments)}` is a key, not a path", f"its path is `{path}`"
        return f"there is no `{text}`", self.tree.advise(text)

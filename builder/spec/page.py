"""What a page says, parsed but not yet expanded: the words of the grammar as values.

Texts that may be expressions stay marked values until their variables are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from builder.diagnostics import Diagnostic, Mark
    from builder.reader import Mapping, Scalar, Value

POINTS = ("in", "branch_in", "branch", "shortcut", "pre_activation", "out")
"""The named points of a block, in the order in which a value passes them."""


RESERVED = ("in", "i", "first", "classes", "nth", "total", "point", "at")
"""Variables that have a meaning everywhere; ``$last`` and ``$out`` have theirs where nothing else is called so."""

REUSE = "reuse"
"""The call that runs a layer a second time, with the same weights."""


LANGUAGE = 2
"""The version of the language that pages are written in today.

In version 1, blocks of ``branches`` gave their layers no name, ``key:`` did not hold for shortcuts, and a branch of
which ``when`` left nothing was the identity.
"""


@dataclass(frozen=True)
class LayerCall:
    """An operation, a template or a parameter that holds one of them, with its fields and a key of its own."""

    name: Scalar
    fields: Mapping
    mark: Mark
    key: Scalar | None = None

    @property
    def text(self) -> str:
        """The word that is called."""
        return str(self.name.value)


@dataclass(frozen=True)
class Broken:
    """Stands for what could not be read; that was reported, and what depends on it is unknown."""

    mark: Mark


@dataclass(frozen=True)
class Item:
    """One entry of a body: what it is, whether it is there, and how often."""

    content: LayerCall | BlockSpec | Broken
    mark: Mark
    when: Value | None = None
    repeat: Value | None = None
    aux: Mark | None = None


@dataclass(frozen=True)
class Body:
    """Items in order; ``names`` are None in a list, which numbers them."""

    entries: tuple[tuple[Scalar | None, Item], ...]
    numbered: bool
    mark: Mark


@dataclass(frozen=True)
class Branch:
    """One of parallel bodies, or a shortcut: whether it is there, and how often."""

    body: Body
    when: Value | None = None
    repeat: Value | None = None


Shortcut: TypeAlias = "Scalar | Body | Branch"
"""A word, a template's name or an expression that gives one of them; or layers, which may have a condition."""


@dataclass(frozen=True)
class BlockSpec:
    """The block fields: layers or branches, what runs beside them, how they meet, what follows.

    ``broken`` says that one of them could not be read: what leaves the block is unknown then.
    """

    mark: Mark
    layers: Body | None = None
    branches: tuple[Branch, ...] | None = None
    split: Value | None = None
    key: Scalar | None = None
    shortcut: Shortcut | None = None
    shortcut_first: bool = False
    merge: Scalar | None = None
    activation: Item | None = None
    broken: bool = False


@dataclass(frozen=True)
class TemplateParameter:
    """What a page or a template may vary: a required kind, or a default that gives the kind."""

    name: Scalar
    kind: str
    default: Value | None


@dataclass(frozen=True)
class Template:
    """A block with parameters."""

    name: Scalar
    params: tuple[TemplateParameter, ...]
    block: BlockSpec
    counts: bool = False  # whether it mentions `$nth` or `$total`

    def called(self, call: LayerCall) -> BlockSpec:
        """Return the block that a call makes: with the call's key, if that has one."""
        return self.block if call.key is None else replace(self.block, key=call.key)


@dataclass(frozen=True)
class Insert:
    """A new layer at some places."""

    item: Item
    at: tuple[Scalar, ...]
    name: Scalar | None = None


@dataclass(frozen=True)
class Replacement:
    """Another item under the same name, or None to remove it."""

    selector: Scalar
    item: Item | None


@dataclass(frozen=True)
class Member:
    """One member of a family: what differs from the page's defaults, and what is wrong with how it is written."""

    name: Scalar
    params: Mapping
    found: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class InitRule:
    """How some parameters begin: of every instance of an operation, or of what a selector finds."""

    target: Scalar
    parameter: Scalar
    value: Value


@dataclass(frozen=True)
class Header:
    """The page's name and the size of its input and output, as far as it gives them."""

    name: Scalar
    input: tuple[int, int, int] | Broken | None = None
    classes: int | Broken | None = None
    extends: Scalar | None = None
    member: Scalar | None = None
    version: int | Broken | None = None
    language: int | Broken | None = None
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page. ``block`` is None on a page that extends another, or holds templates for others to use."""

    header: Header
    raw: Mapping
    uses: tuple[Scalar, ...] = ()
    libraries: tuple[Page, ...] = ()
    block: BlockSpec | None = None
    params: dict[str, TemplateParameter] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    defaults: dict[str, Mapping] = field(default_factory=dict)
    init: tuple[InitRule, ...] = ()
    templates: dict[str, Template] = field(default_factory=dict)
    insert: tuple[Insert, ...] = ()
    set: dict[str, tuple[Scalar, Mapping]] = field(default_factory=dict)
    replace: dict[str, Replacement] = field(default_factory=dict)
    variants: Mapping | None = None

"""The fixed fields of a page, a template and a block, as pydantic models: one place that knows their names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from builder.ops.base import Count
from builder.validation import Strict

Anything = Any
"""A field that ``parse`` takes apart itself."""

SEGMENT = r"[A-Za-z_][A-Za-z0-9_-]*"
"""A name: what a path consists of."""

LETTERS = "letters, digits, `_` and `-`, beginning with a letter"


class ItemFields(Strict):
    """What may stand beside a call."""

    when: Anything = None
    repeat: Anything = None
    aux: bool = False


class BlockFields(ItemFields):
    """What makes a block."""

    layers: Anything = None
    branches: Anything = None
    split: Anything = None
    key: Annotated[str | None, Field(pattern=rf"^(\.|{SEGMENT})$", description=f"{LETTERS}; or `.`")] = None
    shortcut: Anything = None
    merge: Anything = None
    activation: Anything = None


class ReuseFields(Strict):
    """What ``reuse`` takes: the path of an earlier layer."""

    layer: str


class TemplateFields(Strict):
    """What a template says: a block with parameters."""

    params: Anything = None
    layers: Anything = None
    branches: Anything = None
    split: Anything = None
    shortcut: Anything = None
    merge: Anything = None
    activation: Anything = None


class PageFields(Strict):
    """The top level of a page: a block, and what surrounds it."""

    name: Annotated[str, Field(pattern=rf"^{SEGMENT}$", max_length=100, description=LETTERS)]
    extends: str | None = None
    uses: Anything = None
    member: str | None = None
    input: tuple[Count, Count, Count] | None = None
    classes: Count | None = None
    version: Annotated[Count | None, Field(description="PyTorch saves it as the network's own; 1 if not given")] = None
    params: Anything = None
    members: Anything = None
    defaults: Anything = None
    init: Anything = None
    templates: Anything = None
    layers: Anything = None
    branches: Anything = None
    shortcut: Anything = None
    merge: Anything = None
    activation: Anything = None
    insert: Anything = None
    set: Anything = None
    replace: Anything = None
    variants: Anything = None


MODIFIERS = tuple(ItemFields.model_fields)
BLOCK_FIELDS = tuple(name for name in BlockFields.model_fields if name not in MODIFIERS)

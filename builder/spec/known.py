"""The words that may be called where a page is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.ops import Operations


@dataclass(frozen=True)
class Known:
    """Operations by their word, templates by name, and the operations whose fields have defaults on a page.

    ``variables`` are the parameters of the page and its templates; ``more_templates`` says that some could not be read.
    ``plugins`` are files that the page says it needs.
    """

    operations: Operations
    templates: tuple[str, ...] = ()
    defaults: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    more_templates: bool = False
    plugins: tuple[str, ...] = ()

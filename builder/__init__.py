"""Compile one YAML page into a plain ``nn.Module``; see ``docs/architecture.md`` for the rooms.

Nothing is imported here but names that need no torch: ``builder.build`` fetches torch when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from torch import nn

    from builder.expressions import Result
    from builder.graph import Graph

__all__ = ["build", "load"]


def load(
    page: str | os.PathLike[str],
    *,
    member: str | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    **params: Result,
) -> Graph:
    """Return the graph of a page, without torch.

    ``page`` is a file, a file and a member (``mine.yaml:small``) or the name of a shipped architecture; ``input`` is
    (channels, height, width), ``plugins`` are files of operations, which are run, and ``params`` are parameters of the
    page. Raises ArchError with every mistake.
    """
    from builder.lowering import load as lowered  # noqa: PLC0415 - whoever imports one room pays for no other
    from builder.ops.plugins import with_plugins  # noqa: PLC0415 - the same

    operations = with_plugins(plugins)
    return lowered(page, member=member, input=input, classes=classes, params=params, operations=operations)


def build(
    page: str | os.PathLike[str],
    *,
    member: str | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    **params: Result,
) -> nn.Module:
    """Return the network of a page as a plain module with fresh weights; the arguments are those of ``load``.

    It maps a batch (images, channels, height, width) to logits (images, classes). Raises ArchError with every mistake.
    """
    from builder.runtime.compile import build as compiled

    return compiled(load(page, member=member, input=input, classes=classes, plugins=plugins, **params))

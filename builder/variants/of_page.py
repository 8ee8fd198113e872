"""From a page and what a user says of a space to its variants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Collector, Diagnostic, suggest
from builder.lowering.finding import find
from builder.lowering.pages import read_base
from builder.ops.plugins import with_plugins
from builder.reader import Mapping, read_text
from builder.spec.space import parse_space
from builder.variants.context import Origin
from builder.variants.enumeration import Variants
from builder.variants.sampling import Sample

if TYPE_CHECKING:
    import collections.abc
    import os
    from collections.abc import Sequence

    from builder.lowering.pages import Base


def variants(
    page: str | os.PathLike[str],
    space: collections.abc.Mapping[str, object] | Mapping | None = None,
    *,
    classes: int | None = None,
    uses: str | None = None,
    sample: Sample | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
) -> Variants:
    """Return the variants of a page, which are made one by one as they are iterated over.

    ``space`` has the entries that stand under ``variants:`` on a page, such as
    ``{"which": {"insert": "se", "among": "block*.pre_activation"}}``; without it the page's own hold. ``uses`` is a
    page of templates, ``plugins`` are files of operations. Raises ArchError with every mistake, and for a
    space that is too large and not sampled.
    """
    if sample is not None and not isinstance(sample, Sample):
        message = f"`sample` says how many variants to draw, not `{type(sample).__name__}`"
        raise ArchError(Diagnostic("usage", message, None, "such as `sample=Sample(100, seed=0)`"))
    operations = with_plugins(plugins)
    path, member = find(page)
    base = read_base(path, member, operations)
    header: dict[str, object] = {"extends": path.name}
    header |= {"member": member} if member is not None else {}
    header |= {"uses": uses} if uses is not None else {}
    header |= {"classes": classes} if classes is not None else {}
    whole = base.extended(
        "\n".join(["name: variant", *(f"{key}: {value}" for key, value in header.items())]), "variant.yaml"
    )
    problems = Collector(whole.found)
    asked = parse_space(_entries(base, space), whole.known, problems)
    for choice in asked.choices:
        if choice.parameter.value not in whole.params:
            hint = suggest(str(choice.parameter.value), list(whole.params), "its parameters are")
            message = f"`{choice.parameter.value}` is not a parameter of `{base.merged().title}`"
            problems.error("unknown-parameter", message, choice.parameter.mark, hint)
    problems.raise_found()
    return Variants(Origin(base, asked, classes, header), sample)


def _entries(base: Base, space: collections.abc.Mapping[str, object] | Mapping | None) -> Mapping:
    if isinstance(space, Mapping):
        return space
    if space is not None:
        return read_text(_as_text(space), "<space>")
    own = base.merged().variants
    if own is None or not own.entries:
        hint = "such as `--insert se --among 'block*.out'`, or `variants:` on the page"
        raise ArchError(Diagnostic("no-space", "nothing says what to vary", base.merged().mark, hint))
    return own


def _as_text(space: object) -> str:
    """Return what a caller of Python gives as a page writes it; raise ArchError for what no page can write."""
    try:
        return json.dumps(space)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"a space is made of mappings, lists, texts and numbers: {error}"
        hint = "such as `{'se': {'insert': 'se', 'among': '*'}}`"
        raise ArchError(Diagnostic("usage", message, None, hint)) from None

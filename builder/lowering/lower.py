"""One merged page to one graph."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from builder.diagnostics import Collector, Mark, Source
from builder.graph import Graph
from builder.lowering.arguments import bind
from builder.lowering.blocks import root_block
from builder.lowering.edits import Edits
from builder.lowering.initialisation import initialisations
from builder.lowering.pages import merge_mappings
from builder.lowering.scope import UNKNOWN, Evaluator, UnknownValueError, marked
from builder.lowering.walk import TooLargeError, Walk
from builder.ops.base import Count
from builder.reader import Mapping, Scalar, Sequence
from builder.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from builder.expressions import Result
    from builder.graph import Block
    from builder.lowering.frame import Flow
    from builder.lowering.pages import Merged
    from builder.lowering.scope import Scope


def lower(
    page: Merged,
    *,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    params: Table[str, Result] | None = None,
) -> Graph:
    """Return the graph of a merged page; what is given here holds before what the page says.

    Raises ArchError with every mistake, in the order of the text.
    """
    problems = Collector()
    _need_member(page, params or {}, problems)
    problems.raise_found()
    evaluator = Evaluator(problems)
    scope = _page_scope(page, classes, params or {}, evaluator, problems)
    shape = _size(page, input, problems)
    problems.raise_found()
    walk, root, flow = _walk(page, scope, shape, problems)
    rules = initialisations(walk)
    if flow is not None:
        _check_head(page, flow[1], scope["classes"], problems)
    heads = tuple(block for block in root.blocks() if block.head) if root is not None else ()
    for head in heads:
        _check_side_head(head, walk, scope["classes"], problems)
    problems.raise_found()
    assert root is not None, "a block is missing only where a mistake was reported"
    return Graph(
        name=page.name,
        title=page.name,
        input=shape,
        classes=int(str(scope["classes"])),
        nodes=tuple(walk.nodes),
        root=root,
        initialisations=rules,
        heads=heads,
        params=MappingProxyType({name: scope[name] for name in page.params}),
    )


def _walk(page: Merged, scope: Scope, shape: Shape, problems: Collector) -> tuple[Walk, Block | None, Flow]:
    """Walk the page; where templates ask for ``$total``, a first walk counts."""
    total = 2  # any number over 1 serves a walk that only counts
    if any(template.counts for template in page.templates.values()):
        total = max(1, _once(page, scope, shape, Collector(), total)[0].counted)
    walk, root, flow = _once(page, scope, shape, problems, total)
    walk.finish()
    return walk, root, flow


def _once(page: Merged, scope: Scope, shape: Shape, problems: Collector, total: int) -> tuple[Walk, Block | None, Flow]:
    walk = Walk(page, scope, shape, Edits(page, scope, Evaluator(problems)), problems, total)
    try:
        root, flow = root_block(walk, shape)
    except TooLargeError:
        problems.raise_found()
        raise
    return walk, root, flow


def _need_member(page: Merged, params: Table[str, Result], problems: Collector) -> None:
    """Report a family that is asked for without a member, which alone gives what is required."""
    missing = [
        name
        for name, parameter in page.params.items()
        if parameter.default is None and page.given.get(name) is None and name not in params
    ]
    if missing and page.members:
        listed = ", ".join(f"`{name}`" for name in page.members)
        message = f"`{page.title}` is a family: its members give `{missing[0]}`"
        problems.error("choose-member", message, page.mark, f"name one of {listed}")


def _page_scope(
    page: Merged, classes: int | None, params: Table[str, Result], evaluator: Evaluator, problems: Collector
) -> Scope:
    """Return the variables that the whole page sees: its parameters and ``$classes``."""
    scope: Scope = {}
    count: object = classes if classes is not None else page.classes
    if isinstance(count, Scalar):
        try:
            count = evaluator.result(count, {})
        except UnknownValueError:
            count = None
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        problems.error(
            "missing-field", "the page does not say how many `classes` there are", page.mark, "`classes: 10`"
        )
        count = None
    scope["classes"] = count if isinstance(count, int) else UNKNOWN
    given = merge_mappings(page.given, _arguments(params)) if params else page.given
    return bind(page.params.values(), given, dict(scope), scope, f"`{page.title}`", evaluator, problems)


def _arguments(params: Table[str, Result]) -> Mapping:
    """Return what a caller gives from Python or the command line as if it stood on a page."""
    entries = []
    for name, value in params.items():
        mark = Mark(Source("<arguments>", f"{name}: {value}"), 1, 1, len(name))
        entries.append((Scalar(name, mark), marked(value, Scalar(None, mark))))
    return Mapping(tuple(entries), Mark(Source("<arguments>", ""), 1, 1))


def _size(page: Merged, given: tuple[int, int, int] | None, problems: Collector) -> Shape:
    size: object = given if given is not None else page.input
    mark = page.mark
    if isinstance(size, (Scalar, Sequence)):
        mark = size.mark
        size = size.plain()
    try:
        return Shape(_SIZE.validate_python(size, strict=True))
    except ValidationError:
        message = "the page does not say its `input`" if size is None else "`input` is channels, height and width"
        problems.error("missing-field" if size is None else "bad-value", message, mark, "`input: [3, 224, 224]`")
        return Shape((1, 1, 1))


def _check_head(page: Merged, shape: Shape, classes: object, problems: Collector) -> None:
    if shape != Shape((classes,)):  # type: ignore[arg-type]  # known here: unknown classes were raised before
        hint = "end with `flatten` and `linear: {out: $classes}`"
        message = f"the network ends with {shape}, not with a number for each of {classes} classes"
        problems.error("no-head", message, page.mark, hint)


def _check_side_head(head: Block, walk: Walk, classes: object, problems: Collector) -> None:
    shape = walk.shape_of(head.output)
    if shape != Shape((classes,)):  # type: ignore[arg-type]  # as above
        hint = "end it with `flatten` and `linear: {out: $classes}`"
        message = f"`{head.path}` ends with {shape}, not with a number for each of {classes} classes"
        problems.error("no-head", message, head.mark, hint)


_SIZE: TypeAdapter[tuple[int, int, int]] = TypeAdapter(tuple[Count, Count, Count])

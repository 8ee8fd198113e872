"""One merged page to one graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter, ValidationError

from builder.diagnostics import Collector, Mark, Source, suggest
from builder.graph import Graph
from builder.lowering.arguments import bind, check_kind
from builder.lowering.blocks import root_block
from builder.lowering.draft import Draft, channels_first
from builder.lowering.edits import Edits
from builder.lowering.initialization import initializations
from builder.lowering.pages import merge_mappings
from builder.lowering.scope import UNKNOWN, Evaluator, Scope, TooLargeError, UnknownValueError, marked
from builder.lowering.walk import Walk
from builder.ops.base import Count
from builder.reader import Mapping, Scalar, Sequence
from builder.shapes import Shape
from builder.spec.calls import holds_expression
from builder.spec.page import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from builder.expressions import Result
    from builder.graph import Block
    from builder.lowering.frame import Flow
    from builder.lowering.pages import Merged
    from builder.lowering.scope import Unknown
    from builder.lowering.tape import Tape


@dataclass
class Work:
    """What networks that are lowered together have cost so far: ``steps`` of the walks, and entries that were read."""

    steps: int = 0

    def read(self, page: Merged) -> None:
        """Count the entries that are looked at once for each network, however small it is."""
        tables = (page.params, page.given.entries, page.defaults, page.init, page.templates, page.set, page.replace)
        self.steps += sum(map(len, tables)) + sum(len(insert.at) for insert in page.insert)


def lower(
    page: Merged,
    *,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    params: Table[str, Result] | None = None,
    work: Work | None = None,
    tape: Tape | None = None,
) -> Graph:
    """Return the graph of a merged page; what is given here holds before what the page says.

    What it costs is added to ``work``; a ``tape`` holds what becomes of its numbers, parameters of the page. Raises
    ArchError with every mistake, in the order of the text.
    """
    work = work if work is not None else Work()
    work.read(page)
    problems = Collector(page.found)
    try:
        return _lowered(page, input, classes, params or {}, work, problems, tape)
    except TooLargeError:
        problems.raise_found()
        raise


def _lowered(
    page: Merged,
    size: tuple[int, int, int] | None,
    given_classes: int | None,
    params: Table[str, Result],
    work: Work,
    problems: Collector,
    tape: Tape | None,
) -> Graph:
    _check_members(page, problems)
    if _is_family(page, params, problems):
        problems.raise_found()  # whatever its members give is unknown
    evaluator = Evaluator(problems, tape)
    scope = _page_scope(page, given_classes, params, evaluator, problems, tape)
    shape = _size(page, size, problems)
    draft, root, flow = _walk(page, scope, shape, problems, work, tape)
    rules = initializations(draft)
    if flow is not None and scope["classes"] is not UNKNOWN:
        _check_head(page, draft, flow, scope["classes"], problems)
    heads = tuple(block for block in root.blocks() if block.head) if root is not None else ()
    if flow is not None:
        draft.check_read({flow[0], *(head.output for head in heads)})
    if tape is not None and flow is not None:
        for output in (flow[0], *(head.output for head in heads)):
            tape.kept(output, attrgetter("shape"))
    for head in heads:
        _check_side_head(head, draft, scope["classes"], problems)
    if size is None and shape is not None and not problems:
        _check_order(page, shape, problems)
    problems.raise_found()
    assert root is not None, "a block is missing only where a mistake was reported"
    assert shape is not None, "the same"
    return Graph(
        name=page.name,
        title=page.name,
        input=shape,
        classes=int(str(scope["classes"])),
        nodes=tuple(draft.nodes),
        root=root,
        initializations=rules,
        heads=heads,
        params=MappingProxyType({name: scope[name] for name in page.params}),
        version=page.version,
        page=page,
    )


def _walk(
    page: Merged, scope: Scope, shape: Shape | None, problems: Collector, work: Work, tape: Tape | None
) -> tuple[Draft, Block | None, Flow]:
    """Walk the page; where templates ask for ``$total``, a first walk counts."""
    total = 2  # any number over 1 serves a walk that only counts
    if any(template.counts for template in page.templates.values()):
        total = max(1, _once(page, scope, shape, Collector(), total, work)[0].counted)
        if tape is not None:
            tape.stop()  # it does not hold how the first walk counted
    draft, root, flow = _once(page, scope, shape, problems, total, work, tape)
    draft.finish()
    return draft, root, flow


def _once(
    page: Merged,
    scope: Scope,
    shape: Shape | None,
    problems: Collector,
    total: int,
    work: Work,
    tape: Tape | None = None,
) -> tuple[Draft, Block | None, Flow]:
    edits = Edits(page, scope, Evaluator(problems, tape))
    if not edits.check_count(problems):
        problems.raise_found()
    if tape is not None:
        tape.begin(shape or _ANY)
    draft = Draft(page, scope, shape or _ANY, edits, problems, total, tape)
    walk = Walk(draft)
    try:
        root, flow = root_block(draft, walk, shape)
    finally:
        work.steps += walk.steps
    return draft, root, flow


def _is_family(page: Merged, params: Table[str, Result], problems: Collector) -> bool:
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
    return bool(missing and page.members)


def _check_members(page: Merged, problems: Collector) -> None:
    """Report what the member that is asked for, or any where none is, gives and the page has no parameter for."""
    known = [*page.params, "input", "classes"]
    for member in page.members.values() if page.member is None else (page.member,):
        for key, value in member.params.entries:
            name = str(key.value)
            if name not in known:
                hint = partial(suggest, name, known, "its parameters are")
                problems.error("unknown-parameter", f"`{name}` is not a parameter of `{page.title}`", key.mark, hint)
            elif name in page.params and isinstance(value, (Scalar, Sequence)) and not holds_expression(value):
                check_kind(cast("Result", value.plain()), page.params[name], value.mark, problems)


def _page_scope(
    page: Merged,
    classes: int | None,
    params: Table[str, Result],
    evaluator: Evaluator,
    problems: Collector,
    tape: Tape | None,
) -> Scope:
    """Return the variables that the whole page sees: its parameters and ``$classes``."""
    count = _classes(classes if classes is not None else page.classes, page, evaluator, problems)
    scope = Scope({"classes": count})
    given = merge_mappings(page.given, _arguments(params)) if params else page.given
    caller = scope
    if tape is not None:
        caller = scope.seeing(tape.numbers, tape.registers)
        given = merge_mappings(given, _arguments({name: f"${name}" for name in tape.numbers}))
    return bind(page.params.values(), given, caller, scope, f"`{page.title}`", evaluator, problems)


def _classes(given: object, page: Merged, evaluator: Evaluator, problems: Collector) -> Result | Unknown:
    """Return the number of classes, which a member may compute."""
    if isinstance(given, Broken):
        return UNKNOWN
    mark, count = page.mark, given
    if isinstance(given, (Scalar, Sequence, Mapping)):
        mark = given.mark
        try:
            count = evaluator.result(given, Scope())
        except UnknownValueError:
            return UNKNOWN
    if count is None:
        problems.error("no-classes", "the page does not say how many `classes` there are", mark, "`classes: 10`")
    elif isinstance(count, bool) or not isinstance(count, int) or count < 1:
        problems.error("bad-value", "`classes` is a whole number and at least 1", mark)
    else:
        return count
    return UNKNOWN


def _arguments(params: Table[str, Result]) -> Mapping:
    """Return what a caller gives from Python or the command line as if it stood on a page."""
    entries = []
    for name, value in params.items():
        mark = Mark(Source("<arguments>", f"{name}: {value}"), 1, 1, len(name))
        entries.append((Scalar(name, mark), marked(value, Scalar(None, mark))))
    return Mapping(tuple(entries), Mark(Source("<arguments>", ""), 1, 1))


def _size(page: Merged, given: tuple[int, int, int] | None, problems: Collector) -> Shape | None:
    """Return the shape of the input, None where it was not said or not said right."""
    size: object = given if given is not None else page.input
    if isinstance(size, Broken):
        return None
    mark = page.mark
    if isinstance(size, (Scalar, Sequence, Mapping)):
        mark = size.mark
        size = size.plain()
    try:
        return Shape(_SIZE.validate_python(size, strict=True))
    except ValidationError:
        message = "the page does not say its `input`" if size is None else "`input` is channels, height and width"
        problems.error("no-input" if size is None else "bad-value", message, mark, "`input: [3, 224, 224]`")
        return None


def _check_order(page: Merged, image: Shape, problems: Collector) -> None:
    """Report an input that ends with three, as images of other libraries do, where its layers happen to fit it.

    One that ends with 1 may be what it says: a signal of many channels.
    """
    hint = channels_first(image) if image.sizes[-1] == _COLORS else None
    if hint is not None:
        channels, height, width = image.sizes
        mark = next((each.key_mark("input") for each in page.raw if each.get("input") is not None), page.mark)
        message = f"`input` says {channels} channels of {height}×{width} pixels"
        problems.error("bad-value", message, mark, hint)


def _check_head(page: Merged, draft: Draft, flow: tuple[int, Shape], classes: object, problems: Collector) -> None:
    index, shape = flow
    if shape != Shape((classes,)):  # type: ignore[arg-type]  # unknown classes are asked about before
        last = draft.nodes[index].mark if index >= 0 else page.mark
        message = f"the network ends with {shape}, not with a number for each of {classes} classes"
        problems.error("no-head", message, last, _head_hint(draft.nodes[index].operation.kind if index >= 0 else ""))
    _check_logits(draft, index, problems)


def _check_logits(draft: Draft, index: int, problems: Collector) -> None:
    """Report an output that is a softmax: the loss takes one of its own, and training would suffer in silence."""
    if index >= 0 and draft.nodes[index].operation.kind == "softmax":
        message = "the network ends with `softmax`, and the loss would compute it a second time"
        problems.error("softmax-twice", message, draft.nodes[index].mark, "leave it out: the last layer gives logits")


def _head_hint(last: str) -> str:
    return "write `out: $classes`" if last == "linear" else "end with `flatten` and `linear: {out: $classes}`"


def _check_side_head(head: Block, draft: Draft, classes: object, problems: Collector) -> None:
    shape = draft.shape_of(head.output)
    if classes is not UNKNOWN and shape != Shape((classes,)):  # type: ignore[arg-type]  # as above
        hint = "end it with `flatten` and `linear: {out: $classes}`"
        message = f"`{head.path}` ends with {shape}, not with a number for each of {classes} classes"
        problems.error("no-head", message, head.mark, hint)
    _check_logits(draft, head.output, problems)


_ANY = Shape((1, 1, 1))  # stands for an input that is not known and that no node reads
_SIZE: TypeAdapter[tuple[int, int, int]] = TypeAdapter(tuple[Count, Count, Count])
_COLORS = 3

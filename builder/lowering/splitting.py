"""The share of its input's channels that each branch of a block gets."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from builder.lowering.names import join
from builder.lowering.scope import UnknownValueError, written
from builder.ops.merging import Chunk, Narrow
from builder.quantities import plural
from builder.reader import Sequence

if TYPE_CHECKING:
    from builder.expressions import Result
    from builder.lowering.draft import Draft
    from builder.lowering.frame import Flow
    from builder.lowering.scope import Scope
    from builder.ops.base import Operation
    from builder.reader import Value
    from builder.spec.page import BlockSpec


def split_sizes(draft: Draft, split: Value | None, scope: Scope, count: int) -> tuple[int, ...]:
    """Return the channels of each of ``count`` branches, zeros for equal shares; nothing if each gets all of them."""
    try:
        result = _result(draft, split, scope) if split is not None else False
    except UnknownValueError:
        return ()
    if isinstance(result, bool):
        return (0,) * count if result and count > 1 else ()
    assert split is not None, "without it the result is a truth value"
    listed = result if isinstance(result, tuple) else ()
    sizes = tuple(each for each in listed if isinstance(each, int) and each > 0)
    if not sizes or len(sizes) < len(listed):
        shown = "this list" if isinstance(result, tuple) else f"`{written(result)}`"
        message = f"`split` is true, false or the channels of each branch, not {shown}"
        draft.problems.error("bad-value", message, split.mark, "such as `split: [16, 48]`")
        return ()
    if len(sizes) != count:
        branches = "1 branch" if count == 1 else f"{count} branches"
        message = f"`split` has {plural(len(sizes), 'number')} for {branches}"
        draft.problems.error("bad-value", message, split.mark)
        return ()
    return sizes


def split_share(draft: Draft, spec: BlockSpec, path: str, number: int, sizes: tuple[int, ...], flow: Flow) -> Flow:
    """Return the share of the branch ``number`` of the block at ``path``, which other layers can read."""
    if flow is None:
        return None
    share: Operation = Chunk(chunks=len(sizes), position=number)
    if sizes[0]:
        if draft.tape is not None:
            draft.tape.kept(flow[0], attrgetter("shape"))
        if sum(sizes) != flow[1].channels:
            if number == 0 and spec.split is not None:
                message = f"{path}: `split` shares {sum(sizes)} channels, but its input is {flow[1]}"
                draft.problems.error("misfit", message, spec.split.mark)
            return None
        share = Narrow(start=sum(sizes[:number]), length=sizes[number])
    place = join(path, f"split{number + 1}")
    result = draft.node(share, (place, ""), (flow,), "split", spec.mark)
    draft.places[place] = result
    return result


def _result(draft: Draft, split: Value, scope: Scope) -> Result:
    evaluate = draft.evaluator.result
    return (
        tuple(evaluate(each, scope) for each in split.items) if isinstance(split, Sequence) else evaluate(split, scope)
    )

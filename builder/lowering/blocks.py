"""Blocks: points and what is inserted there, lanes and how they meet, activation.

in ──┬──► branch_in ──► layers ──► branch ──(merge)──► pre_activation ──► activation ──► out
     └──► [projection] ──► shortcut ──┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from builder.diagnostics import Note, suggest, suggest_value
from builder.graph import Block, Lane
from builder.lowering.arguments import bind
from builder.lowering.frame import Frame
from builder.lowering.names import join
from builder.lowering.scope import Unknown, UnknownValueError, marked, written
from builder.lowering.shortcut import NoProjectionError, sampling
from builder.lowering.splitting import split_share, split_sizes
from builder.ops import MERGES
from builder.ops.base import ShapeError
from builder.reader import Mapping, Scalar
from builder.spec.bodies import Bodies, projection
from builder.spec.page import BlockSpec, Body, Branch, Item, LayerCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.graph import BlockMember
    from builder.lowering.draft import Draft
    from builder.lowering.frame import ChildName, Flow
    from builder.lowering.scope import Scope
    from builder.lowering.selectors import Place
    from builder.reader import Value
    from builder.shapes import Shape
    from builder.spec.page import Insert, Template

_EDITABLE = ("shortcut", "merge", "activation")
_MET = {"add": "added", "mul": "multiplied", "div": "divided", "max": "compared", "concat": "joined"}
"""What lanes of other shapes cannot be, by the word of the merge."""

_MOST_VALUES, _LONGEST_VALUE = 8, 30  # of a call that a message tells, and letters of each


class Walker(Protocol):
    """What a block asks of the walk that it is part of."""

    def body(self, body: Body, frame: Frame, flow: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk the items of a body."""

    switched_off: int
    """How many items a ``when`` has left out so far."""

    said: int
    """How many layers it has not left out, those that compute nothing counted in."""

    def branches(self, branches: tuple[Branch, ...], frame: Frame, flow: Flow) -> Iterator[tuple[Body, Frame]]:
        """Yield the branches that are there, copies included, with the variables that each sees."""

    def insert(
        self, insert: Insert, frame: Frame, where: tuple[str, str], flow: Flow
    ) -> tuple[list[BlockMember], Flow]:
        """Walk an inserted item."""

    def activation(self, item: Item, frame: Frame, flow: Flow, *, numbered: bool) -> tuple[list[BlockMember], Flow]:
        """Walk a block's activation."""


@dataclass
class _Header:
    """What a block is called and was called with."""

    place: Place
    template: str | None = None
    arguments: tuple[tuple[str, object], ...] = ()


def root_block(draft: Draft, walker: Walker, shape: Shape | None) -> tuple[Block | None, Flow]:
    """Walk the whole page; ``shape`` is the input's, None where the page does not say it right."""
    frame = Frame(scope=draft.scope)
    flow = (-1, shape) if shape is not None else None
    return _block(draft, walker, draft.page.block, _Header(frame.place), frame, frame, flow)


def inline_block(
    draft: Draft, walker: Walker, spec: BlockSpec, name: ChildName, outer: Frame, flow: Flow
) -> tuple[Block | None, Flow]:
    """Walk a block that stands where it is used."""
    header = _Header(name.place)
    draft.paths[".".join(name.place.path)] = name.key
    spec = _edited(draft, spec, name.place, draft.edits.fields(name.place))
    if spec.branches is not None and draft.page.language == 1:
        return _block(draft, walker, spec, header, outer, outer, flow)
    module, beside = _modules(draft, spec, name, outer)
    frame = replace(outer, path=name.place.path, module=module, beside=beside, ordinals={})
    return _block(draft, walker, spec, header, frame, frame, flow)


def _modules(draft: Draft, spec: BlockSpec, name: ChildName, outer: Frame) -> tuple[str, str]:
    """Return the keys of the modules in which a block's layers and its shortcut live: ``key:`` holds for both.

    Where several blocks share one ``key:``, or a block has no name, the shortcut stays under the block's own: its name
    would soon stand twice.
    """
    home = name.key if draft.page.language > 1 else join(*name.place.path)
    if spec.key is None:
        return name.key, home
    key = str(spec.key.value)
    module = outer.module if key == "." else join(outer.module, key)
    if key != ".":
        draft.modules.claim(outer.module, key, spec.key.mark, shared=True)
    nameless = key == "." and name.is_nameless
    shared = key != "." and outer.body is not None and _users(key, outer.body, draft) > 1
    return module, home if draft.page.language == 1 or nameless or shared else module


def _users(key: str, body: Body, draft: Draft) -> int:
    """Return how many blocks of a body live in the module ``key``; one that is repeated counts as two."""
    users = 0
    for _, item in body.entries:
        template = draft.page.templates.get(item.content.text) if isinstance(item.content, LayerCall) else None
        content = item.content
        block = template.called(content) if template and isinstance(content, LayerCall) else content
        if not isinstance(block, BlockSpec) or block.key is None:
            continue
        found = int(block.key.value == key)
        if block.key.value == "." and block.layers is not None and isinstance(item.content, BlockSpec):
            found += _users(key, block.layers, draft)
        users += found * (2 if item.repeat is not None else 1)
    return users


def template_instance(
    draft: Draft, walker: Walker, call: LayerCall, template: Template, name: ChildName, outer: Frame, flow: Flow
) -> tuple[Block | None, Flow]:
    """Walk a template where it is called, in a scope of its own."""
    word = str(template.name.value)
    place = replace(name.place, instances=(*name.place.instances, (len(name.place.path), word)))
    draft.paths[".".join(place.path)] = name.key
    draft.instances.setdefault(word, place.path)
    names = [str(parameter.name.value) for parameter in template.params]
    given, overrides = call.fields, []
    for fields in draft.edits.fields(place):
        mine = tuple(entry for entry in fields.entries if entry[0].value not in _EDITABLE or entry[0].value in names)
        over = {key.value for key, _ in mine}
        given = Mapping((*(each for each in given.entries if each[0].value not in over), *mine), given.mark)
        rest = tuple(entry for entry in fields.entries if entry[0].value not in over)
        overrides.append(Mapping(rest, fields.mark))
    scope = draft.entered(draft.scope, flow)
    if template.counts:
        scope = scope.seeing({"nth": draft.counted, "total": draft.total})
        draft.counted += 1
    caller = draft.entering(outer, flow)
    given = Mapping(given.entries, call.mark)
    scope = bind(template.params, given, caller, scope, f"`{word}`", draft.evaluator, draft.problems)
    arguments = tuple((each, scope[each]) for each in names)
    module, beside = _modules(draft, template.called(call), name, outer)
    frame = Frame(place.path, module, scope, place.instances, {}, outer.role, outer.inserts, beside)
    spec = _edited(draft, template.block, place, overrides)
    with draft.problems.within(Note(call.mark, _called_with(scope, names))):
        return _block(draft, walker, spec, _Header(place, word, arguments), frame, frame, flow)


def _called_with(scope: Scope, names: Sequence[str]) -> str:
    """Return the values that a template was called with, on which what is wrong in it may depend."""
    known = {name: value for name in names if not isinstance(value := scope[name], Unknown)}
    shown = [f"{name} = {written(value)[:_LONGEST_VALUE]}" for name, value in known.items()][:_MOST_VALUES]
    return f"called here with {', '.join(shown)}" if shown else "called here"


def _edited(draft: Draft, spec: BlockSpec, place: Place, edits: list[Mapping]) -> BlockSpec:
    """Return the block with the fields that ``set`` gives it."""
    bodies = Bodies(draft.page.known, draft.problems)
    for fields in edits:
        for key, value in fields.entries:
            if key.value == "shortcut" and spec.branches is None:
                shortcut = bodies.shortcut(value)
                spec = replace(spec, shortcut=shortcut, broken=spec.broken or shortcut is None)
            elif key.value == "activation" and spec.branches is None:
                spec = replace(spec, activation=bodies.activation(value))
            elif key.value == "merge":
                merge = bodies.merge(fields)
                spec = replace(spec, merge=merge, broken=spec.broken or merge is None)
            else:
                editable = _EDITABLE if spec.branches is None else ("merge",)
                hint = partial(suggest, str(key.value), editable, "it can be given")
                path = ".".join(place.path)
                draft.problems.error("unknown-field", f"`{key.value}` cannot be set on `{path}`", key.mark, hint)
    return spec


def _block(
    draft: Draft, walker: Walker, spec: BlockSpec, header: _Header, frame: Frame, home: Frame, flow: Flow
) -> tuple[Block | None, Flow]:
    """Walk a block: ``frame`` holds its layers, ``home`` what is inserted at its points."""
    return _BlockWalk(draft, walker, spec, header, frame, home).run(flow)


class _BlockWalk:
    """One block on its way to the graph: the lanes so far, the points so far."""

    def __init__(
        self, draft: Draft, walker: Walker, spec: BlockSpec, header: _Header, frame: Frame, home: Frame
    ) -> None:
        self._draft = draft
        self._walker = walker
        self._spec = spec
        self._header = header
        self._frame = frame
        self._home = home.at_home()
        self._points: dict[str, int] = {}
        self._path = ".".join(header.place.path)

    def run(self, flow: Flow) -> tuple[Block | None, Flow]:
        incoming = flow
        entry, flow = self._point("in", flow)
        lanes, flows = self._lanes(flow)
        merge, flow = self._merge(lanes, flows)
        leave, flow = self._point("pre_activation", flow)
        members, flow = self._activation(flow)
        last, flow = self._point("out", flow)
        if self._spec.broken:
            self._draft.hidden.append(self._header.place.path)
            return None, None
        if incoming is None or flow is None or any(each is None for each in flows):
            return None, None
        header = self._header
        block = Block(
            path=self._path,
            module=self._frame.module,
            template=header.template,
            arguments=header.arguments,
            entry=tuple(entry),
            lanes=tuple(lanes),
            merge=merge,
            exit=(*leave, *members, *last),
            input=incoming[0],
            output=flow[0],
            points=MappingProxyType(self._points),
            mark=self._spec.mark,
        )
        return block, flow

    def _lanes(self, flow: Flow) -> tuple[list[Lane], list[Flow]]:
        """Walk the lanes in the order of the page; the shortcut's value comes last in the result."""
        if self._spec.branches is not None:
            return self._branches(self._spec.branches, flow)
        shortcut = self._shortcut(flow)
        if shortcut is None:
            members, flow = self._layers(flow)
            return [Lane("layers", tuple(members), _index(flow))], [flow]
        if self._spec.shortcut_first and isinstance(shortcut, Body):
            beside, side = self._beside(shortcut, flow, flow)
            members, main = self._layers(flow)
            ordered = [("shortcut", beside, side), ("layers", members, main)]
        else:
            members, main = self._layers(flow)
            beside, side = self._beside(shortcut, flow, main)
            ordered = [("layers", members, main), ("shortcut", beside, side)]
        lanes = [Lane(kind, tuple(inside), _index(value)) for kind, inside, value in ordered]  # type: ignore[arg-type]  # the two literals above
        return lanes, [main, side]

    def _layers(self, flow: Flow) -> tuple[list[BlockMember], Flow]:
        members: list[BlockMember] = []
        if self._spec.shortcut is not None:
            members, flow = self._point("branch_in", flow)
        if self._spec.layers is not None:
            more, flow = self._walker.body(self._spec.layers, self._frame, flow)
            members += more
        more, flow = self._point("branch", flow)
        return members + more, flow

    def _branches(self, branches: tuple[Branch, ...], flow: Flow) -> tuple[list[Lane], list[Flow]]:
        lanes: list[Lane] = []
        flows: list[Flow] = []
        there = self._there(branches, flow)
        split = split_sizes(self._draft, self._spec.split, self._draft.entering(self._frame, flow), len(there))
        for number, (body, frame) in enumerate(there):
            share = split_share(self._draft, self._spec, self._path, number, split, flow) if split else flow
            before: list[BlockMember] = [share[0]] if split and share is not None else []
            switched_off, said = self._walker.switched_off, self._walker.said
            members, value = self._walker.body(body, frame, share)
            is_emptied = not members and self._walker.said == said and self._walker.switched_off > switched_off
            if is_emptied and self._draft.page.language > 1:
                self._report_empty(body)
            members = before + members
            lanes.append(Lane("branch" if len(there) > 1 else "layers", tuple(members), _index(value)))
            flows.append(value)
        return lanes, flows or [None]

    def _there(self, branches: tuple[Branch, ...], flow: Flow) -> list[tuple[Body, Frame]]:
        """Return the branches that are not left out; none at all is a mistake."""
        try:
            there = list(self._walker.branches(branches, self._frame, flow))
        except UnknownValueError:
            there = []
        else:
            if not there:
                hint = "put `when` beside the block itself, or give it a branch `{}`, the identity"
                message = f"{self._path}: every branch is left out"
                self._draft.problems.error("empty-branches", message, self._spec.mark, hint)
        if not there:
            self._spec = replace(self._spec, broken=True)
        return there

    def _report_empty(self, body: Body) -> None:
        """Report a branch whose layers are all switched off: identity or nothing, only the user knows."""
        message = f"{self._path}: `when` leaves nothing of this branch, which would make it the identity"
        hint = "write `identity` with the opposite `when`; or leave the branch out: `{when: …, layers: …}`"
        self._draft.problems.error("empty-branch", message, body.mark, hint)

    def _shortcut(self, flow: Flow) -> Scalar | Body | None:
        """Return what runs beside the layers, an expression evaluated: None, identity, auto or a body."""
        shortcut = self._spec.shortcut
        if isinstance(shortcut, Branch):
            return self._on_condition(shortcut, flow)
        if not isinstance(shortcut, Scalar):
            return shortcut
        try:
            word = self._draft.evaluator.result(shortcut, self._draft.entering(self._frame, flow))
        except UnknownValueError:
            self._spec = replace(self._spec, shortcut=None, broken=True)
            return None
        if isinstance(word, str) and word in self._draft.page.templates:
            return projection(LayerCall(Scalar(word, shortcut.mark), Mapping((), shortcut.mark), shortcut.mark))
        if word not in ("none", "identity", "auto"):
            hint = "it is `none`, `identity`, `auto`, a template, or layers of its own"
            self._draft.problems.error("bad-shortcut", f"`shortcut` cannot be `{word}`", shortcut.mark, hint)
        if word not in ("identity", "auto"):
            self._spec = replace(self._spec, shortcut=None, broken=self._spec.broken or word != "none")
            return None
        return Scalar(word, shortcut.mark)

    def _on_condition(self, shortcut: Branch, flow: Flow) -> Body | None:
        """Return the layers of a shortcut with ``when``; where it does not hold there is no shortcut."""
        broken = self._spec.broken
        try:
            there = [body for body, _ in self._walker.branches((shortcut,), self._frame, flow)]
        except UnknownValueError:
            there, broken = [], True
        body = there[0] if there else None
        self._spec = replace(self._spec, shortcut=body, broken=broken)
        return body

    def _beside(self, shortcut: Scalar | Body, flow: Flow, main: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk the shortcut; its layers live under the block's path."""
        body = self._projection(shortcut, flow, main) if isinstance(shortcut, Scalar) else shortcut
        members: list[BlockMember] = []
        if body is not None:
            frame = self._frame.at_side()
            members, flow = self._walker.body(body, frame, flow) if body.entries else ([], flow)
        more, flow = self._point("shortcut", flow)
        return members + more, flow

    def _projection(self, word: Scalar, flow: Flow, main: Flow) -> Body | None:
        """Return the body of ``auto`` where one is needed and fits."""
        if word.value == "identity" or flow is None or main is None:
            return None
        if self._draft.tape is not None:
            self._draft.tape.compared(flow[0], main[0])
        if flow[1] == main[1]:
            return None
        try:
            grid = sampling(self._draft.nodes, flow, main)
        except NoProjectionError as error:
            message = f"{self._path}: no 1×1 convolution fits from {flow[1]} to {main[1]}: {error}"
            hint = "write the shortcut's layers yourself: `shortcut: [ … ]`"
            notes = (*self._came_from(main), *self._came_from(flow))
            self._draft.problems.error("no-projection", message, word.mark, hint, notes)
            self._spec = replace(self._spec, broken=True)
            return None
        items: list[tuple[Scalar | None, Item]] = []
        if any(grid.offset):
            skipped = {"top": marked(grid.offset[0], word), "left": marked(grid.offset[1], word)}
            items.append(_synthetic("crop", "crop", skipped, word))
        stride = grid.stride[0] if grid.stride[0] == grid.stride[1] else grid.stride
        fields = {"out": marked(main[1].channels, word), "kernel": marked(1, word), "stride": marked(stride, word)}
        items.append(_synthetic("projection", "conv", fields, word))
        if self._draft.tape is not None:
            self._draft.tape.sampled(self._draft.nodes, flow[0], main[0])
            self._draft.tape.measured(fields["out"], main[0])
        return Body(tuple(items), False, word.mark)

    def _merge(self, lanes: list[Lane], flows: list[Flow]) -> tuple[int | None, Flow]:
        if len(lanes) < 2:
            return None, flows[0]
        word = self._merge_word()
        if word is None or self._spec.broken or any(each is None for each in flows):
            return None, None
        values = [each for each in flows if each is not None]
        if self._spec.branches is None and word != "add":
            values.reverse()  # the shortcut comes first; a sum does not care, and reads better as branch += shortcut
        kind = MERGES[word]
        path = join(self._path, "merge")
        try:
            kind().output(*(shape for _, shape in values))
        except ShapeError as misfit:
            self._disagree(misfit, flows)
            return None, None
        flow = self._draft.node(kind(), (path, ""), tuple(values), "merge", self._spec.mark)
        if path not in self._draft.paths:  # else a layer is called so
            self._draft.places[path] = flow
        return (flow[0] if flow else None), flow

    def _merge_word(self) -> str | None:
        default = "concat" if self._spec.branches is not None else "add"
        if self._spec.merge is None:
            return default
        try:
            word = self._draft.evaluator.result(self._spec.merge, self._frame.scope)
        except UnknownValueError:
            return None
        if isinstance(word, str) and word in MERGES:
            return word
        hint = partial(suggest_value, str(word), list(MERGES), "it is one of")
        self._draft.problems.error("bad-merge", f"`merge` cannot be `{word}`", self._spec.merge.mark, hint)
        return None

    def _disagree(self, misfit: ShapeError, flows: list[Flow]) -> None:
        """Report lanes that do not meet, with every shape and where it comes from."""
        notes = [note for flow in flows if flow is not None for note in self._came_from(flow)]
        if len({note.mark for note in notes}) < len(notes):  # copies of one line are told apart by their paths
            notes = [note for flow in flows if flow is not None for note in self._came_from(flow, named=True)]
        if self._spec.branches is not None:
            message = f"{self._path}: {misfit.message}"
            self._draft.problems.error("shapes-differ", message, self._spec.mark, misfit.hint, notes)
            return
        main, side = flows
        assert main is not None
        assert side is not None
        shortcut = self._spec.shortcut
        verb = {"add": "added", "mul": "multiplied", "div": "divided", "max": "compared", "concat": "joined"}[
            self._merge_word() or "add"
        ]
        message = f"{self._path}: the layers give {main[1]} and the shortcut {side[1]}, which cannot be {verb}"
        place = shortcut.mark if isinstance(shortcut, Scalar | Body) else self._spec.mark
        self._draft.problems.error("shapes-differ", message, place, self._way_out(main, side), notes)

    def _way_out(self, main: tuple[int, Shape], side: tuple[int, Shape]) -> str | None:
        """Return what to do about an identity that does not fit."""
        if not isinstance(self._spec.shortcut, Scalar) or self._merge_word() != "add":
            return None
        try:
            sampling(self._draft.nodes, side, main)
        except NoProjectionError:
            return "give the shortcut layers of its own: `shortcut: [ … ]`"
        return "`shortcut: auto` adds the 1×1 convolution that fits"

    def _came_from(self, flow: tuple[int, Shape], *, named: bool = False) -> list[Note]:
        """Return where a value comes from: its layer, by its path where it is ``named``, or the page's input."""
        index, shape = flow
        if index >= 0:
            node = self._draft.nodes[index]
            return [Note(node.mark, f"{shape} comes from {f'`{node.path}`' if named else 'here'}")]
        said = next((page for page in reversed(self._draft.page.raw) if page.get("input") is not None), None)
        return [Note(said.key_mark("input"), f"{shape} comes from here")] if said is not None else []

    def _activation(self, flow: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk the activation: `activation` in a named body, the next number in a numbered one."""
        item = self._spec.activation
        if item is None:
            return [], flow
        numbered = self._spec.layers is not None and self._spec.layers.numbered
        return self._walker.activation(item, self._frame, flow, numbered=numbered)

    def _point(self, name: str, flow: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk what is inserted at a point, in the order written, and remember the value there."""
        members: list[BlockMember] = []
        place = self._header.place
        for insert in self._draft.edits.inserts_at(place, name, self._home.inserts):
            where = (name, "_".join([*place.path[-1:], name]))
            more, flow = self._walker.insert(insert, self._home, where, flow)
            members += more
        self._draft.places[join(self._path, name)] = flow
        if flow is not None:
            self._points[name] = flow[0]
        return members, flow


def _synthetic(name: str, word: str, fields: dict[str, Value], at: Value) -> tuple[Scalar, Item]:
    """Return an item that the page did not write, marked where it was asked for."""
    entries = tuple((Scalar(key, at.mark), value) for key, value in fields.items())
    call = LayerCall(Scalar(word, at.mark), Mapping(entries, at.mark), at.mark)
    return Scalar(name, at.mark), Item(call, at.mark)


def _index(flow: Flow) -> int:
    return flow[0] if flow is not None else -1

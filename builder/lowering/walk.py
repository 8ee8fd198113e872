"""The walk over a page with running shapes: bodies, items, operations.

Names, numbers, ``when`` and ``$in`` need the channels that enter, so nodes are made in the order of the text, each with
its shape. Edits are applied as a path comes into being. A mistake makes the value unknown from there on, and the walk
goes on, so that one run finds them all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from builder.diagnostics import Note
from builder.graph import Block
from builder.lowering.blocks import inline_block, template_instance
from builder.lowering.frame import ChildName
from builder.lowering.names import join
from builder.lowering.pages import merge_mappings
from builder.lowering.scope import Scope, TooLargeError, UnknownValueError, written
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.spec.calls import without_place
from builder.spec.elsewhere import advise
from builder.spec.names import is_name, is_parameter_name, name_rule
from builder.spec.page import RESERVED, REUSE, BlockSpec, Body, Broken, Item, LayerCall
from builder.validation import is_meant, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.diagnostics import Mark
    from builder.expressions import Result
    from builder.graph import BlockMember
    from builder.lowering.draft import Draft
    from builder.lowering.frame import Flow, Frame
    from builder.lowering.steps import FieldRecipe
    from builder.ops.base import Operation
    from builder.reader import Value
    from builder.spec.page import Branch, Insert

MAX_REPEAT = 4096
MAX_LAYERS = 8_000  # of one network, blocks counted in, and what `when` switches off; ResNet-1202 has 3,600
MAX_DEPTH = 48


class Walk:
    """One walk over one page into a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._refused: set[tuple[object, ...]] = set()
        self.steps = self._depth = 0
        self.switched_off = self.said = 0

    def body(self, body: Body, frame: Frame, flow: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk the items of a body one after another; return what they became and what leaves the last."""
        return self._items(body, replace(frame, body=body), flow)

    def _items(self, body: Body, frame: Frame, flow: Flow) -> tuple[list[BlockMember], Flow]:
        members: list[BlockMember] = []
        for name, item in body.entries:
            more, flow = self.item(item, frame, flow, name)
            members += more
        return members, flow

    def item(self, item: Item, frame: Frame, flow: Flow, name: Scalar | None) -> tuple[list[BlockMember], Flow]:
        """Walk one item as often as its ``repeat`` says, where its ``when`` holds."""
        members: list[BlockMember] = []
        self._depth += 1
        try:
            for copy in self._copies(item, frame, flow, name):
                self._count_step(item.mark)
                if self._acts(item, copy, flow):
                    more, result = self._one(item.content, copy, flow, name, item.mark)
                    if item.aux is not None:
                        members += self._head(more, item.aux)
                    else:
                        members, flow = members + more, result
        except UnknownValueError:  # how often it is there, or whether
            self.draft.hide(frame, name)
            flow = None
        self._depth -= 1
        return members, flow

    def branches(self, branches: tuple[Branch, ...], frame: Frame, flow: Flow) -> Iterator[tuple[Body, Frame]]:
        """Yield the branches that are there, copies included, with the variables that each sees."""
        for branch in branches:
            for copy in self._copies(branch, frame, flow, None):
                self._count_step(branch.body.mark)
                if self._switched_on(branch, copy, flow):
                    yield branch.body, copy

    def _count_step(self, mark: Mark) -> None:
        """Stop where a page describes more than any network has, which costs only time."""
        self.steps += 1
        if self.steps > MAX_LAYERS:
            self.draft.problems.error("too-many-layers", f"more than {MAX_LAYERS:,} layers and blocks", mark)
            raise TooLargeError
        if self._depth > MAX_DEPTH:
            hint = "a template that uses itself needs a `when` that stops it"
            self.draft.problems.error("too-deep", f"blocks are nested more than {MAX_DEPTH} levels deep", mark, hint)
            raise TooLargeError

    def _head(self, members: list[BlockMember], aux: Mark) -> list[BlockMember]:
        """Return a block that leaves the network here; the value that entered it goes on."""
        heads: list[BlockMember] = [replace(member, head=True) for member in members if isinstance(member, Block)]
        if len(heads) < len(members):
            hint = "`layers: [adaptiveavgpool, flatten, {linear: {out: $classes}}]` beside `aux: true`"
            self.draft.problems.error("bad-head", "a head is a block that ends in `$classes` numbers", aux, hint)
        return heads

    def _copies(self, item: Item | Branch, frame: Frame, flow: Flow, name: Scalar | None) -> Iterator[Frame]:
        """Yield the frame of every copy that ``repeat`` asks for."""
        if not isinstance(item.repeat, Scalar):
            yield frame
            return
        if name is not None and "{" not in str(name.value):
            hint = f"such as `{name.value}{{$i + 1}}`"
            self.draft.problems.error("name-repeats", "every copy needs a name of its own", name.mark, hint)
            raise UnknownValueError
        names, values = self._repeated(item.repeat, self.draft.entering(frame, flow))
        for number, value in enumerate(values):
            variables: dict[str, Result] = {"i": number, "first": number == 0, "last": number == len(values) - 1}
            if len(names) == 1:
                variables[names[0]] = value
            elif isinstance(value, tuple) and len(value) == len(names):
                variables |= dict(zip(names, value, strict=True))
            elif names:
                listed = ", ".join(f"`{each}`" for each in names)
                given = f"a list of {len(value)}" if isinstance(value, tuple) else f"`{value}`"
                self.draft.problems.error("bad-repeat", f"{given} cannot be unpacked into {listed}", item.repeat.mark)
                raise UnknownValueError
            yield frame.seeing(**variables)

    def _repeated(self, repeat: Scalar, scope: Scope) -> tuple[list[str], tuple[Result, ...]]:
        """Return the names and the elements of ``repeat``: a count, or ``names in list``."""
        text = str(repeat.value)
        names: list[str] = []
        if " in " in text:
            left, _, text = text.partition(" in ")
            names = [name.strip() for name in left.split(",")]
            if not all(is_parameter_name(name) for name in names) or len(set(names)) < len(names):
                hint = "such as `repeat: width, depth in zip($widths, $depths)`"
                self.draft.problems.error("bad-repeat", f"`{left.strip()}` is not a list of names", repeat.mark, hint)
                raise UnknownValueError
            taken = [name for name in names if name in RESERVED and name != "i"]
            if taken:
                message = f"`${taken[0]}` is already defined by the language"
                self.draft.problems.error("reserved-name", message, repeat.mark, "choose another name")
                raise UnknownValueError
            values = self.draft.evaluator.text(text.strip(), repeat, scope)
        else:
            values = self.draft.evaluator.result(repeat, scope)
        if isinstance(values, int) and not isinstance(values, bool) and values >= 0:
            values = tuple(range(values)) if values <= MAX_REPEAT else values
        if not isinstance(values, tuple) or len(values) > MAX_REPEAT:
            counted = isinstance(values, int) and not isinstance(values, bool)
            what = f"from 0 to {MAX_REPEAT}" if counted else "a count, or `names in list`"
            shown = "a longer list" if isinstance(values, tuple) else f"`{written(values)}`"
            self.draft.problems.error("bad-repeat", f"`repeat` is {what}, not {shown}", repeat.mark)
            raise UnknownValueError
        return names, values

    def _acts(self, item: Item, frame: Frame, flow: Flow) -> bool:
        """Return whether an item is there; count layers that are and items that are not, which may empty a branch."""
        is_there = self._switched_on(item, frame, flow)
        self.switched_off += not is_there
        self.said += is_there and isinstance(item.content, LayerCall)  # `identity` too, which leaves nothing
        return is_there

    def _switched_on(self, item: Item | Branch, frame: Frame, flow: Flow) -> bool:
        if item.when is None:
            return True
        result = self.draft.evaluator.result(item.when, self.draft.entering(frame, flow))
        if not isinstance(result, bool):
            literal = isinstance(item.when, Scalar) and item.when.value == result
            given = describe(item.when) if literal else f"`{written(result)}`"
            hint = "remove the quotes" if given in ('the text "true"', 'the text "false"') else None
            notes = self._given_by(item.when)
            self.draft.problems.error("bad-value", f"`when` is true or false, not {given}", item.when.mark, hint, notes)
            raise UnknownValueError
        return result

    def _given_by(self, value: Value) -> tuple[Note, ...]:
        """Return where the page's parameter gets its value of which ``value`` is the name, as ``$wide``."""
        name = str(value.value)[1:] if isinstance(value, Scalar) and str(value.value).startswith("$") else ""
        parameter = self.draft.page.params.get(name)
        given = self.draft.page.given.get(name) or (parameter.default if parameter is not None else None)
        return (Note(given.mark, f"`{name}` gets its value here"),) if given is not None else ()

    def _one(
        self, content: LayerCall | BlockSpec | Broken, frame: Frame, flow: Flow, name: Scalar | None, mark: Mark
    ) -> tuple[list[BlockMember], Flow]:
        word = self._word(content, frame, flow) if isinstance(content, LayerCall) else None
        if isinstance(content, LayerCall) and word is None and self._is_none(content, frame, flow):
            return [], flow
        if isinstance(content, Broken) or (isinstance(content, LayerCall) and word is None):
            raise UnknownValueError  # what it would be called is unknown too
        if isinstance(content, BlockSpec) and self._is_bracket(content, name):
            return self._bracket(content, frame, flow)
        called = self._name(frame, name, word, content, mark)
        replaced, other = self.draft.edits.replacement(called.place)
        if replaced:
            self.draft.paths.setdefault(".".join(called.place.path), called.key)
            if other is None:
                return [], flow
            content = other.content
            word = self._word(content, frame, flow) if isinstance(content, LayerCall) else None
            if isinstance(content, Broken):
                raise UnknownValueError
        return self._make(content, word, called, frame, flow)

    def _make(
        self, content: LayerCall | BlockSpec, word: str | None, name: ChildName, frame: Frame, flow: Flow
    ) -> tuple[list[BlockMember], Flow]:
        before = len(self.draft.nodes)
        block: Block | None
        if isinstance(content, LayerCall) and word == REUSE:
            flow = self._reused(content, name, frame, flow)
            return self._inserted_after(name, frame, flow, [before] if len(self.draft.nodes) > before else [])
        if isinstance(content, BlockSpec):
            block, flow = inline_block(self.draft, self, content, name, frame, flow)
        elif word is None:
            raise UnknownValueError
        elif word in self.draft.page.operations:
            flow = self._operation(content, word, name, frame, flow)
            return self._inserted_after(name, frame, flow, [before] if len(self.draft.nodes) > before else [])
        else:
            block, flow = template_instance(
                self.draft, self, content, self.draft.page.templates[word], name, frame, flow
            )
        return ([block] if block is not None else []), flow

    def _operation(self, call: LayerCall, word: str, name: ChildName, frame: Frame, flow: Flow) -> Flow:
        path = ".".join(name.place.path)
        self.draft.paths[path] = name.key
        fields = self.draft.page.defaults.get(word)
        fields = merge_mappings(fields, call.fields) if fields is not None else call.fields
        fields = Mapping(fields.entries, call.mark)
        for more in self.draft.edits.fields(name.place):
            fields = merge_mappings(fields, more)
        sources = self._sources(self.draft.page.operations[word], fields, frame)
        scope = self._entering_operation(word, frame, flow)
        operation = self._validated(word, fields, scope)
        result: Flow = None
        known = tuple(source for source in sources if source is not None)
        name = name if self.draft.page.operations[word].has_key else replace(name, key="")
        if operation is not None and flow is not None:
            complete = len(known) == len(sources)
            place = operation.place
            inputs = known if place is not None and place.instead else (flow, *known)
            recipe = self._recipe(word, fields, scope)
            result = (
                self.draft.node(operation, (path, name.key), inputs, frame.role, call.mark, fields, recipe)
                if complete
                else flow
            )
        made = self.draft.nodes[result[0]] if result is not None and len(known) == len(sources) else None
        self.draft.layers.append((name.place, made))
        self.draft.places[path] = result
        return result

    def _reused(self, call: LayerCall, name: ChildName, frame: Frame, flow: Flow) -> Flow:
        """Make a second node of a module that already exists; its weights must fit what comes in."""
        path = ".".join(name.place.path)
        layer = call.fields.get("layer")
        wanted = str(layer.value) if isinstance(layer, Scalar) else ""
        ways = self._ways(wanted, frame)
        if self.draft.page.language == 1:
            ways = [join(*name.place.path[:-1], wanted), wanted]
        earlier = next((self.draft.by_path[way] for way in ways if way in self.draft.by_path), None)
        if earlier is None:
            if not any(way in self.draft.places for way in ways):  # else its value is unknown already
                self.draft.references.layer(wanted, ways, layer.mark if layer is not None else call.mark)
            return None
        self.draft.paths[path] = earlier.key
        result = None
        if flow is not None:
            if self.draft.tape is not None:
                self.draft.tape.reused(earlier.index, flow[0])
            result = self.draft.node(earlier.operation, (path, earlier.key), (flow,), earlier.role, call.mark)
            inputs = [self.draft.shape_of(index) for index in earlier.inputs]
            if result is not None and earlier.operation.parameters(flow[1]) != earlier.operation.parameters(*inputs):
                message = f"`{wanted}` was made for {inputs[0]}, but its input here is {flow[1]}"
                note = Note(earlier.mark, f"`{wanted}` is here")
                self.draft.problems.error("misfit", message, call.mark, None, (note,))
        self.draft.places[path] = result
        return result

    def _entering_operation(self, word: str, frame: Frame, flow: Flow) -> Scope:
        """Return the scope of an operation's fields; ``$in`` is the last axis for those that work on features."""
        return self.draft.entered(frame.scope, flow, last=word in ("linear", "layernorm"))

    def _recipe(self, word: str, fields: Mapping, scope: Scope) -> FieldRecipe | None:
        """Return how an operation is made, for the tape."""
        operation, tape = self.draft.page.operations[word], self.draft.tape
        return tape.recipe(operation, without_place(operation, fields), scope) if tape is not None else None

    def _validated(self, word: str, fields: Mapping, scope: Scope) -> Operation | None:
        """Return the operation with its fields evaluated, or None with the mistakes reported."""
        entries = []
        scope = Scope(scope) if scope.registers else scope  # the tape holds the recipe
        for key, value in without_place(self.draft.page.operations[word], fields).entries:
            try:
                entries.append((key, self.draft.evaluator.value(value, scope)))
            except UnknownValueError:
                return None
        given = Mapping(tuple(entries), fields.mark)
        try:
            return self.draft.page.operations[word].model_validate(given.plain())
        except ValidationError as error:
            found = error.errors(include_url=False)
            marks = tuple(mark for key, value in given.entries for mark in (key.mark, value.mark))
            refused = (given.mark, marks, *((each["type"], each["loc"]) for each in found))
            if refused not in self._refused:  # else another copy made the same mistake, and it is answered
                self._refused.add(refused)
                report(found, self.draft.page.operations[word], given, f"`{word}`", self.draft.problems)
            return None

    def _sources(self, operation: type[Operation], fields: Mapping, frame: Frame) -> list[Flow]:
        """Return the values that a field names as places, such as ``squeeze: block1.out``."""
        place = operation.place
        value = fields.get(place.name) if place is not None else None
        if place is None or (value is None and not place.required):
            return []
        if value is None:
            unknown = [str(key.value) for key, _ in fields.entries if str(key.value) not in operation.model_fields]
            if is_meant(place.name, unknown, operation):  # and is answered as an unknown field
                return [None]
            message = f"`{operation.kind}` needs `{place.name}`: {place.description}"
            self.draft.problems.error("missing-field", message, fields.mark)
            return [None]
        places = value.items if place.several and isinstance(value, Sequence) else (value,)
        return [self._value_at(each, place.name, frame) for each in places] or [None]

    def _ways(self, wanted: str, frame: Frame) -> list[str]:
        """Return the paths that a name may mean: in the block, in those around it up to the template's, on the page."""
        outermost = frame.instances[-1][0] if frame.instances else 1
        around = [".".join(frame.path[:length]) for length in range(len(frame.path), outermost - 1, -1) if length]
        return [join(path, wanted) for path in (*(around if self.draft.page.language > 1 else []), "")]

    def _value_at(self, value: Value, field: str, frame: Frame) -> Flow:
        """Return the value at a place, looked for in the block and then in those around it, up to the template's."""
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            message = f"`{field}` is a place such as `block1.out`, not {describe(value)}"
            self.draft.problems.error("bad-value", message, value.mark)
            return None
        try:
            wanted = self.draft.evaluator.name(value, frame.scope)
        except UnknownValueError:
            return None
        ways = self._ways(wanted, frame)
        for way in ways:
            if way in self.draft.places:
                return self.draft.places[way]
        self.draft.references.value(wanted, ways, value.mark)
        return None

    def _inserted_after(
        self, name: ChildName, frame: Frame, flow: Flow, members: list[int]
    ) -> tuple[list[BlockMember], Flow]:
        """Walk what is inserted after a layer: it lives in the block that holds the layer."""
        result: list[BlockMember] = list(members)
        for insert in self.draft.edits.inserts_after(name.place, frame.inserts):
            more, flow = self.insert(insert, frame.at_home(), (name.segment, name.segment), flow)
            result += more
        return result, flow

    def insert(
        self, insert: Insert, frame: Frame, where: tuple[str, str], flow: Flow
    ) -> tuple[list[BlockMember], Flow]:
        """Walk an inserted item; it is called what it says or, without a name, what its operation is called.

        ``where`` are the point, or the layer, and the same with its block: what ``$point`` and ``$at`` mean.
        """
        item = insert.item
        word = item.content.text if isinstance(item.content, LayerCall) else "block"
        scope = self.draft.scope.seeing({"point": where[0], "at": where[1]})
        within = (*frame.inserts, insert)
        inside = replace(frame, scope=scope, role="inserted", inserts=within)
        with self.draft.problems.within(None):
            return self.item(item, inside, flow, insert.name or Scalar(word.removeprefix("$"), item.content.mark))

    def activation(self, item: Item, frame: Frame, flow: Flow, *, numbered: bool) -> tuple[list[BlockMember], Flow]:
        """Walk a block's activation: `activation` in a named body, the next number in a numbered one."""
        content = item.content
        if isinstance(content, BlockSpec) or item.repeat is not None or item.aux is not None:
            hint = "put the others among the `layers`"
            self.draft.problems.error("bad-activation", "an activation is one layer", item.mark, hint)
            content = Broken(item.mark)
        word = None
        with suppress(UnknownValueError):
            if isinstance(content, LayerCall) and not self._acts(item, frame, flow):
                return [], flow
            word = self._word(content, frame, flow) if isinstance(content, LayerCall) else None
            if isinstance(content, LayerCall) and word is None and self._is_none(content, frame, flow):
                return [], flow
        if word is None or not isinstance(content, LayerCall):
            self.draft.hidden.append((*frame.path, "activation"))
            return [], None
        key = content.key if word in self.draft.page.operations else None
        own = "activation" if key is None else str(key.value)
        own = self.draft.modules.next_number(frame.module) if numbered and key is None else own
        self.draft.modules.claim(frame.module, own, item.mark)
        name = ChildName("activation", frame.child("activation"), join(frame.module, own))
        return self._make(content, word, name, replace(frame, role="activation"), flow)

    def _name(
        self, frame: Frame, name: Scalar | None, word: str | None, content: LayerCall | BlockSpec, mark: Mark
    ) -> ChildName:
        """Return what a child is called; a block that says ``key:`` is named without taking its name's place."""
        given = self.draft.evaluator.name(name, frame.scope) if name is not None else None
        if name is not None and given != name.value and not is_name(str(given)):
            self.draft.problems.error("bad-name", f"`{given}` cannot be a name", name.mark, name_rule(str(given)))
            raise UnknownValueError
        block = self._block_of(content, word)
        is_open = block is not None and block.key is not None and block.key.value == "."
        operation = self.draft.page.operations.get(word or "")
        keyless = word == REUSE or (operation is not None and not operation.has_key)
        key = content.key if isinstance(content, LayerCall) and block is None else None
        nameless = given is None and not keyless and not is_open and key is None
        number = self.draft.modules.next_number(frame.module) if nameless else None
        if given is not None:
            segment = given
        elif is_open:  # its layers take the numbers
            segment = frame.ordinal("block")
        else:
            segment = frame.ordinal(str(word)) if operation is not None or word == REUSE else str(number)
        own = given if given is not None else str(number) if number is not None else segment
        own = str(key.value) if key is not None else own
        place = frame.child(segment)
        open_branches = (
            self.draft.page.language == 1 and word is None and block is not None and block.branches is not None
        )
        lives_elsewhere = open_branches or (block is not None and block.key is not None)
        if not frame.path and given in self.draft.page.templates and name is not None:
            message = f"`{given}` is the name of a template, and a selector could mean either"
            self.draft.problems.error("reserved-name", message, name.mark, "choose another name")
        if keyless:
            return ChildName(segment, place, "")
        if not lives_elsewhere:
            variable = "$at" if name is not None and "$point" in str(name.value) else "$point"
            hint = f"name it, such as `name: {word or 'block'}_{{{variable}}}`" if "point" in frame.scope else None
            marked = key or name
            self.draft.modules.claim(frame.module, own, marked.mark if marked is not None else mark, hint=hint)
        if given is not None and (lives_elsewhere or key is not None) and ".".join(place.path) in self.draft.paths:
            self.draft.problems.error("duplicate-name", f"`{given}` is already used here", mark)
        return ChildName(segment, place, join(frame.module, own), is_nameless=given is None)

    def _block_of(self, content: LayerCall | BlockSpec, word: str | None) -> BlockSpec | None:
        """Return the block that an item is, written in place or by a template; None for a layer."""
        if isinstance(content, BlockSpec):
            return content
        template = self.draft.page.templates.get(word or "")
        return template.called(content) if template is not None else None

    def _word(self, call: LayerCall, frame: Frame, flow: Flow) -> str | None:
        """Return the operation or template that is called, the value of a parameter looked up."""
        word: object = call.text
        if call.text.startswith("$"):
            try:
                word = self.draft.evaluator.text(call.text, call.name, self.draft.entering(frame, flow))
            except UnknownValueError:
                return None
        page = self.draft.page
        if isinstance(word, str) and (word in page.operations or word in page.templates or word == REUSE):
            return word
        if word != "none":
            hint = partial(advise, str(word), [*page.operations, *page.templates], "there are")
            self.draft.problems.error("unknown-layer", f"`{word}` is not an operation or a template", call.mark, hint)
        return None

    def _is_none(self, call: LayerCall, frame: Frame, flow: Flow) -> bool:
        try:
            return self.draft.evaluator.text(call.text, call.name, self.draft.entering(frame, flow)) == "none"
        except UnknownValueError:
            return False

    def _is_bracket(self, block: BlockSpec, name: Scalar | None) -> bool:
        """Return whether a block only holds items together: nameless, ``key: .``, nothing beside or behind them."""
        is_open = name is None and block.key is not None and block.key.value == "." and block.layers is not None
        return is_open and block.shortcut is None and block.activation is None

    def _bracket(self, block: BlockSpec, frame: Frame, flow: Flow) -> tuple[list[BlockMember], Flow]:
        """Walk a nameless ``key: .``: its items stand in the list that holds it."""
        return self._items(block.layers, frame, flow) if block.layers is not None else ([], flow)

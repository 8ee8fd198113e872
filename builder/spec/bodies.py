"""Marked values to bodies, items and blocks: the two positions of the grammar.

In a body the keys of a mapping are names; in an item they are a call or block fields. What cannot be read is reported
and becomes a ``Broken`` item, so that the rest of the page is still looked at.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import colon_slip, nearest, suggest, suggest_value
from builder.expressions import is_expression
from builder.ops import MERGES
from builder.ops.plugins import plugin_origin
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.spec.calls import check_fields, check_syntax
from builder.spec.elsewhere import GATES, KEYS_OF_A_WORD, advise, meant_layer
from builder.spec.fields import BLOCK_FIELDS, MODIFIERS, BlockFields, ReuseFields
from builder.spec.names import check_name, is_parameter_name, looks_like_template
from builder.spec.page import REUSE, BlockSpec, Body, Branch, Broken, Item, LayerCall
from builder.validation import validate

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from builder.diagnostics import Collector, Hint, Mark
    from builder.reader import Value
    from builder.spec.known import Known
    from builder.spec.page import Shortcut


class Bodies:
    """Parses the nested part of one page."""

    def __init__(self, known: Known, problems: Collector, beside: tuple[str, ...] = ()) -> None:
        """Take ``beside`` as what may stand beside a call besides the modifiers, such as ``at``."""
        self._known = known
        self._problems = problems
        self._beside = (*beside, *MODIFIERS)

    def body(self, value: Value) -> Body:
        """Return a list as numbered items, a mapping as named ones."""
        if isinstance(value, Sequence):
            return Body(tuple((None, self.item(each)) for each in value.items), True, value.mark)
        if isinstance(value, Mapping):
            return Body(tuple((key, self._named(key, each)) for key, each in value.entries), False, value.mark)
        hint = None
        if isinstance(value, Scalar) and isinstance(value.value, str) and self._is_call(value.value.lstrip("-")):
            word = value.value.lstrip("-")
            hint = f"write `- {word}`" if word != value.value else f"write `[{word}]`, or give the layer a name"
        self._error("bad-body", f"layers are a list or a mapping of names, not {describe(value)}", value, hint)
        return broken_body(value.mark)

    def item(self, value: Value) -> Item:
        """Return one entry of a body."""
        if isinstance(value, Scalar):
            return Item(self._call(value, None) or Broken(value.mark), value.mark)
        if isinstance(value, Sequence):
            return Item(BlockSpec(value.mark, layers=self.body(value)), value.mark)
        return self._from_mapping(value)

    def block(self, mapping: Mapping) -> BlockSpec:
        """Return the block that the block fields of ``mapping`` describe; other fields are somebody else's."""
        layers, branches = mapping.get("layers"), mapping.get("branches")
        if layers is not None and branches is not None:
            hint = "put the branches into a block of their own among the layers"
            self._problems.error("two-bodies", "a block has `layers` or `branches`, not both", branches.mark, hint)
        self._check_lanes(mapping)
        order = [name for name, _ in mapping]
        shortcut = mapping.get("shortcut")
        block = BlockSpec(
            mapping.mark,
            layers=self.body(layers) if layers is not None else None,
            branches=self._branches(branches) if branches is not None else None,
            split=self._split(mapping),
            key=self._scalar(mapping, "key"),
            shortcut=self.shortcut(shortcut) if shortcut is not None else None,
            shortcut_first="shortcut" in order
            and "layers" in order
            and order.index("shortcut") < order.index("layers"),
            merge=self.merge(mapping),
            activation=self.activation(mapping.get("activation")),
        )
        read = (block.branches, block.split, block.key, block.shortcut, block.merge)
        names = ("branches", "split", "key", "shortcut", "merge")
        unread = any(mapping.get(name) and not each for name, each in zip(names, read, strict=True))
        return replace(block, broken=unread or (layers is not None and branches is not None))

    def _check_lanes(self, mapping: Mapping) -> None:
        """Report fields that mean nothing where they stand."""
        given = [name for name, _ in mapping]
        if "branches" in given:
            for name in ("shortcut", "activation"):
                if name in given:
                    hint = "put the branches into a block of their own among the `layers` of one that has it"
                    message = f"a block of `branches` has no `{name}`"
                    self._problems.error("unknown-field", message, mapping.key_mark(name), hint)
        elif "split" in given:
            hint = "`split` gives each of the `branches` its share of the channels"
            self._problems.error("unknown-field", "there are no branches to split", mapping.key_mark("split"), hint)
        elif "merge" in given and "shortcut" not in given:
            hint = "`merge` combines the layers with a `shortcut`, or `branches` with each other"
            self._problems.error("unknown-field", "there is nothing to merge", mapping.key_mark("merge"), hint)

    def shortcut(self, value: Value) -> Shortcut | None:
        """Return what runs beside the layers, or None where that cannot be read."""
        if not isinstance(value, Scalar):
            call = self._template_call(value)
            if call is not None:
                return projection(call)
            lane = self._lane(value, "shortcut", ("when",))
            return lane if lane.when is not None else lane.body
        check_syntax(value, self._problems)
        words = ("none", "identity", "auto", *self._known.templates)
        if isinstance(value.value, str) and ("$" in value.value or value.value in words):
            return value
        listed = "it is `none`, `identity`, `auto`, a template, or layers of its own"
        if isinstance(value.value, str) and value.value in self._known.operations:
            listed = f"write `[{value.value}]`: layers of its own are a list or a mapping of names"
        hint = partial(_meant, value.value, words, listed) if isinstance(value.value, str) else listed
        self._error("bad-shortcut", f"`shortcut` cannot be {describe(value)}", value, hint)
        return None

    def _template_call(self, value: Value) -> LayerCall | None:
        """Return the call that ``{Down: {out: 64}}`` is where a body could stand; a body would name a layer `Down`."""
        if not isinstance(value, Mapping) or len(value.entries) != 1:
            return None
        name, fields = value.entries[0]
        if name.value not in self._known.templates or not isinstance(fields, Mapping):
            return None
        if any(self._is_call(key) or key in BLOCK_FIELDS for key, _ in fields):
            return None
        return self._call(name, fields)

    def activation(self, value: Value | None) -> Item | None:
        """Return what follows the layers, or None where there is nothing."""
        if value is None or (isinstance(value, Scalar) and value.value == "none"):
            return None
        return self.item(value)

    def _named(self, key: Scalar, value: Value) -> Item:
        if not self.check_name(key):
            return Item(Broken(key.mark), key.mark)
        inner = list(value) if isinstance(value, Mapping) else []
        fields = self._known.operations[str(key.value)].model_fields if key.value in self._known.operations else {}
        if inner and fields and all(name in fields for name, _ in inner):
            word = key.value
            hint = f"in a list write `- {word}: {{…}}`; in a mapping give it a name: `name: {{{word}: {{…}}}}`"
            message = f"here `{key.value}` is the name of a layer, and `{inner[0][0]}` is not an operation"
            self._problems.error("call-for-name", message, key.mark, hint)
            return Item(Broken(key.mark), key.mark)
        return self.item(value)

    def _from_mapping(self, value: Mapping) -> Item:
        calls = [(key, fields) for key, fields in value.entries if self._is_call(str(key.value))]
        allowed = {*MODIFIERS, *(BLOCK_FIELDS if not calls else ("key",))}
        strange = [key for key, _ in value.entries if not self._is_call(str(key.value)) and key.value not in allowed]
        if self._outside(calls, strange) or self._typed(value, calls) or self._names_layers(value):
            return Item(Broken(value.mark), value.mark)
        for key in strange:
            self._unknown(key, calls[0][0] if calls else None)
        if len(calls) > 1:
            first, second = calls[0][0], calls[1][0]
            hint = "in a list every layer has its own `-`; layers with names belong under `layers:`"
            message = f"`{first.value}` and `{second.value}` are in one item, but an item is one layer"
            self._problems.error("two-calls", message, second.mark, hint)
            return Item(Broken(value.mark), value.mark)
        content = self._keyed(self._call(*calls[0]), value) if calls else self._inline_block(value, strange)
        fine = [self._check_modifier(name, value.get(name)) for name in MODIFIERS]
        if content is None or not all(fine):
            return Item(Broken(value.mark), value.mark)
        return Item(content, value.mark, value.get("when"), value.get("repeat"), self._aux(value))

    def _outside(self, calls: list[tuple[Scalar, Value]], strange: list[Scalar]) -> bool:
        """Report fields that stand beside the operation they belong to, one line and no indentation further."""
        if len(calls) != 1 or not strange or not (isinstance(calls[0][1], Scalar) and calls[0][1].value is None):
            return False
        call, known = calls[0][0], self._model_fields(str(calls[0][0].value))
        if not all(key.value in known for key in strange):
            return False
        listed = " and ".join(f"`{key.value}`" for key in strange)
        inside = ", ".join(f"{key.value}: …" for key in strange)
        hint = f"indent what belongs to it further, or write `{call.value}: {{{inside}}}`"
        self._problems.error("empty-fields", f"{listed} are below `{call.value}:`, not in it", call.mark, hint)
        return True

    def _typed(self, value: Mapping, calls: list[tuple[Scalar, Value]]) -> bool:
        """Report ``{type: conv, out: 8}``, as other formats write ``{conv: {out: 8}}``."""
        word = next((each for each in value.entries if each[0].value in KEYS_OF_A_WORD), None)
        if calls or word is None or not (isinstance(word[1], Scalar) and isinstance(word[1].value, str)):
            return False
        fields = ", ".join(f"{key.value}: …" for key, _ in value.entries if key is not word[0])
        own = meant_layer(word[1].value, [*self._known.operations, *self._known.templates]) or word[1].value
        hint = f"the operation itself is the key: `{own}: {{{fields}}}`" if fields else f"write `{own}`"
        self._problems.error("unknown-layer", f"`{word[0].value}` is not an operation", word[0].mark, hint)
        return True

    def _names_layers(self, value: Mapping) -> bool:
        """Report ``{conv1: {conv: …}, pool: maxpool}``: names where a call or block fields stand.

        As a short block it could not be told from a call: the names of layers are often words of operations.
        """
        not_names = {*self._beside, *BLOCK_FIELDS, *BlockFields.elsewhere, *KEYS_OF_A_WORD, "name"}
        entries = [each for each in value.entries if each[0].value not in not_names]
        if len(entries) < len(value.entries) and value.get("layers") is not None:
            return False
        name = next((key for key, inner in entries if self._is_named(str(key.value), inner)), None)
        if name is None:
            return False
        listed = ", ".join(f"{key.value}: …" for key, _ in entries)
        hint = f"write `layers: {{{listed}}}`; in a list layers have no names"
        message = f"`{name.value}` would be the name of a layer, and a block with names needs `layers:`"
        self._problems.error("names-without-layers", message, name.mark, hint)
        return True

    def _is_named(self, word: str, value: Value) -> bool:
        """Return whether ``word: value`` can only be a name with its layer."""
        if isinstance(value, Scalar):
            return isinstance(value.value, str) and self._is_call(value.value)
        if looks_like_template(word) or isinstance(value, Sequence):
            return False
        fields = self._model_fields(word)
        return any((self._is_call(key) or key == "layers") and key not in fields for key, _ in value)

    def _inline_block(self, value: Mapping, strange: list[Scalar]) -> BlockSpec | None:
        fields = tuple(each for each in value.entries if each[0].value in BLOCK_FIELDS)
        checked = validate(BlockFields, Mapping(fields, value.mark), "a block", self._problems)
        if value.get("layers") is not None or value.get("branches") is not None:
            block = self.block(value)
            return block if checked else replace(block, broken=True)
        if not strange:  # else that was said: an unknown word where the operation should stand
            hint = "a layer is `name` or `{name: {fields}}`; a block has `layers`"
            if fields:
                listed = " and ".join(f"`{key.value}`" for key, _ in fields)
                hint = f"{listed} of a block are in the same column as its `layers`, without a `-` of their own"
            self._problems.error("no-layer", "there is no layer in this item", value.mark, hint)
        return None

    def _call(self, name: Scalar, fields: Value | None) -> LayerCall | None:
        word = name.value
        if not isinstance(word, str) or not self._is_call(word):
            if isinstance(word, str):
                self._unknown(name)
            else:
                self._error("bad-item", f"a layer is a word or a mapping, not {describe(name)}", name)
            return None
        if fields is None:
            fields = Mapping((), name.mark)
        if not isinstance(fields, Mapping):
            self._bad_fields(name, fields)
            return None
        named = Mapping(fields.entries, name.mark)
        if word == REUSE:
            validate(ReuseFields, named, "`reuse`", self._problems)
        elif word in self._known.operations:
            operation, complete = self._known.operations[word], word not in self._known.defaults
            check_fields(operation, named, self._problems, complete=complete, variables=self._known.variables)
        else:
            check_syntax(fields, self._problems)
            if looks_like_template(word) and word not in self._known.templates:
                if self._known.more_templates:
                    return None  # it may be on a page that could not be read, which was said
                hint = self._missing_plugin() or partial(
                    _brought, word, name.mark, [*self._known.templates, *self._known.operations], "there are"
                )
                self._problems.error("unknown-template", f"there is no template `{word}`", name.mark, hint)
                return None
        return LayerCall(name, fields, name.mark)

    def _keyed(self, call: LayerCall | None, item: Mapping) -> LayerCall | None:
        """Return a call with the ``key:`` that stands beside it; None where it can have none."""
        entry = next((each for each in item.entries if each[0].value == "key"), None)
        if call is None or entry is None:
            return call
        operation = self._known.operations.get(call.text)
        if call.text == REUSE or (operation is not None and not operation.has_key):
            hint = "it has the key of the layer that runs again" if call.text == REUSE else "it leaves no module"
            self._problems.error("unknown-field", f"`{call.text}` has no key of its own", entry[0].mark, hint)
            return None
        if not validate(BlockFields, Mapping((entry,), item.mark), f"`{call.text}`", self._problems):
            return None
        if operation is not None and entry[1] == Scalar(".", entry[1].mark):
            hint = "`key: .` is for blocks, whose layers then live in the module around them"
            self._problems.error("bad-value", "the key of a layer is a name, not `.`", entry[1].mark, hint)
            return None
        return replace(call, key=self._scalar(item, "key"))

    def _bad_fields(self, name: Scalar, fields: Value) -> None:
        word = str(name.value)
        example = self._example(word)
        if isinstance(fields, Scalar) and fields.value is None:
            hint = f"write `{example}`" + (", without the colon" if example == word else "")
            self._problems.error("empty-fields", f"nothing is written after `{word}:`", name.mark, hint)
            return
        if example == word:
            example = f"{word}: {{{next(iter(self._model_fields(word)), 'name')}: …}}"
        hint = f"fields have names: `{example}`"
        self._error("bad-fields", f"the fields of `{word}` are a mapping, not {describe(fields)}", fields, hint)

    def _example(self, word: str) -> str:
        """Return a call with the fields that it must have, such as ``conv: {out: …, kernel: …}``."""
        needed = [f"{field}: …" for field, info in self._model_fields(word).items() if info.is_required()]
        return f"{word}: {{{', '.join(needed)}}}" if needed else word

    def _unknown(self, key: Scalar, call: Scalar | None = None) -> None:
        """Report a key that is neither an operation nor anything else; ``call`` is what it stands beside."""
        word = str(key.value)
        if call is not None:
            self._unknown_beside(key, str(call.value))
            return
        if word in self._known.templates:
            return  # a template whose name is wrong, which was said
        self._problems.error(
            "unknown-layer", f"`{word}` is not an operation", key.mark, partial(self._instead, word, key.mark)
        )

    def _missing_plugin(self) -> str | None:
        """Return what to say where the page needs a plugin that was not loaded."""
        loaded = {Path(origin.path).name for each in self._known.operations.values() if (origin := plugin_origin(each))}
        missing = [each for each in dict.fromkeys(self._known.plugins) if Path(each).name not in loaded]
        if not missing:
            return None
        options = " ".join(f"--plugin {each}" for each in missing)
        return f"the page needs {' and '.join(f'`{each}`' for each in missing)}: add `{options}`"

    def _instead(self, word: str, mark: Mark) -> str:
        """Return what to write instead of a key that is not an operation."""
        head, colon, tail = word.partition(":")
        field = BlockFields.elsewhere.get(word.lower())
        known = [*self._known.operations, REUSE, *BLOCK_FIELDS, *MODIFIERS, *self._known.templates]
        of_layer = self._missing_plugin() or _brought(word, mark, known, "operations are")
        hint = f"did you mean `{field}`?" if field and "not built in" not in of_layer[:40] else of_layer
        if word in (*BLOCK_FIELDS, *MODIFIERS):
            hint = f"it belongs beside `layers:` or a call: `{{layers: [ … ], {word}: … }}`"
        if colon and self._is_call(head):
            hint = f"write `{head}: {tail}`, with a space after the colon"
        elif word.startswith("-") and self._is_call(word[1:]):
            hint = f"write `- {word[1:]}`, with a space after the dash"
        elif "(" in word and (meant := meant_layer(word, self._known.operations)):
            hint = f"write `{self._example(meant)}`"
        return hint

    def _unknown_beside(self, key: Scalar, call: str) -> None:
        word = str(key.value)
        hint: Hint
        if word in BLOCK_FIELDS:
            hint = "give it to a block: `{layers: [ … ], " + word + ": … }`"
            self._problems.error("unknown-field", f"a call takes no `{word}` beside it", key.mark, hint)
            return
        modifier = BlockFields.elsewhere.get(word.lower())
        hint = f"did you mean `{modifier}`?" if modifier in MODIFIERS else None
        if word in self._model_fields(call):
            hint = f"write it inside: `{call}: {{{word}: …}}`"
        elif word == "name":
            hint = f"in a mapping the name comes first: `NAME: {{{call}: {{…}}}}`"
        beside = (*self._beside, "key")
        hint = hint or colon_slip(word, beside) or partial(suggest, word, beside, "beside a call you can write")
        self._problems.error("unknown-field", f"`{word}` cannot be written beside a call", key.mark, hint)

    def _branches(self, value: Value) -> tuple[Branch, ...] | None:
        items = value.items if isinstance(value, Sequence) else ()
        if len(items) + any(isinstance(each, Mapping) and each.get("repeat") is not None for each in items) < 2:
            hint = "each begins with `-` and has named or numbered layers; `{}` is the identity"
            self._error("bad-branches", "`branches` is a list of two or more bodies", value, hint)
            return None
        return tuple(self._branch(each) for each in items)

    def _branch(self, value: Value) -> Branch:
        return self._lane(value, "branch", ("when", "repeat"))

    def _lane(self, value: Value, kind: str, modifiers: tuple[str, ...]) -> Branch:
        """Return a branch or a shortcut: a body, or ``layers:`` with modifiers beside them."""
        if not isinstance(value, Mapping):
            return Branch(self.body(value))
        given = [name for name in modifiers if value.get(name) is not None]
        layers = value.get("layers")
        if given and layers is not None and len(value.entries) == len(given) + 1:
            fine = [self._check_modifier(name, value.get(name)) for name in given]
            return Branch(
                self.body(layers) if all(fine) else broken_body(value.mark), *map(value.get, ("when", "repeat"))
            )
        others = [key for key, _ in value.entries if key.value not in given]
        if given and len(others) == 1 and layers is None and nearest(str(others[0].value), ["layers"]):
            message = f"`{others[0].value}` is not a field of a {kind}"
            self._problems.error("unknown-field", message, others[0].mark, "did you mean `layers`?")
            return Branch(broken_body(value.mark))
        for name in given:
            modifier = value.get(name)
            if isinstance(modifier, Scalar) and not self._is_call(str(modifier.value)):
                hint = f"write `{{{name}: …, layers: …}}`"
                message = f"the layers of a {kind} with `{name}` belong under `layers:`"
                code = "bad-branches" if kind == "branch" else "bad-shortcut"
                self._problems.error(code, message, value.key_mark(name), hint)
                return Branch(broken_body(value.mark))
        return Branch(self.body(value))

    def merge(self, mapping: Mapping) -> Scalar | None:
        """Return how lanes meet, or None where it is not said or cannot be read."""
        merge = self._scalar(mapping, "merge")
        if merge is not None and not is_expression(merge.value) and merge.value not in MERGES:
            hint = partial(suggest_value, str(merge.value), list(MERGES), "it is one of")
            self._problems.error("bad-merge", f"`merge` cannot be {describe(merge)}", merge.mark, hint)
            return None
        return merge

    def _split(self, mapping: Mapping) -> Value | None:
        """Return whether branches get a share of the channels, or how many channels each of them gets."""
        value = mapping.get("split")
        if not isinstance(value, Sequence):
            return self._scalar(mapping, "split")
        if not all(isinstance(each, Scalar) for each in value.items):
            self._error("bad-value", "`split` is a list of numbers: the channels of each branch", value)
            return None
        for each in value.items:
            check_syntax(each, self._problems)
        return value

    def _scalar(self, mapping: Mapping, name: str) -> Scalar | None:
        value = mapping.get(name)
        if value is None:
            return None
        if isinstance(value, Scalar):
            check_syntax(value, self._problems)
            return value
        self._error("bad-value", f"`{name}` is one value, not {describe(value)}", value)
        return None

    def _check_modifier(self, name: str, value: Value | None) -> bool:
        """Report a modifier that cannot be read; return whether it can."""
        if value is None:
            return True
        if not isinstance(value, Scalar):
            hint = "such as `repeat: width in [64, 128]`" if name == "repeat" and isinstance(value, Sequence) else None
            self._error("bad-value", f"`{name}` is one value, not {describe(value)}", value, hint)
            return False
        if name == "aux" and not isinstance(value.value, bool):
            self._error("bad-value", f"`aux` is `true` or `false`, not {describe(value)}", value)
            return False
        if not (name == "repeat" and " in " in str(value.value)):
            check_syntax(value, self._problems)
        return True

    def _aux(self, value: Mapping) -> Mark | None:
        aux = value.get("aux")
        return aux.mark if isinstance(aux, Scalar) and aux.value is True else None

    def check_name(self, key: Scalar) -> bool:
        """Report a name that no layer can have; return whether what it names is worth reading."""
        return check_name(key, self._problems, self._is_call)

    def _is_call(self, word: str) -> bool:
        return (
            word in self._known.operations
            or word == REUSE
            or looks_like_template(word)
            or (word.startswith("$") and is_parameter_name(word[1:]))
        )

    def is_strange_beside(self, key: Scalar) -> bool:
        """Return whether a key is neither a call nor what may stand beside one."""
        return not self._is_call(str(key.value)) and key.value not in (*self._beside, *BLOCK_FIELDS)

    def _model_fields(self, word: str) -> dict[str, FieldInfo]:
        if word == REUSE:
            return ReuseFields.model_fields
        return self._known.operations[word].model_fields if word in self._known.operations else {}

    def _error(self, code: str, message: str, value: Value, hint: Hint = None) -> None:
        self._problems.error(code, message, value.mark, hint)


def _meant(word: str, known: tuple[str, ...], otherwise: str) -> str:
    close = nearest(word, known)
    return f"did you mean `{close}`?" if close else otherwise


def _brought(word: str, mark: Mark, known: list[str], what: str) -> str:
    """Return what to write instead of an unknown word, or what brings it: a page of templates that is shipped."""
    if (
        len(word) > 2
        and word not in GATES
        and nearest(word, known) is None
        and (close := meant_layer(word, GATES)) is not None
    ):
        return f"did you mean `{close}`? {_uses(mark)}"
    return _uses(mark) if word.lower() in map(str.lower, GATES) else advise(word, known, what)


def _uses(mark: Mark) -> str:
    on_command_line = mark.source.name.startswith("--")
    return (
        "add `--uses gates.yaml`, which brings it"
        if on_command_line
        else "`uses: gates.yaml` at the top of the page brings it"
    )


def projection(call: LayerCall) -> Body:
    """Return the body of a shortcut that is one instance of a template."""
    return Body(((Scalar("projection", call.mark), Item(call, call.mark)),), False, call.mark)


def broken_body(mark: Mark) -> Body:
    """Return a body of one thing that could not be read."""
    return Body(((None, Item(Broken(mark), mark)),), True, mark)

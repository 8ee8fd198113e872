"""Marked values to bodies, items and blocks: the two positions of the grammar.

In a body the keys of a mapping are names; in an item they are a call or block fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.diagnostics import suggest
from builder.ops import MERGES, OPERATIONS
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.spec.calls import check_fields, check_syntax
from builder.spec.fields import BLOCK_FIELDS, MODIFIERS, BlockFields, ReuseFields
from builder.spec.page import POINTS, REUSE, BlockSpec, Body, Call, Item
from builder.validation import validate

if TYPE_CHECKING:
    from builder.diagnostics import Collector, Mark
    from builder.reader import Value

_TEMPLATE = re.compile(r"[A-Z]\w*\Z")
_PARAMETER = re.compile(r"\$[A-Za-z_]\w*\Z")
NAME = r"^[A-Za-z_{][A-Za-z0-9_{}$ .*/+-]*$"
"""What a name may look like while expressions still stand in its braces."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_BRACES = re.compile(r"\{[^{}]*\}")


class Bodies:
    """Parses the nested part of one page; knows its templates and which operations have defaults."""

    def __init__(self, templates: tuple[str, ...], defaults: frozenset[str], problems: Collector) -> None:
        self._templates = templates
        self._defaults = defaults
        self._problems = problems

    def body(self, value: Value) -> Body | None:
        """Return a list as numbered items, a mapping as named ones."""
        if isinstance(value, Sequence):
            entries = [(None, self.item(each)) for each in value.items]
            return Body(tuple((name, item) for name, item in entries if item is not None), True, value.mark)
        if isinstance(value, Mapping):
            named = [(key, self._named(key, each)) for key, each in value.entries]
            return Body(tuple((key, item) for key, item in named if item is not None), False, value.mark)
        self._error("bad-body", f"layers are a list or a mapping of names, not {describe(value)}", value)
        return None

    def item(self, value: Value) -> Item | None:
        """Return one entry of a body."""
        if isinstance(value, Scalar):
            call = self._call(value, None)
            return Item(call, value.mark) if call else None
        if isinstance(value, Sequence):
            body = self.body(value)
            return Item(BlockSpec(value.mark, layers=body), value.mark) if body else None
        return self._from_mapping(value)

    def block(self, mapping: Mapping) -> BlockSpec:
        """Return the block that the block fields of ``mapping`` describe; other fields are somebody else's."""
        layers, branches = mapping.get("layers"), mapping.get("branches")
        if layers is not None and branches is not None:
            hint = "put the branches into a block of their own among the layers"
            self._problems.error("two-bodies", "a block has `layers` or `branches`, not both", branches.mark, hint)
        order = [name for name, _ in mapping]
        shortcut = mapping.get("shortcut")
        return BlockSpec(
            mapping.mark,
            layers=self.body(layers) if layers is not None else None,
            branches=self._branches(branches) if branches is not None else None,
            split=self._scalar(mapping, "split"),
            key=self._scalar(mapping, "key"),
            shortcut=self._shortcut(shortcut) if shortcut is not None else None,
            shortcut_first="shortcut" in order
            and "layers" in order
            and order.index("shortcut") < order.index("layers"),
            merge=self._merge(mapping),
            activation=self._activation(mapping.get("activation")),
        )

    def shortcut(self, value: Value) -> Scalar | Body | None:
        """Return a shortcut as ``set`` gives it."""
        return self._shortcut(value)

    def activation(self, value: Value) -> Item | None:
        """Return an activation as ``set`` gives it."""
        return self._activation(value)

    def _named(self, key: Scalar, value: Value) -> Item | None:
        self._check_name(key)
        inner = list(value) if isinstance(value, Mapping) else []
        fields = OPERATIONS[str(key.value)].model_fields if key.value in OPERATIONS else {}
        if inner and fields and all(name in fields for name, _ in inner):
            word = key.value
            hint = f"in a list write `- {word}: {{…}}`; in a mapping give it a name: `name: {{{word}: {{…}}}}`"
            message = f"here `{key.value}` is the name of a layer, and `{inner[0][0]}` is no operation"
            self._problems.error("call-for-name", message, key.mark, hint)
            return None
        return self.item(value)

    def _from_mapping(self, value: Mapping) -> Item | None:
        calls = [(key, fields) for key, fields in value.entries if self._is_call(str(key.value))]
        allowed = {*MODIFIERS, *(BLOCK_FIELDS if not calls else ())}
        for key, _ in value.entries:
            if not self._is_call(str(key.value)) and key.value not in allowed:
                self._unknown(key, called=bool(calls))
        if len(calls) > 1:
            first, second = calls[0][0], calls[1][0]
            hint = "in a list every layer has its own `-`"
            message = f"`{first.value}` and `{second.value}` stand in one item, which is one layer"
            self._problems.error("two-calls", message, second.mark, hint)
            return None
        content = self._call(*calls[0]) if calls else self._inline_block(value)
        if content is None:
            return None
        modifiers = {name: value.get(name) for name in MODIFIERS}
        for modifier in ("when", "repeat"):
            self._check_modifier(modifier, modifiers[modifier])
        return Item(content, value.mark, modifiers["when"], modifiers["repeat"], self._aux(value))

    def _inline_block(self, value: Mapping) -> BlockSpec | None:
        known = Mapping(
            tuple(each for each in value.entries if each[0].value in (*BLOCK_FIELDS, *MODIFIERS)), value.mark
        )
        validate(BlockFields, known, "a block", self._problems)
        if (
            value.entries
            and len(known.entries) < len(value.entries)
            and not (value.get("layers") or value.get("branches"))
        ):
            return None  # said already: an unknown word where the operation should stand
        if value.get("layers") is None and value.get("branches") is None:
            hint = "a layer is `name` or `{name: {fields}}`; a block has `layers`"
            self._problems.error("no-layer", "there is no layer in this item", value.mark, hint)
            return None
        return self.block(value)

    def _call(self, name: Scalar, fields: Value | None) -> Call | None:
        word = name.value
        if not isinstance(word, str) or not self._is_call(word):
            if isinstance(word, str):
                self._unknown(name, called=False)
            else:
                self._error("bad-item", f"a layer is a word or a mapping, not {describe(name)}", name)
            return None
        if fields is None:
            fields = Mapping((), name.mark)
        if not isinstance(fields, Mapping):
            self._bad_fields(word, fields)
            return None
        if word == REUSE:
            validate(ReuseFields, fields, "`reuse`", self._problems)
        elif word in OPERATIONS:
            check_fields(OPERATIONS[word], fields, self._problems, complete=word not in self._defaults)
        else:
            check_syntax(fields, self._problems)
            if _TEMPLATE.match(word) and word not in self._templates:
                hint = suggest(word, self._templates, "the page has")
                self._problems.error("unknown-template", f"there is no template `{word}`", name.mark, hint)
                return None
        return Call(name, fields, name.mark)

    def _bad_fields(self, word: str, fields: Value) -> None:
        if isinstance(fields, Scalar) and fields.value is None:
            hint = f"write `{word}`, or `{word}: {{}}`"
            self._problems.error("empty-fields", f"after `{word}:` nothing follows", fields.mark, hint)
            return
        first = next(iter(OPERATIONS[word].model_fields), "out") if word in OPERATIONS else "out"
        hint = f"fields have names: `{word}: {{{first}: …}}`"
        self._error("bad-fields", f"the fields of `{word}` are a mapping, not {describe(fields)}", fields, hint)

    def _unknown(self, key: Scalar, *, called: bool) -> None:
        word = str(key.value)
        known = list(MODIFIERS) if called else [*OPERATIONS, REUSE, *BLOCK_FIELDS, *MODIFIERS, *self._templates]
        if word in BLOCK_FIELDS and called:
            hint = "a block's fields stand beside its `layers`"
            self._problems.error("unknown-field", f"a call takes no `{word}` beside it", key.mark, hint)
            return
        what = "beside a call may stand" if called else "operations, templates and block fields"
        self._problems.error("unknown-layer", f"`{word}` is no operation", key.mark, suggest(word, known, what))

    def _branches(self, value: Value) -> tuple[Body, ...] | None:
        if not isinstance(value, Sequence) or len(value.items) < 2:
            self._error("bad-branches", "`branches` is a list of two or more bodies", value)
            return None
        bodies = [self.body(each) for each in value.items]
        return tuple(body for body in bodies if body is not None)

    def _shortcut(self, value: Value) -> Scalar | Body | None:
        if not isinstance(value, Scalar):
            return self.body(value)
        check_syntax(value, self._problems)
        words = ("none", "identity", "auto")
        if not isinstance(value.value, str) or ("$" not in value.value and value.value not in words):
            word = str(value.value)
            hint = suggest(word, words, "it is one of") + ", or layers of its own"
            self._error("bad-shortcut", f"`shortcut` cannot be {describe(value)}", value, hint)
            return None
        return value

    def _activation(self, value: Value | None) -> Item | None:
        if value is None or (isinstance(value, Scalar) and value.value == "none"):
            return None
        return self.item(value)

    def _merge(self, mapping: Mapping) -> Scalar | None:
        merge = self._scalar(mapping, "merge")
        if merge is not None and isinstance(merge.value, str) and "$" not in merge.value and merge.value not in MERGES:
            hint = suggest(merge.value, list(MERGES), "it is one of")
            self._problems.error("bad-merge", f"`merge` cannot be `{merge.value}`", merge.mark, hint)
            return None
        return merge

    def _scalar(self, mapping: Mapping, name: str) -> Scalar | None:
        value = mapping.get(name)
        if value is None:
            return None
        if isinstance(value, Scalar):
            check_syntax(value, self._problems)
            return value
        self._error("bad-value", f"`{name}` is one value, not {describe(value)}", value)
        return None

    def _check_modifier(self, name: str, value: Value | None) -> None:
        if value is not None and not isinstance(value, Scalar):
            self._error("bad-value", f"`{name}` is one value, not {describe(value)}", value)
        elif value is not None and not (name == "repeat" and " in " in str(value.value)):
            check_syntax(value, self._problems)

    def _aux(self, value: Mapping) -> Mark | None:
        aux = value.get("aux")
        return aux.mark if isinstance(aux, Scalar) and aux.value is True else None

    def _check_name(self, key: Scalar) -> None:
        name = str(key.value)
        fixed = _BRACES.sub("x", name)
        if name in POINTS:
            hint = "points are " + ", ".join(f"`{point}`" for point in POINTS)
            self._problems.error("reserved-name", f"`{name}` is the name of a point", key.mark, hint)
        elif not _NAME.match(fixed) or len(name) > 100:
            hint = "letters, digits, `_` and `-`, beginning with a letter; an expression in it stands in braces"
            self._problems.error("bad-name", f"`{name}` cannot be a name", key.mark, hint)

    def _is_call(self, word: str) -> bool:
        return word in OPERATIONS or word == REUSE or bool(_TEMPLATE.match(word)) or bool(_PARAMETER.match(word))

    def _error(self, code: str, message: str, value: Value, hint: str | None = None) -> None:
        self._problems.error(code, message, value.mark, hint)

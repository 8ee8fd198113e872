"""A marked mapping to a ``Page``: the top level of the grammar."""

from __future__ import annotations

import keyword
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from builder.diagnostics import DETAILED, Collector
from builder.expressions import is_expression
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.spec.bodies import Bodies, broken_body
from builder.spec.calls import check_fields, check_syntax
from builder.spec.elsewhere import advise
from builder.spec.fields import BLOCK_FIELDS, PageFields, TemplateFields
from builder.spec.names import LONGEST_NAME, SEGMENT, is_parameter_name, is_template_name, name_rule
from builder.spec.page import (
    RESERVED,
    BlockSpec,
    Broken,
    Header,
    InitRule,
    Insert,
    LayerCall,
    Member,
    Page,
    Replacement,
    Template,
    TemplateParameter,
)
from builder.validation import is_meant, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from builder.reader import Value
    from builder.spec.known import Known

MAX_PARAMETERS = 200  # of one template or page; each is bound at every call
MAX_MEMBERS = 200

_COUNTER = re.compile(r"\$(nth|total)\b")

KINDS = ("int", "float", "bool", "list", "layer", "size", "text")
"""Kinds of a required parameter."""


_NEVER_EMPTY = {
    "extends": "extends: resnet18",
    "member": "member: resnet50",
    "input": "input: [3, 224, 224]",
    "classes": "classes: 10",
    "version": "version: 1",
    "language": "language: 2",
}
"""What fields look like of which none can be empty."""


def parse_page(mapping: Mapping, known: Known, problems: Collector) -> Page:
    """Return the page that ``mapping`` says, with what cannot be read marked as broken.

    ``known`` are the words that it may call besides its own templates. Everything wrong is added to ``problems``.
    """
    validate(PageFields, mapping, "a page", problems)
    mapping = _without_empty(_as_meant(mapping, PageFields), problems)
    parts = {
        name: _mapping(mapping, name, problems)
        for name in ("params", "members", "defaults", "templates", "set", "replace")
    }
    templates = (*known.templates, *(name for name, _ in parts["templates"]))
    known = replace(
        known,
        templates=templates,
        defaults=known.defaults | {name for name, _ in parts["defaults"]},
        variables=known.variables | _variables(parts["params"], parts["templates"]),
        more_templates=known.more_templates
        or _is_meant(mapping, "templates", "uses")
        or not all(is_template_name(name) for name, _ in parts["templates"]),
    )
    plugins = _plugins(mapping.get("plugins"), problems)
    known = replace(known, plugins=(*known.plugins, *plugins))
    bodies = Bodies(known, problems)
    inserted = Bodies(known, problems, beside=("at", "name"))
    _check_extends(mapping, problems)
    return Page(
        header=replace(_header(mapping), plugins=plugins),
        raw=mapping,
        uses=_uses(mapping.get("uses"), problems),
        block=_root(mapping, bodies, problems),
        params=_parameters(parts["params"], problems),
        members=_members(parts["members"], problems),
        defaults=_defaults(parts["defaults"], known, problems),
        init=tuple(_init(mapping, problems)),
        templates=dict(_templates(parts["templates"], bodies, problems)),
        insert=tuple(_inserts(mapping.get("insert"), inserted, problems)),
        set=dict(_sets(parts["set"], problems)),
        replace=dict(_replacements(parts["replace"], bodies, problems)),
        variants=_mapping(mapping, "variants", problems),
    )


def _without_empty(mapping: Mapping, problems: Collector) -> Mapping:
    """Report fields behind whose colon nothing stands; they go on as ``classes_``, meant and read by nobody."""
    entries: list[tuple[Scalar, Value]] = []
    for key, value in mapping.entries:
        example = _NEVER_EMPTY.get(str(key.value))
        if example and isinstance(value, Scalar) and value.value is None:
            hint = f"such as `{example}`, or remove it"
            problems.error("empty-fields", f"nothing is written after `{key.value}:`", key.mark, hint)
            entries.append((Scalar(f"{key.value}_", key.mark), value))
        else:
            entries.append((key, value))
    return Mapping(tuple(entries), mapping.mark)


def _as_meant(mapping: Mapping, model: type[BaseModel]) -> Mapping:
    """Return ``mapping`` with misspelled fields under their right names: what they hold is looked at too."""
    given = {name for name, _ in mapping}
    entries, strange = [], 0
    for key, value in mapping.entries:
        strange += key.value not in model.model_fields
        fields = model.model_fields if strange <= DETAILED else ()
        near = [field for field in fields if is_meant(field, [str(key.value)], model)]
        right = near[0] if len(near) == 1 and key.value not in model.model_fields and near[0] not in given else None
        entries.append((Scalar(right, key.mark) if right else key, value))
    return Mapping(tuple(entries), mapping.mark)


def _variables(params: Mapping, templates: Mapping) -> frozenset[str]:
    """Return the names of the parameters of a page and of its templates."""
    inner = [each.get("params") for _, each in templates if isinstance(each, Mapping)]
    return frozenset(name for each in (params, *inner) if isinstance(each, Mapping) for name, _ in each)


def _check_extends(mapping: Mapping, problems: Collector) -> None:
    """Report what stands beside ``extends`` and cannot, and what needs it."""
    if mapping.get("extends") is None:
        if _lacks_base(mapping):
            hint = "such as `extends: resnet` above it; a member of this page is asked for as `FILE:MEMBER`"
            message = "`member` chooses one of the page that this one extends, and it extends none"
            problems.error("missing-field", message, mapping.key_mark("member"), hint)
        return
    for name in BLOCK_FIELDS:
        if mapping.get(name) is not None:
            hint = "`insert`, `set` and `replace` change what the base has"
            message = f"a page that extends another has no `{name}` of its own"
            problems.error("extends-with-layers", message, mapping.key_mark(name), hint)


def _lacks_base(mapping: Mapping) -> bool:
    """Return whether a page names a member of a base and no base, which would have given the rest."""
    return mapping.get("member") is not None and mapping.get("extends") is None


def _is_meant(mapping: Mapping, *fields: str) -> bool:
    """Return whether an unknown key was meant to be one of ``fields``, which then are not missing besides."""
    unknown = [name for name, _ in mapping if name not in PageFields.model_fields]
    return any(is_meant(field, unknown, PageFields) for field in fields)


def parse_insert(entry: Value, bodies: Bodies, problems: Collector) -> Insert | None:
    """Return one entry of ``insert``: an item with the places where it goes."""
    if not isinstance(entry, Mapping):
        hint = "write `- se: {reduction: 16}` and below it `at: block1.pre_activation`"
        problems.error("bad-insert", f"an insert is a layer with `at`, not {describe(entry)}", entry.mark, hint)
        return None
    unknown = [key for key, _ in entry.entries if bodies.is_strange_beside(key)]
    if len(unknown) == 1 and entry.get("at") is None:
        message = f"`{unknown[0].value}` cannot be written beside a call"
        problems.error("unknown-field", message, unknown[0].mark, "did you mean `at`?")
        return None
    extra = {"at", "name"}
    item = bodies.item(Mapping(tuple(each for each in entry.entries if each[0].value not in extra), entry.mark))
    at = entry.get("at")
    if at is None or (isinstance(at, Sequence) and not at.items):
        hint = "such as `at: block1.pre_activation`"
        mark = entry.key_mark("at") if at is not None else entry.entries[0][0].mark if entry.entries else entry.mark
        problems.error("missing-field", "an insert needs `at`, which says where", mark, hint)
        return None
    places = tuple(_texts(at, "at", problems))
    name = entry.get("name")
    if name is not None and not (isinstance(name, Scalar) and isinstance(name.value, str)):
        problems.error("bad-value", f"`name` is a text, not {describe(name)}", name.mark)
        name = None
    if not places or (isinstance(name, Scalar) and not bodies.check_name(name)):
        return None
    return Insert(item, places, name if isinstance(name, Scalar) else None)


def _header(mapping: Mapping) -> Header:
    def scalar(name: str) -> Scalar | None:
        value = mapping.get(name)
        return value if isinstance(value, Scalar) and isinstance(value.value, str) else None

    def size(name: str) -> Any:
        value = mapping.get(name)
        if value is None and (_lacks_base(mapping) or _is_meant(mapping, name)):
            return Broken(mapping.mark)
        try:
            return getattr(PageFields.model_validate({"name": "page", name: value.plain() if value else None}), name)
        except ValidationError:
            return Broken((value or mapping).mark)

    name = scalar("name") or Scalar("page", mapping.mark)
    return Header(name, size("input"), size("classes"), scalar("extends"), scalar("member"), size("version"),
                  size("language"))  # fmt: skip


def _root(mapping: Mapping, bodies: Bodies, problems: Collector) -> BlockSpec | None:
    if mapping.get("extends") is not None:
        return None
    if mapping.get("layers") is None and mapping.get("branches") is None:
        if mapping.get("templates") is not None and mapping.get("input") is None:
            return None  # a page of templates, for others to use
        if not _lacks_base(mapping) and not _is_meant(mapping, "layers", "branches", "extends", "templates"):
            hint = "a page has `layers`, or `extends` another page"
            problems.error("missing-field", "this page has no layers", mapping.mark, hint)
        return BlockSpec(mapping.mark, layers=broken_body(mapping.mark))
    block = Mapping(
        tuple(each for each in mapping.entries if each[0].value in BLOCK_FIELDS and each[0].value != "key"),
        mapping.mark,
    )
    return bodies.block(block)


def _uses(value: Value | None, problems: Collector) -> tuple[Scalar, ...]:
    return tuple(_texts(value, "uses", problems, "a page such as `gates.yaml`")) if value is not None else ()


def _plugins(value: Value | None, problems: Collector) -> tuple[str, ...]:
    """Return the files of operations that a page says it needs."""
    named = _texts(value, "plugins", problems, "a file such as `my_layers.py`") if value is not None else ()
    return tuple(str(each.value) for each in named)


def _parameters(mapping: Mapping, problems: Collector) -> dict[str, TemplateParameter]:
    parameters: dict[str, TemplateParameter] = {}
    for key, value in mapping.entries:
        name = str(key.value)
        if len(parameters) == MAX_PARAMETERS:
            message = f"more than {MAX_PARAMETERS} parameters"
            problems.error("too-many-parameters", message, key.mark, "a list is one parameter: `$widths.0`")
            break
        if not is_parameter_name(name):
            problems.error("bad-name", f"`{name}` cannot be a parameter: `${name}` would not be read", key.mark)
            continue
        if name in RESERVED:
            problems.error(
                "reserved-name", f"`${name}` is already defined by the language", key.mark, "choose another name"
            )
            continue
        check_syntax(value, problems)
        kind, default = _kind(value)
        parameters[name] = TemplateParameter(key, kind, default)
    return parameters


def _kind(value: Value) -> tuple[str, Value | None]:
    """Return the kind that a parameter has, and its default unless the value is the name of a kind."""
    if isinstance(value, Sequence):
        return "list", value
    if isinstance(value, Mapping) or value.value is None or is_expression(value.value):
        return "any", value
    if isinstance(value.value, bool):
        return "bool", value
    if isinstance(value.value, int):
        return "size", value
    if isinstance(value.value, float):
        return "float", value
    return (value.value, None) if value.value in KINDS else ("text", value)


def _members(mapping: Mapping, problems: Collector) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for key, value in mapping.entries:
        if len(members) == MAX_MEMBERS:
            problems.error("too-many-members", f"more than {MAX_MEMBERS} members", key.mark, "write another page")
            break
        name = str(key.value)
        if not re.fullmatch(SEGMENT, name) or len(name) > LONGEST_NAME:
            problems.error("bad-name", f"`{name}` cannot be a member's name", key.mark, name_rule(name))
        else:
            members[str(key.value)] = _member(key, value)
    return members


def _member(key: Scalar, value: Value) -> Member:
    """Return a member with its mistakes, which are no other member's."""
    own = Collector()
    if isinstance(value, Mapping):
        check_syntax(value, own)
        return Member(key, value, own.found)
    own.error("bad-value", f"a member is a mapping of parameters, not {describe(value)}", value.mark)
    return Member(key, Mapping((), value.mark), own.found)


def _defaults(mapping: Mapping, known: Known, problems: Collector) -> dict[str, Mapping]:
    defaults = {}
    for key, value in mapping.entries:
        operation = known.operations.get(str(key.value))
        if operation is None:
            hint = partial(advise, str(key.value), list(known.operations), "operations are")
            problems.error("unknown-layer", f"`{key.value}` is not an operation", key.mark, hint)
        elif isinstance(value, Mapping):
            check_fields(operation, value, problems, complete=False)
            defaults[operation.kind] = value
        else:
            problems.error(
                "bad-fields", f"the fields of `{key.value}` are a mapping, not {describe(value)}", value.mark
            )
    return defaults


def _init(mapping: Mapping, problems: Collector) -> Iterator[InitRule]:
    for target, rules in _mapping(mapping, "init", problems).entries:
        if not isinstance(rules, Mapping):
            hint = "such as `conv: {weight: kaiming_normal, bias: 0}`"
            problems.error("bad-init", f"a rule of `init` is a mapping, not {describe(rules)}", rules.mark, hint)
            continue
        check_syntax(rules, problems)
        for parameter, value in rules.entries:
            yield InitRule(target, parameter, value)


def _templates(mapping: Mapping, bodies: Bodies, problems: Collector) -> Iterator[tuple[str, Template]]:
    for key, value in mapping.entries:
        name = str(key.value)
        if not is_template_name(name):
            capital = f"{name[:1].upper()}{name[1:]}"
            hint = (
                f"write `{capital}`"
                if is_template_name(capital)
                else "letters, digits and `_`, beginning with a capital"
            )
            reason = "is a word of Python's" if keyword.iskeyword(name) else "is not"
            problems.error("bad-name", f"a template is Capitalized, and `{name}` {reason}", key.mark, hint)
        if not isinstance(value, Mapping):
            problems.error("bad-value", f"a template is a block, not {describe(value)}", value.mark)
            yield name, Template(key, (), BlockSpec(key.mark, layers=broken_body(key.mark)))
            continue
        checked = validate(TemplateFields, value, f"template `{name}`", problems)
        value = _as_meant(value, TemplateFields)  # noqa: PLW2901 - the same, read as it was meant
        block = bodies.block(value)
        if block.layers is None and block.branches is None:
            if checked is not None:  # else its layers stand under another name, which was said
                problems.error(
                    "missing-field", f"template `{name}` has no layers", key.mark, "such as `layers: [relu]`"
                )
            block = replace(block, layers=broken_body(key.mark))
        parameters = _parameters(_mapping(value, "params", problems), problems)
        block = block if checked is not None else replace(block, broken=True)
        yield name, Template(key, tuple(parameters.values()), block, _counts(value))


def _counts(value: Value) -> bool:
    """Return whether a text in ``value`` mentions ``$nth`` or ``$total``."""
    match value:
        case Scalar(value=str() as text):
            return bool(_COUNTER.search(text))
        case Sequence(items=items):
            return any(_counts(item) for item in items)
        case Mapping(entries=entries):
            return any(_counts(inner) for _, inner in entries)
    return False


def _inserts(value: Value | None, bodies: Bodies, problems: Collector) -> Iterator[Insert]:
    if value is None:
        return
    if not isinstance(value, Sequence):
        hint = "every entry begins with `-`"
        problems.error("bad-insert", f"`insert` is a list, not {describe(value)}", value.mark, hint)
        return
    for entry in value.items:
        insert = parse_insert(entry, bodies, problems)
        if insert is not None:
            yield insert


def _sets(mapping: Mapping, problems: Collector) -> Iterator[tuple[str, tuple[Scalar, Mapping]]]:
    for key, value in mapping.entries:
        if isinstance(value, Mapping):
            check_syntax(value, problems)
            yield str(key.value), (key, value)
        else:
            hint = f"such as `{key.value}: {{shortcut: auto}}`"
            problems.error("bad-value", f"`set` gives fields, not {describe(value)}", value.mark, hint)


def _replacements(mapping: Mapping, bodies: Bodies, problems: Collector) -> Iterator[tuple[str, Replacement]]:
    for key, value in mapping.entries:
        gone = isinstance(value, Scalar) and value.value == "none"
        item = None if gone else bodies.item(value)
        if item is not None and isinstance(item.content, LayerCall) and item.content.key is not None:
            message = "what replaces a layer has that layer's key"
            problems.error("unknown-field", message, item.content.key.mark, "leave out `key`")
        yield str(key.value), Replacement(key, item)


_EXAMPLES = {
    "params": "such as `params: {out: int, stride: 1}`",
    "members": "such as `members: {small: {width: 16}}`",
    "defaults": "such as `defaults: {conv: {bias: false}}`",
    "init": "such as `init: {conv: {weight: kaiming_normal}}`",
    "set": "such as `set: {block1: {shortcut: auto}}`",
    "replace": "such as `replace: {maxpool: none}`",
}


def _mapping(mapping: Mapping, name: str, problems: Collector) -> Mapping:
    value = mapping.get(name)
    if isinstance(value, Mapping):
        return value
    if value is not None:
        hint = _EXAMPLES.get(name)
        problems.error("bad-value", f"`{name}` is a mapping, not {describe(value)}", value.mark, hint)
    return Mapping((), mapping.mark)


def _texts(
    value: Value, name: str, problems: Collector, what: str = "a place such as `block1.out`"
) -> Iterator[Scalar]:
    for each in value.items if isinstance(value, Sequence) else (value,):
        if isinstance(each, Scalar) and isinstance(each.value, str):
            yield each
        else:
            problems.error("bad-value", f"`{name}` is {what}, not {describe(each)}", each.mark)

"""A page's tree to YAML: structure in block style, one call a line."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from builder.importing.forms import BlockForm, BodyForm, LayerForm
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.importing.forms import Node
    from builder.importing.templates import TemplateForm

_PAGE_WIDE = ("bias", "eps", "momentum", "count_include_pad")
"""Fields that a page sets for all layers where most of them agree."""


class Writer:
    """Writes one page."""

    def __init__(self, root: BodyForm, templates: Sequence[TemplateForm]) -> None:
        self._root = root
        self._templates = templates
        self._params = {each.name: each.params for each in templates}
        self._defaults = _common([root, *(body for each in templates for body in _all(each.block))])

    def page(self, name: str, size: Sequence[int], classes: int, version: int = 1) -> str:
        """Return the text."""
        lines = [f"name: {name}", f"input: {flow(list(size))}", f"classes: {classes}"]
        lines += [f"version: {version}"] if version != 1 else []
        if self._defaults:
            lines += ["", "defaults:"]
            lines += [f"  {word}: {flow(fields)}" for word, fields in self._defaults.items()]
        if self._templates:
            lines += ["", "templates:"]
            for each in self._templates:
                lines.append(f"  {each.name}:")
                if each.params:
                    lines.append(f"    params: {flow(each.params)}")
                lines += [f"    {line}" for line in self._block(each.block)]
                lines.append("")
            lines.pop()
        lines += ["", "layers:"]
        lines += [f"  {line}" for line in self._body(self._root)]
        return "\n".join(lines) + "\n"

    def _body(self, body: BodyForm) -> Iterator[str]:
        for name, node in body.entries:
            lines = list(self._node(node, listed=name is None))
            if name is None:
                yield f"- {lines[0]}"
                yield from (f"  {line}" for line in lines[1:])
            elif len(lines) == 1 and not lines[0].startswith("- "):
                yield f"{name}: {lines[0]}"
            else:
                yield f"{name}:"
                yield from (f"  {line}" for line in lines)

    def _node(self, node: Node, *, listed: bool) -> Iterator[str]:
        if isinstance(node, BlockForm):
            yield from self._short(node) if self._is_short(node) else self._block(node)
            return
        alone = node.repeat is None and not node.aux and node.key is None
        yield self._call(node, flow_style=not listed and alone, alone=alone)
        if node.repeat is not None:
            yield f"repeat: {value(node.repeat)}"
        if node.key is not None:
            yield f"key: {value(node.key)}"
        if node.aux:
            yield "aux: true"

    def _is_short(self, block: BlockForm) -> bool:
        plain = block.shortcut is None and block.activation is None and block.key is None and not block.aux
        return plain and block.layers is not None and block.layers.numbered

    def _short(self, block: BlockForm) -> Iterator[str]:
        assert block.layers is not None
        yield from self._body(block.layers)

    def _block(self, block: BlockForm) -> Iterator[str]:
        if block.key is not None:
            yield f"key: {value(block.key)}"
        if block.aux:
            yield "aux: true"
        if block.split:
            yield f"split: {flow(block.split)}"
        yield from self._inside(block)
        if block.shortcut is not None and block.shortcut.entries:
            yield "shortcut:"
            yield from (f"  {line}" for line in self._body(block.shortcut))
        elif block.shortcut is not None:
            yield "shortcut: identity"
        if block.merge is not None:
            yield f"merge: {block.merge}"
        if block.activation is not None:
            yield f"activation: {self._call(block.activation, flow_style=True, alone=True)}"

    def _inside(self, block: BlockForm) -> Iterator[str]:
        if block.branches is not None:
            yield "branches:"
            for body in block.branches:
                lines = list(self._body(body)) or ["{}"]
                yield f"  - {lines[0]}"
                yield from (f"    {line}" for line in lines[1:])
        elif block.layers is not None:
            yield "layers:"
            yield from (f"  {line}" for line in self._body(block.layers))

    def _call(self, layer: LayerForm, *, flow_style: bool, alone: bool) -> str:
        fields = self._said(layer)
        if not fields:
            return layer.word if alone else f"{layer.word}: {{}}"
        text = f"{layer.word}: {flow(fields)}"
        return f"{{{text}}}" if flow_style else text

    def _said(self, layer: LayerForm) -> dict[str, object]:
        """Return the fields that are not what they would be anyway."""
        if layer.word in self._params:
            params = self._params[layer.word]
            return {name: each for name, each in layer.fields.items() if not _equal(params[name], each)}
        if layer.word not in OPERATIONS:
            return layer.fields
        said = {}
        for name, each in layer.fields.items():
            if name not in OPERATIONS[layer.word].model_fields:  # a place
                said[name] = each
                continue
            default = OPERATIONS[layer.word].model_fields[name].default
            if name == "stride" and layer.word in ("maxpool", "avgpool"):
                default = layer.fields["kernel"]
            if name == "first":
                default = layer.fields["by"] in ("add", "mul")
            default = self._defaults.get(layer.word, {}).get(name, default)
            if not _equal(default, each):
                said[name] = each
        return said


def _equal(one: object, two: object) -> bool:
    return type(one) is type(two) and one == two


def _all(block: BlockForm) -> Iterator[BodyForm]:
    for body in (block.layers, *(block.branches or ()), block.shortcut):
        if body is not None:
            yield body


def _layers(body: BodyForm) -> Iterator[LayerForm]:
    for _, node in body.entries:
        if isinstance(node, LayerForm):
            yield node
        else:
            for inner in _all(node):
                yield from _layers(inner)


def _common(bodies: list[BodyForm]) -> dict[str, dict[str, object]]:
    """Return the fields in which most layers of a kind agree, where that is not PyTorch's own default."""
    counts: dict[str, dict[str, Counter[object]]] = defaultdict(lambda: defaultdict(Counter))
    for body in bodies:
        for layer in _layers(body):
            for name in _PAGE_WIDE:
                if layer.word in OPERATIONS and name in layer.fields:
                    counts[layer.word][name][layer.fields[name]] += 1
    common: dict[str, dict[str, object]] = {}
    for word, fields in counts.items():
        for name, counted in fields.items():
            (most, number), *_ = counted.most_common()
            default = OPERATIONS[word].model_fields[name].default
            if not _equal(most, default) and number > 1 and not str(most).startswith("$"):
                common.setdefault(word, {})[name] = most
    return common


def flow(thing: object) -> str:
    """Return a value in flow style."""
    if isinstance(thing, dict):
        return "{" + ", ".join(f"{name}: {flow(each)}" for name, each in thing.items()) + "}"
    if isinstance(thing, (list, tuple)):
        return "[" + ", ".join(map(flow, thing)) + "]"
    return value(thing)


def value(thing: object) -> str:
    """Return one value; a text that would be read as something else is quoted."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, str):
        risky = thing.strip() != thing or not thing or any(each in thing for each in ",[]{}#:\"'") or thing.isdigit()
        return "'" + thing.replace("'", "''") + "'" if risky else thing
    return repr(thing)

"""A page with all that it extends as one page that needs no other: what a run keeps of its architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from builder.reader import Sequence

if TYPE_CHECKING:
    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.reader import Value

_TABLES = ("defaults", "init", "templates", "set", "replace")


def resolved_page(page: Merged, graph: Graph) -> str:
    """Return YAML that lowers to ``graph`` by itself: edits stand as edits, parameters have their final values."""
    resolved: dict[str, object] = {
        "name": graph.name,
        "language": page.language,
        "input": list(graph.input.sizes),
        "classes": graph.classes,
    }
    if graph.version != 1:
        resolved["version"] = graph.version
    if page.plugins:
        resolved["plugins"] = list(page.plugins)
    if graph.params:
        resolved["params"] = dict(graph.params)
    raw = [each.plain() for each in page.raw]
    for table in _TABLES[:3]:
        resolved |= _merged_table(raw, table)
    _drop(resolved, page, graph)
    base = next(each for each in raw if not _BODY.isdisjoint(each))  # what pages use has templates only
    resolved |= {name: value for name, value in base.items() if name in _BLOCK}
    inserts = [entry.plain() for each in page.raw for entry in _items(each.get("insert"))]
    if inserts:
        resolved["insert"] = inserts
    for table in _TABLES[3:]:
        resolved |= _merged_table(raw, table)
    return _dump(resolved)


_BODY = {"layers", "branches"}
_BLOCK = ("layers", "branches", "split", "shortcut", "merge", "activation")


def _drop(resolved: dict[str, object], page: Merged, graph: Graph) -> None:
    """Take out the rules of ``init`` that a base gives and whose place an edit took away: here they would be wrong."""
    init = resolved.get("init")
    if not isinstance(init, dict):
        return
    for rule, found in zip(page.init, graph.initializations, strict=True):
        if found.dropped:
            target = str(rule.target.value)
            init[target] = {name: each for name, each in init[target].items() if name != rule.parameter.value}
    resolved["init"] = {target: rules for target, rules in init.items() if rules}


def _merged_table(raw: list[dict[str, object]], table: str) -> dict[str, object]:
    """Return one table merged by name and, where entries are fields, by field; nothing where no page has it."""
    merged: dict[str, object] = {}
    for each in raw:
        entries = each.get(table)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            below = merged.get(name)
            fields = table in ("defaults", "init", "set") and isinstance(below, dict) and isinstance(value, dict)
            merged[name] = below | value if fields else value
    return {table: merged} if merged else {}


def _items(value: Value | None) -> tuple[Value, ...]:
    return value.items if isinstance(value, Sequence) else ()


def _dump(value: object) -> str:
    text: str = yaml.dump(
        _listed(value), Dumper=_Dumper, default_flow_style=None, sort_keys=False, width=110, allow_unicode=True
    )
    return text


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper, with texts quoted wherever YAML 1.2 would read a plain one as something else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        float(text)
    except ValueError:
        return dumper.represent_str(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'")


_Dumper.add_representer(str, _text)


def _listed(value: object) -> object:
    """Return tuples as lists, for the dumper."""
    if isinstance(value, dict):
        return {key: _listed(each) for key, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, (list, tuple)) else value

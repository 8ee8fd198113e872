"""Results as a person reads them: one function for each command's value."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from builder.quantities import human, shape
from builder.runs.weights import described
from builder.tables import Column, Table, table
from builder.training.recipe.data_sets import quick_training

if TYPE_CHECKING:
    from builder.commands.doctor import Examined
    from builder.commands.draw import Drawn
    from builder.commands.explain import Explanation
    from builder.commands.export import Exported
    from builder.commands.export_forms import Check
    from builder.commands.init import Initialized
    from builder.commands.schema import Schema
    from builder.commands.show import BlockRow, LayerRow, Network, Resolved


def network(value: Network) -> str:
    """Return the title and a table of blocks and layers, each with its path, key, output shape and price."""
    rows = []
    for index, layer in enumerate(value.layers):
        rows += [_block_line(block) for block in value.blocks if block.first == index]
        rows.append(_layer_line(layer))
    rows.append(["total", "", "", "", human(value.parameters), human(value.macs)])
    head = ["path", "key", "layer", "output", "parameters", "MACs"]
    title = f"{value.title}: {shape(value.input)} → {value.classes} classes"
    return f"{title}\n\n{table(head, rows, right=[3, 4, 5])}"


def layers(value: Network) -> Table:
    """Return a row for each layer, and what all cost together."""
    rows = tuple(
        (each.path, each.key, each.op, each.label, each.role, _sizes(each.in_), _sizes(each.out), each.parameters,
         each.macs)
        for each in value.layers
    )  # fmt: skip
    total = ("total", None, None, None, None, None, None, value.parameters, value.macs)
    return Table(_LAYERS, rows, total)


_LAYERS = (
    Column("path", "path"),
    Column("key"),
    Column("op"),
    Column("layer", "layer"),
    Column("role"),
    Column("in"),
    Column("out", "output", lambda sizes: sizes.replace("x", "×"), is_number=True),
    Column("parameters", "parameters", human, is_number=True),
    Column("macs", "MACs", human, is_number=True),
)


def _sizes(sizes: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in sizes)


def resolved(value: Resolved) -> str:
    """Return the page itself."""
    return value.page


def _block_line(block: BlockRow) -> list[str]:
    return [_indented(block.path), block.module, block.template or "", "", "", ""]


def _layer_line(layer: LayerRow) -> list[str]:
    return [
        _indented(layer.path),
        layer.key,
        layer.label,
        shape(layer.out),
        _count(layer.parameters),
        _count(layer.macs),
    ]


def _indented(path: str) -> str:
    return "  " * path.count(".") + path


def _count(number: int) -> str:
    return human(number) if number else ""


def schema(value: Schema) -> str:
    """Return the schema itself, or where it was written and how an editor finds it."""
    if value.file is None:
        return value.text
    return f"{value.file}\na page refers to it in its first line: # yaml-language-server: $schema={value.file.name}"


def initialized(value: Initialized) -> str:
    """Return the file's name and what to do with it next."""
    next_steps = [
        (f"archcli check {value.file}", "every mistake with its position"),
        (f"archcli show {value.file}", "layers, shapes, parameters"),
        (f"archcli draw {value.file}", "a figure"),
        (quick_training(str(value.file)), "half a minute, with no download"),
        ("archcli schema -o arch.schema.json", "for completion and checks in your editor"),
    ]
    return table([f"{value.file} is written; next:", ""], [(f"  {command}", why) for command, why in next_steps])


def drawn(value: Drawn) -> str:
    """Return the files that were written, one a line."""
    return "\n".join(str(path) for path in value.files)


def exported(value: Exported) -> str:
    """Return the source itself, or the file that was written, below what was put into it and how it was checked."""
    if value.file is None:
        return str(value.text)
    put = [f"weights  {described(value.weights)}"] if value.weights is not None else []
    check = [f"checked  {_checked(value.check)}"] if value.check is not None else []
    return "\n".join([*put, *check, str(value.file)])


def _checked(check: Check) -> str:
    batches = " and ".join(str(each) for each in check.batches)
    what = f"differs by {check.difference:.1e} of the largest output" if check.difference else "the same bits"
    return f"{check.runtime} on batches of {batches} random images: {what}"


def examined(value: Examined) -> str:
    """Return a line for each thing that was looked at, what helps below it, and the verdict."""
    rows = []
    for finding in value.findings:
        rows.append((finding.topic, "" if finding.status == "ok" else finding.status, finding.found))
        if finding.help:
            rows.append(("", "", f"help: {finding.help}"))
    verdict = "everything necessary is installed" if value.is_well else "something necessary is missing"
    return f"{table(['what', '', 'found'], rows)}\n\n{verdict}"


def explained(value: tuple[Explanation, ...]) -> str:
    """Return one explanation in full, or a line for each of several."""
    if len(value) > 1:
        return table(["code", "meaning"], [(each.code, each.title) for each in value])
    (only,) = value
    parts = [f"{only.code}: {only.title}", textwrap.fill(only.text, _WIDTH)]
    parts += [f"{name}\n{textwrap.indent(content.rstrip(), _INDENT)}" for name, content in only.files]
    examples = (("wrong", only.wrong), ("right", only.right))
    parts += [f"{word}\n{textwrap.indent(text.rstrip(), _INDENT)}" for word, text in examples if text is not None]
    return "\n\n".join(parts)


_WIDTH, _INDENT = 100, "    "

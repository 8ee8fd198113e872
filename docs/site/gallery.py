"""The gallery: every shipped page as figures and text, with what each of its networks costs."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.emit.diagram import DrawOptions, draw
from builder.lowering import load
from builder.quantities import human, shape
from builder.shipped import shipped_folder, shipped_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.graph import Graph

SHOWN = {
    "alexnet32": ("alexnet32", "alexnet_tiny"),
    "efficientnet": ("efficientnet_b0", "efficientnet_v2_s"),
    "mnasnet": ("mnasnet1_0",),
    "mobilenet_v3": ("mobilenet_v3_large", "mobilenet_v3_small"),
    "regnet": ("regnet_y_400mf", "regnet_x_400mf"),
    "resnet": ("resnet18", "resnet50", "resnext50_32x4d"),
    "resnet_d": ("resnet50d", "seresnet50", "senet154"),
    "se_resnet50": ("se_resnet50", "se_resnet50_pre", "se_resnet50_post", "se_resnet50_identity"),
    "shufflenet_v2": ("shufflenet_v2_x1_0",),
    "skresnet": ("skresnet18", "skresnet50"),
    "squeezenet": ("squeezenet1_0",),
    "vgg": ("vgg11", "vgg16_bn"),
    "vovnet": ("vovnet39a", "ese_vovnet39b"),
    "ghostnet": ("ghostnet_100",),
}
"""The members of a family whose figures are shown; of other families it is the first."""


def content() -> Iterator[tuple[str, str]]:
    """Yield name and content of the gallery's pages and figures."""
    for path in shipped_pages():
        yield f"gallery/{path.stem}.md", _page(path)
        for name in _shown(path):
            for theme in ("light", "dark"):
                figure = draw([network(name)], level="block", options=DrawOptions(theme=theme))
                yield f"gallery/{name}.{theme}.svg", figure.svg()


def index() -> str:
    """Return the list of all shipped pages, each with its first figure."""
    lines = []
    for path in shipped_pages():
        shown = _shown(path)
        names = _members(path)
        lines += ["", f"## [{path.stem}](gallery/{path.stem}.md)", "", _about(path)]
        lines += ["", f"{len(names)} networks: {', '.join(f'`{name}`' for name in names)}."] if len(names) > 1 else []
        lines += ["", f"![{shown[0]} at block level](gallery/{shown[0]}.svg)"] if shown else []
    return "\n".join(lines) + "\n"


@cache
def shipped_pages() -> tuple[Path, ...]:
    """Return the files of the shipped pages in the order of their names."""
    return tuple(sorted(shipped_folder().glob("*.yaml")))


@cache
def network(name: str) -> Graph:
    """Return a shipped network."""
    return load(name)


def _page(path: Path) -> str:
    """Return the page of the site about a page of the language: figures, costs, text."""
    lines = [f"# {path.stem}", "", _about(path), ""]
    for name in _shown(path):
        lines += [f"![{name} at block level]({name}.svg)", ""]
    names = _members(path)
    if names:
        lines += ["## Costs", "", "| network | input | classes | parameters | MACs |", "|---|---|---|---|---|"]
        lines += [_costs(name) for name in names]
    text = path.read_text("utf-8")
    return "\n".join([*lines, "", f"## {path.name}", "", "```yaml", text.rstrip("\n"), "```", ""])


def _costs(name: str) -> str:
    graph = network(name)
    cost = graph_cost(graph)
    return (
        f"| `{name}` | {shape(graph.input.sizes)} | {graph.classes} | {human(cost.parameters)} | {human(cost.macs)} |"
    )


def _about(path: Path) -> str:
    """Return what the comments at the top of a page say of it."""
    head = re.match(r"(?:#.*\n|\n)*", path.read_text("utf-8"))
    lines = [line.lstrip("# ") for line in (head[0] if head else "").splitlines() if "$schema" not in line]
    return re.sub(r"(https?://[^\s,;)]*[^\s,;).])", r"<\1>", "\n".join(lines).strip())


def _members(path: Path) -> list[str]:
    """Return the networks of a page by name; none if it holds templates only."""
    names = [name for name, (file, _) in shipped_names().items() if file == path]
    members = [name for name in names if shipped_names()[name][1] is not None] or names
    return [name for name in members if _is_network(name)]


def _is_network(name: str) -> bool:
    try:
        network(name)
    except ArchError:  # a library of templates
        return False
    return True


def _shown(path: Path) -> tuple[str, ...]:
    return SHOWN.get(path.stem, tuple(_members(path)[:1]))

"""Pages that nobody wrote: hypothesis strategies for right ones as YAML text, and for one mistake in each of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

CHANNELS = (2, 4, 6)
SIDE = 9

ACTIVATIONS = st.sampled_from(["relu", "silu", "gelu", "hardswish", "tanh", "leakyrelu", "mish", "elu"])
KEEPING = st.sampled_from(
    [
        "relu", "sigmoid", "batchnorm", "layernorm2d", "dropout", "scale", "identity", "selu",
        {"conv": {"out": "$in", "kernel": 3, "padding": 1}},
        {"conv": {"out": "$in", "kernel": [1, 3], "padding": [0, 1], "bias": False}},
        {"maxpool": {"kernel": 3, "stride": 1, "padding": 1}},
        {"se": {"hidden": 1}},
        {"se": {"hidden": 1, "bias": False}},
        {"avgpool": {"kernel": 3, "stride": 1, "padding": 1, "count_include_pad": False}},
        {"groupnorm": {"groups": 2}},
        {"prelu": {"num_parameters": "$in"}},
        {"softmax": {"groups": 2}},
        {"softmax": {"groups": 2, "cardinality": "$in // 2"}},
        {"blurpool": {"stride": 1}},
        {"blurpool": {"stride": 1, "mode": "constant"}},
        {"stochasticdepth": {"p": 0.1}},
        {"batchnorm": {"eps": 0.001}, "when": "$wide"},
        {"relu": {}, "repeat": 2},
        {"Same": {}},
        "Same",
        {"Widened": {"by": 2}},
    ]
)  # fmt: skip
"""Items that leave an image as it is."""

NAMES = st.sampled_from(["a", "b", "conv", "layers", "relu", "right_1", "x-y", "class", "self", "features_2"])

TEMPLATES: dict[str, Any] = {
    "Same": {"layers": {"conv": {"conv": {"out": "$in", "kernel": 1}}, "norm": "batchnorm"}, "shortcut": "identity"},
    "Widened": {
        "params": {"by": "int", "hidden": "$in * $by"},
        "layers": [{"conv": {"out": "$hidden", "kernel": 1}}, "relu", {"conv": {"out": "$hidden // $by", "kernel": 1}}],
        "shortcut": "identity if $by > 1 else none",
        "activation": "relu",
    },
}

Page = dict[str, Any]

SHORTCUTS: list[Any] = [
    *("identity", "auto", "none", [], {"down": "batchnorm"}),
    {"down": {"batchnorm": {}, "key": "shortcut"}},
]


def layers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return bodies, numbered and named."""
    bracket = st.fixed_dictionaries({"key": st.just("."), "layers": st.lists(inner, min_size=1, max_size=2)})
    numbered = st.lists(st.one_of(inner, bracket), max_size=4)
    plain = inner.filter(lambda item: not (isinstance(item, dict) and "repeat" in item))  # copies need names
    return st.one_of(numbered, st.dictionaries(NAMES, plain, max_size=4))


def keeping(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return blocks that leave an image as it is: plain, residual and parallel ones."""
    body = layers(inner)
    plain = st.fixed_dictionaries({"layers": body}, optional={"activation": ACTIVATIONS})
    residual = st.fixed_dictionaries(
        {"layers": body, "shortcut": st.sampled_from(SHORTCUTS)},
        optional={"activation": ACTIVATIONS},
    )
    branch = st.lists(inner, max_size=2).map(_never_empty)
    maybe = st.one_of(branch, branch.map(lambda body: {"when": "$wide", "layers": body}))
    parallel = st.lists(maybe, min_size=1, max_size=2).map(
        lambda branches: {"branches": [*branches, []], "merge": "add"}
    )
    joined = st.lists(inner, max_size=2).map(lambda items: {"layers": [*items, {"join": {"from": "in", "by": "add"}}]})
    return st.one_of(plain, residual, parallel, joined)


def _never_empty(branch: list[Any]) -> list[Any]:
    """Return a branch that is the identity, where nothing is left of it, because it says so."""
    conditional = branch and all(isinstance(item, dict) and "when" in item for item in branch)
    return [*branch, "identity"] if conditional else branch


ITEMS = st.recursive(KEEPING, keeping, max_leaves=6)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """Return a right page: blocks that narrow and widen and may share a key, gates at their points, and a head."""
    width = draw(st.sampled_from(CHANNELS))
    body: Page = {"stem": {"conv": {"out": width, "kernel": 3, "padding": 1}}}
    count = draw(st.integers(1, 3))
    for number in range(count):
        body[f"block{number}"] = _block(draw, draw(st.sampled_from(CHANNELS)))
    body |= {"pool": "adaptiveavgpool", "flatten": "flatten", "fc": {"linear": {"out": "$classes"}}}
    page: Page = {
        "name": "net",
        "input": [3, SIDE, SIDE],
        "classes": draw(st.integers(1, 5)),
        "params": {"wide": draw(st.booleans())},
        "templates": TEMPLATES,
        "layers": body,
    }
    inserts = [_insert(draw, number, count) for number in range(draw(st.integers(0, 3)))]
    return page | ({"insert": inserts} if inserts else {})


def _block(draw: st.DrawFn, out: int) -> Page:
    """Return a block that ends in ``out`` channels, half as large where it has a stride."""
    stride = draw(st.sampled_from([1, 1, 2]))
    first = {"conv": {"out": out, "kernel": 3, "stride": stride, "padding": 1}}
    block: Page = {"layers": [first, *draw(st.lists(ITEMS, max_size=3))]}
    if draw(st.booleans()):
        block["layers"] = {"first": first, **draw(st.dictionaries(NAMES, KEEPING.filter(_is_single), max_size=3))}
    elif draw(st.booleans()):
        block["key"] = "features"
    if draw(st.booleans()):
        block["shortcut"] = draw(st.sampled_from(["auto", [{"conv": {"out": out, "kernel": 1, "stride": stride}}]]))
    if draw(st.booleans()):
        block["activation"] = draw(ACTIVATIONS)
    return block


def _is_single(item: Any) -> bool:
    return not (isinstance(item, dict) and "repeat" in item)


def _insert(draw: st.DrawFn, number: int, count: int) -> Page:
    """Return a gate at a point, which may squeeze the way into an earlier block."""
    target = draw(st.integers(0, count - 1))
    gate: Page = {"hidden": draw(st.integers(1, 3))}
    if draw(st.booleans()):
        gate["squeeze"] = f"block{draw(st.integers(0, target))}.in"
    point = draw(st.sampled_from(["in", "branch", "pre_activation", "out"]))
    gate = gate if point != "in" else {"hidden": 1}
    return {"se": gate, "at": f"block{target}.{point}", "name": f"gate{number}"}


def yaml_text(page: Page) -> str:
    """Return a page as YAML: a line for each table, and for each entry of ``layers`` and ``insert``; JSON inside."""
    lines = []
    for name, value in page.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {key}: {json.dumps(each)}" for key, each in value.items())]
        elif name == "insert":
            lines += [f"{name}:", *(f"  - {json.dumps(each)}" for each in value)]
        else:
            lines.append(f"{name}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Wrong:
    """A page with one mistake: its text, and the line on which the mistake is."""

    text: str
    line: int
    what: str


MISTAKES: dict[str, tuple[str, Any]] = {
    "operation": ("layer", "cnov"),
    "template": ("layer", {"Smae": {}}),
    "field": ("layer", {"conv": {"out": 2, "kernel": 1, "strid": 1}}),
    "missing": ("layer", {"conv": {"out": 2}}),
    "zero": ("layer", {"conv": {"out": 0, "kernel": 1}}),
    "kernel": ("layer", {"conv": {"out": 2, "kernel": 99}}),
    "groups": ("layer", {"conv": {"out": 2, "kernel": 1, "groups": 7}}),
    "window": ("layer", {"maxpool": {"kernel": 99}}),
    "reduction": ("layer", {"se": {"reduction": 99}}),
    "variable": ("layer", {"conv": {"out": "$widht", "kernel": 1}}),
    "syntax": ("layer", {"conv": {"out": "$in +", "kernel": 1}}),
    "shortcut": ("layer", {"layers": ["relu"], "shortcut": "idenity"}),
    "projection": ("layer", {"layers": [{"conv": {"out": 1, "kernel": 1}}], "shortcut": "identity"}),
    "merge": ("layer", {"layers": ["relu"], "shortcut": "identity", "merge": "plus"}),
    "repeat": ("layer", {"relu": {}, "repeat": 2}),
    "when": ("layer", {"relu": {}, "when": "maybe"}),
    "head": ("layer", {"linear": {"out": 3}}),
    "reserved": ("name", "forward"),
    "point": ("name", "out"),
    "place": ("insert", {"relu": {}, "at": "block7.out", "name": "r"}),
    "misspelled": ("insert", {"relu": {}, "at": "block0.preactivation", "name": "r"}),
    "nowhere": ("insert", {"relu": {}, "name": "r"}),
    "later": ("insert", {"se": {"hidden": 1, "squeeze": "fc"}, "at": "stem", "name": "r"}),
}
"""What to put in, by kind: a layer called `wrong`, a layer of another name, or an insert."""


@st.composite
def wrong_pages(draw: st.DrawFn) -> Wrong:
    """Return a right page with one mistake put in, and the line on which it is."""
    page = draw(pages())
    what = draw(st.sampled_from(sorted(MISTAKES)))
    kind, item = MISTAKES[what]
    if kind == "insert":
        page = page | {"insert": [*page.get("insert", []), item]}
        marker = json.dumps(item)
    else:
        name, value = ("wrong", item) if kind == "layer" else (item, "relu")
        entries = list(page["layers"].items())
        place = draw(st.integers(1, len(entries) - 3))
        page = page | {"layers": dict([*entries[:place], (name, value), *entries[place:]])}
        marker = f"  {name}: {json.dumps(value)}"
    lines = yaml_text(page).split("\n")
    line = next(number for number, each in enumerate(lines, 1) if each in (marker, f"  - {marker}"))
    return Wrong("\n".join(lines), line, what)

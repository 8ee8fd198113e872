"""One id for one network, however it is spelled; another for every other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.identity import graph_id
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

    from builder.graph import Graph

HEAD = "  - adaptiveavgpool\n  - flatten\n  - linear: {out: $classes}\n"


def network(folder: Path, layers: str, more: str = "") -> Graph:
    """Return the network of a page with these layers in front of a head."""
    path = folder / "page.yaml"
    path.write_text(f"name: page\ninput: [4, 8, 8]\nclasses: 3\n{more}\nlayers:\n{layers}{HEAD}")
    return load(path)


CONV = "{conv: {out: 4, kernel: 3, padding: 1}}"
LANES = "  - branches:\n      - [{one}]\n      - [{other}]\n    merge: {merge}\n"

HARD_CASES = {
    "a layer": f"  - {CONV}\n",
    "two equal layers": f"  - {CONV}\n  - {CONV}\n",
    "a layer used twice": f"  - {CONV}\n  - reuse: {{layer: conv1}}\n",
    "a layer used twice, another between": f"  - {CONV}\n  - {CONV}\n  - reuse: {{layer: conv1}}\n",
    "the other layer used twice": f"  - {CONV}\n  - {CONV}\n  - reuse: {{layer: conv2}}\n",
    "three equal layers": f"  - {CONV}\n" * 3,
    "two equal lanes": LANES.format(one=CONV, other=CONV, merge="add"),
    "a lane reused": LANES.format(one=CONV, other="{reuse: {layer: conv1}}", merge="add"),
    "lanes multiplied": LANES.format(one=CONV, other=CONV, merge="mul"),
    "lanes joined": LANES.format(one=CONV, other="relu", merge="concat"),
    "lanes joined the other way round": LANES.format(one="relu", other=CONV, merge="concat"),
    "a norm in one lane": LANES.format(one=f"{CONV}, batchnorm", other="relu", merge="concat"),
    "the norm in the other lane": LANES.format(one=CONV, other="relu, batchnorm", merge="concat"),
    "stride": "  - {conv: {out: 4, kernel: 3, padding: 2, stride: 2}}\n",
    "dilation": "  - {conv: {out: 4, kernel: 3, padding: 2, dilation: 2}}\n",
    "a lying kernel": "  - {conv: {out: 4, kernel: [1, 3]}}\n",
    "a standing kernel": "  - {conv: {out: 4, kernel: [3, 1]}}\n",
    "groups": "  - {conv: {out: 4, kernel: 3, padding: 1, groups: 2}}\n",
    "no bias": "  - {conv: {out: 4, kernel: 3, padding: 1, bias: false}}\n",
    "another epsilon": "  - batchnorm: {eps: 0.001}\n",
    "another momentum": "  - batchnorm: {momentum: 0.01}\n",
    "norm of the batch": "  - batchnorm\n",
    "norm of the channels": "  - layernorm2d\n",
    "norm and activation": "  - batchnorm\n  - relu\n",
    "activation and norm": "  - relu\n  - batchnorm\n",
    "a gate before the activation": f"  - {CONV}\n  - se: {{reduction: 2}}\n  - relu\n",
    "a gate behind the activation": f"  - {CONV}\n  - relu\n  - se: {{reduction: 2}}\n",
    "a gate that reads before the activation": f"  - {CONV}\n  - relu\n  - se: {{reduction: 2, squeeze: conv1}}\n",
    "a gate that squeezes more": f"  - {CONV}\n  - relu\n  - se: {{reduction: 4}}\n",
    "a gate with another function": f"  - {CONV}\n  - relu\n  - se: {{reduction: 2, activation: silu}}\n",
    "dropout": "  - dropout: {p: 0.5}\n",
    "less dropout": "  - dropout: {p: 0.25}\n",
    "dropped branches": "  - stochasticdepth: {p: 0.5}\n",
    "maximum": "  - maxpool: {kernel: 2}\n",
    "mean": "  - avgpool: {kernel: 2}\n",
    "maximum over what is left": "  - maxpool: {kernel: 3, stride: 2, ceil: true}\n",
    "maximum over what fits": "  - maxpool: {kernel: 3, stride: 2}\n",
    "identity around nothing but a layer": f"  - layers: [{CONV}]\n    shortcut: identity\n",
    "gate in the branch": f"  - layers: [{CONV}, {{se: {{reduction: 2}}}}]\n    shortcut: identity\n",
    "gate before the fork": f"  - se: {{reduction: 2}}\n  - layers: [{CONV}]\n    shortcut: identity\n",
    "gate behind the fork": f"  - layers: [{{se: {{reduction: 2}}}}, {CONV}]\n    shortcut: identity\n",
    "gate on the shortcut": f"  - layers: [{CONV}]\n    shortcut: [{{se: {{reduction: 2}}}}]\n",
    "nothing": "",
}


class TestDifferent:
    """Networks that compute something else, or learn something else, never share an id."""

    def test_no_two_hard_cases_share_one(self, tmp_path: Path) -> None:
        """Reuse, order, sides, taps and every field."""
        ids = {name: graph_id(network(tmp_path, layers)) for name, layers in HARD_CASES.items()}
        same = [(one, other) for one, other in combinations(ids, 2) if ids[one] == ids[other]]
        assert same == []

    def test_input_and_classes_count(self) -> None:
        """The same layers on another image, or for other classes."""
        ids = [graph_id(load("resnet18", **each)) for each in _sizes()]
        assert len(set(ids)) == len(ids)

    def test_heads_count(self, tmp_path: Path) -> None:
        """A network with a head for training learns something else than the one without."""
        tail = "[adaptiveavgpool, flatten, {linear: {out: $classes}}]"
        plain = f"  a: {CONV}\n  end: {tail}\n"
        headed = f"  a: {CONV}\n  side: {{aux: true, layers: {tail}}}\n  end: {tail}\n"
        assert graph_id(_named(tmp_path, plain)) != graph_id(_named(tmp_path, headed))


def _sizes() -> list[dict[str, Any]]:
    return [{}, {"classes": 10}, {"input": (3, 192, 224)}, {"input": (3, 224, 192)}]


SAME = {
    "numbered": ("  - {c}\n  - relu\n", ""),
    "named": ("  a: {c}\n  b: relu\n  c: adaptiveavgpool\n  d: flatten\n  e: {{linear: {{out: $classes}}}}\n", ""),
    "in a list": ("  - [{c}, relu]\n", ""),
    "as a block with an activation": ("  - layers: [{c}]\n    activation: relu\n", ""),
    "fields in another order": ("  - conv: {{padding: 1, kernel: 3, out: 4}}\n  - relu\n", ""),
    "a pair of equal numbers": ("  - conv: {{out: 4, kernel: [3, 3], padding: [1, 1]}}\n  - relu\n", ""),
    "defaults written out": (
        "  - conv: {{out: 4, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 1, bias: true}}\n  - relu\n", ""),
    "defaults of the page": ("  - conv: {{out: 4}}\n  - relu\n", "defaults: {{conv: {{kernel: 3, padding: 1}}}}"),
    "calculated": ("  - conv: {{out: $in, kernel: 3, padding: $in // 4}}\n  - relu\n", ""),
    "a template": ("  - Both\n", "templates: {{Both: {{layers: [{c}, relu]}}}}"),
    "repeated once": ("  - [{c}, relu]\n", ""),
    "switched": ("  - {c}\n  - {{batchnorm: {{}}, when: $classes > 5}}\n  - relu\n", ""),
    "a shortcut that is none": ("  - layers: [{c}, relu]\n    shortcut: none\n", ""),
}  # fmt: skip


class TestSame:
    """Names, numbers, blocks, templates, defaults and order of writing do not count."""

    @pytest.mark.parametrize("spelling", [name for name in SAME if name != "numbered"])
    def test_spellings_of_one_network(self, spelling: str, tmp_path: Path) -> None:
        """Each is a convolution and a ReLU in front of a head."""
        layers, more = (text.format(c=CONV) for text in SAME[spelling])
        plain = network(tmp_path, SAME["numbered"][0].format(c=CONV))
        page = network(tmp_path, layers, more) if spelling != "named" else _named(tmp_path, layers)
        assert graph_id(page) == graph_id(plain)

    def test_keys_do_not_count(self, tmp_path: Path) -> None:
        """`key:` says where weights live."""
        named = f"  a: {{layers: [{CONV}]}}\n  b: {{layers: [relu]}}\n"
        keyed = f"  a: {{key: f, layers: [{CONV}]}}\n  b: {{key: f, layers: [relu]}}\n"
        tail = "  c: [adaptiveavgpool, flatten, {linear: {out: $classes}}]\n"
        assert graph_id(_named(tmp_path, named + tail)) == graph_id(_named(tmp_path, keyed + tail))

    def test_an_extending_page_is_what_it_writes_out(self, tmp_path: Path) -> None:
        """Inserted by a selector, or written among the layers."""
        network(tmp_path, f"  - layers: [{CONV}, batchnorm]\n")
        above = tmp_path / "above.yaml"
        above.write_text('name: above\nextends: page.yaml\ninsert:\n  - relu: {}\n    at: "0.conv1"\n')
        inserted = graph_id(load(above))
        assert inserted == graph_id(network(tmp_path, f"  - {CONV}\n  - relu\n  - batchnorm\n"))

    def test_the_id_is_the_same_everywhere(self) -> None:
        """Written down once, so that a change of it is seen: every run and study is found by it."""
        assert graph_id(load("alexnet")) == "841bc01fb5bde80e"
        assert graph_id(load("alexse_both")) == "070ec807d72a4d14"

    @given(data=st.data())
    @settings(max_examples=40, deadline=None)
    def test_any_network_in_any_spelling(self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Random layers, once numbered, once in random nested blocks and templates: one id; one more layer: another."""
        folder = tmp_path_factory.mktemp("pages")
        layers = data.draw(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=6))
        plain = graph_id(network(folder, "".join(f"  - {each}\n" for each in layers)))
        cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(layers) - 1)), max_size=3)))
        groups = [layers[start:end] for start, end in zip([0, *cuts], [*cuts, len(layers)], strict=True)]
        styles = [data.draw(st.sampled_from(["list", "block", "template"])) for _ in groups]
        lines, templates = [], []
        for number, (group, style) in enumerate(zip(groups, styles, strict=True)):
            inside = f"[{', '.join(group)}]"
            if not group:
                continue
            lines.append({"list": inside, "block": f"{{layers: {inside}}}", "template": f"T{number}"}[style])
            templates += [f"T{number}: {{layers: {inside}}}"] if style == "template" else []
        more = f"templates: {{{', '.join(templates)}}}" if templates else ""
        spelled = "".join(f"  - {line}\n" for line in lines)
        assert graph_id(network(folder, spelled, more)) == plain
        assert graph_id(network(folder, f"{spelled}  - tanh\n", more)) != plain


LAYERS = (
    CONV,
    "relu",
    "batchnorm",
    "{se: {reduction: 2}}",
    "{dropout: {p: 0.5}}",
    "{maxpool: {kernel: 3, stride: 1, padding: 1}}",
)


def _named(folder: Path, layers: str) -> Graph:
    path = folder / "page.yaml"
    path.write_text(f"name: page\ninput: [4, 8, 8]\nclasses: 3\nlayers:\n{layers}")
    return load(path)

"""Earlier values that are read again: the networks that need it, against plain PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import relu

from builder import build

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "name: net\ninput: [8, 9, 9]\nclasses: 4\nlayers:\n"
TAIL = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def built(folder: Path, layers: str) -> nn.Module:
    """Return the module of a page with these layers before its head."""
    page = folder / "net.yaml"
    page.write_text(HEAD + layers + TAIL, "utf-8")
    return build(page).eval()


class TestJoins:
    """Outputs are equal bit for bit."""

    def test_the_hierarchy_of_res2net(self, tmp_path: Path) -> None:
        """Every share of the channels is added to what the share before it became (https://arxiv.org/abs/1904.01169)."""
        net = built(
            tmp_path,
            "  parts:\n    split: true\n    branches:\n    - repeat: 3\n      layers:\n"
            "        sum{$i}: {join: {from: 'relu{$i - 1}', by: add}, when: not $first}\n"
            "        conv{$i}: {conv: {out: 2, kernel: 3, padding: 1}}\n        relu{$i}: relu\n    - {}\n",
        )
        convs = [each for each in net.modules() if isinstance(each, nn.Conv2d)]
        image = torch.rand(2, 8, 9, 9)
        shares = image.chunk(4, 1)
        first = relu(convs[0](shares[0]))
        second = relu(convs[1](shares[1] + first))
        third = relu(convs[2](shares[2] + second))
        expected = torch.cat([first, second, third, shares[3]], 1).mean((2, 3))
        assert torch.equal(net(image), net.fc(expected.view(2, 8, 1, 1).flatten(1)))

    def test_one_shot_aggregation(self, tmp_path: Path) -> None:
        """The input and every layer are joined once, at the end (https://arxiv.org/abs/1904.09730)."""
        net = built(
            tmp_path,
            "  a: {conv: {out: 5, kernel: 1}}\n  b: {conv: {out: 6, kernel: 1}}\n  all: {join: {from: [in, a]}}\n",
        )
        image = torch.rand(2, 8, 9, 9)
        a = net.a(image)
        assert torch.equal(net(image), net.fc(net.pool(torch.cat([image, a, net.b(a)], 1)).flatten(1)))

    def test_deep_layer_aggregation(self, tmp_path: Path) -> None:
        """A root joins the last block first, then those before it, through blocks (https://arxiv.org/abs/1707.06484)."""
        net = built(
            tmp_path,
            "  tree:\n    layers:\n      one: [{conv: {out: 5, kernel: 1}}, relu]\n"
            "      two: [{conv: {out: 6, kernel: 1}}, relu]\n"
            "      root: [{join: {from: [one.out, tree.in], first: true}}, {conv: {out: 7, kernel: 1}}]\n",
        )
        image = torch.rand(2, 8, 9, 9)
        one = net.tree.one(image)
        two = net.tree.two(one)
        assert torch.equal(net(image), net.fc(net.pool(net.tree.root[0](torch.cat([two, one, image], 1))).flatten(1)))

    def test_two_streams_that_exchange_values(self, tmp_path: Path) -> None:
        """As in high-resolution networks (https://arxiv.org/abs/1908.07919): each is fused with the other."""
        net = built(
            tmp_path,
            "  a: {conv: {out: 4, kernel: 1}}\n  to_b: {read: {from: in}}\n  b: {conv: {out: 4, kernel: 1}}\n"
            "  fused_b: {join: {from: a, by: add}}\n  relu_b: relu\n  to_a: {read: {from: a}}\n  relu_a: relu\n"
            "  fused_a: {join: {from: b, by: add}}\n  both: {join: {from: relu_b}}\n",
        )
        image = torch.rand(2, 8, 9, 9) - 0.5
        a, b = net.a(image), net.b(image)
        both = torch.cat([relu(b + a), relu(a) + b], 1)
        assert torch.equal(net(image), net.fc(net.pool(both).flatten(1)))

    def test_unequal_shares_of_the_channels(self, tmp_path: Path) -> None:
        """A partial convolution: the first channels pass a layer, the others go on as they are."""
        net = built(
            tmp_path,
            "  part:\n    split: [2, 6]\n    branches:\n    - {c: {conv: {out: 2, kernel: 3, padding: 1}}}\n    - {}\n"
            "  some: {narrow: {start: 1, length: 4}}\n",
        )
        image = torch.rand(2, 8, 9, 9)
        whole = torch.cat([net.part.c(image[:, :2]), image[:, 2:]], 1)
        assert torch.equal(net(image), net.fc(net.pool(whole[:, 1:5]).flatten(1)))

    def test_nothing_that_is_read_again_is_overwritten(self, tmp_path: Path) -> None:
        """An activation in place would change the value that the join reads."""
        net = built(tmp_path, "  a: {conv: {out: 8, kernel: 1}}\n  relu: relu\n  sum: {join: {from: a, by: add}}\n")
        image = torch.rand(2, 8, 9, 9) - 0.5
        a = net.a(image)
        assert torch.equal(net(image), net.fc(net.pool(relu(a) + a).flatten(1)))

"""How fast variants are priced, against building each with PyTorch: ``python benchmarks/variants.py [COUNT]``.

ResNet-50 with a squeeze-and-excitation gate behind any subset of its sixteen residual branches. Ours gives id, name,
parameters, MACs and activation memory of each. The others build torchvision's ResNet-50 on the meta device and put
torchvision's gates into it, as a script would, and count: parameters; the same and MACs by ``FlopCounterMode``; by
``torchinfo``, if that is installed. All of them run in this process, one after another, on one thread; that they count
what we count is checked. Neither id nor activation memory is in their times.

Then the same network with other widths and groups, which changes the shapes of every block: id, shapes, parameters,
MACs and activation memory of each, in turns with the lowering of some of their pages, which must say the same.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50
from torchvision.ops import SqueezeExcitation

from builder.costs import graph_cost
from builder.identity import graph_id
from builder.variants import Sample, variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from builder.costs import Cost
    from builder.graph import Graph
    from builder.variants import Variant

T = TypeVar("T")

SPACE = {"which": {"insert": "se", "among": "Bottleneck.branch"}}
FEW = 20

NUMBERS = {
    "width": {"params": {"width_per_group": list(range(4, 260, 4))}},
    "groups": {"params": {"groups": [1, 2, 4, 8, 16, 32]}},
}
TOGETHER = 16
"""Networks priced before two of them are lowered."""


def main() -> None:
    """Measure, compare the numbers, and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 65_536
    torch.set_num_threads(1)
    print(f"python {platform.python_version()}, torch {torch.__version__}, {_processor()}")
    start = time.perf_counter()
    found = variants("resnet50", SPACE)
    print(f"{found.size:,} placements counted in {time.perf_counter() - start:.2f} s")
    next(iter(found))
    print(f"the first priced after {time.perf_counter() - start:.2f} s")
    ours = _rate(islice(found, count), lambda _: None)
    print(f"{'ours: name, id, parameters, MACs, memory':55} {ours:10,.1f} a second")
    _numbers()
    drawn = list(variants("resnet50", SPACE, sample=Sample(FEW)))
    for name, price in _others().items():
        rate = _rate(drawn, price)
        print(f"{name:55} {rate:10,.1f} a second, ours is {ours / rate:,.0f} times as fast")


def _numbers() -> None:
    """Print how fast variants come that differ in numbers, and how many times faster than their pages are lowered."""
    stream = iter(variants("resnet50", NUMBERS))
    rates, ratios = [], []
    while True:
        found, seconds = _timed(lambda: [(each, each.shapes) for each in islice(stream, TOGETHER)])
        if len(found) < TOGETHER:
            break
        graphs, lowering = _timed(lambda few=found[::8]: [_lowered(each) for each, _ in few])
        for (each, shapes), (graph, name, cost) in zip(found[::8], graphs, strict=True):
            assert (each.id, each.cost, shapes) == (name, cost, {node.path: node.shape for node in graph.nodes})
        rates.append(TOGETHER / seconds)
        ratios.append(lowering / len(graphs) / (seconds / TOGETHER))
    for name, values in (("a second", rates), ("times as fast as lowering", ratios)):
        low, middle, high = statistics.quantiles(values, n=4)
        print(
            f"ours, width and groups: {middle:,.1f} {name} (quartiles {low:,.1f} to {high:,.1f}, {len(values)} rounds)"
        )


def _lowered(variant: Variant) -> tuple[Graph, str, Cost]:
    graph = variant.graph
    return graph, graph_id(graph), graph_cost(graph)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def _others() -> dict[str, Callable[[Variant], object]]:
    others = {"module on the meta device: parameters": _parameters, "the same, and FlopCounterMode: MACs": _macs}
    try:
        import torchinfo  # noqa: F401, PLC0415 - it is measured where it is there
    except ImportError:
        print("torchinfo is not installed")
        return others
    return others | {"torchinfo.summary: parameters, MACs": _torchinfo}


def _rate(items: Iterable[object], price: Callable[..., object]) -> float:
    start, count = time.process_time(), 0
    for each in items:
        price(each)
        count += 1
    return count / (time.process_time() - start)


def _built(variant: Variant) -> nn.Module:
    """Return torchvision's ResNet-50 with a gate at every place of ``variant``, on the meta device."""
    with torch.device("meta"):
        network = resnet50().eval()
        for place in variant.places:
            block = network.get_submodule(place.removesuffix(".branch"))
            channels = block.bn3.num_features
            block.bn3 = nn.Sequential(block.bn3, SqueezeExcitation(channels, channels // 16))
    return network


def _parameters(variant: Variant) -> nn.Module:
    network = _built(variant)
    assert sum(each.numel() for each in network.parameters()) == variant.cost.parameters
    return network


def _macs(variant: Variant) -> None:
    network = _parameters(variant)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, 3, 224, 224, device="meta"))
    assert counter.get_total_flops() == 2 * variant.cost.macs


def _torchinfo(variant: Variant) -> None:
    import torchinfo  # noqa: PLC0415 - as above

    summary = torchinfo.summary(_built(variant), (1, 3, 224, 224), device="meta", verbose=0)
    assert summary.total_params == variant.cost.parameters


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - one line of it
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()

"""How long checking, showing and pricing takes, without torch: ``python benchmarks/language_scaling.py``.

The largest shipped networks, and generated pages of 10 to 2,000 residual blocks written out one by one, so that the
reader has as much to do as everything behind it. Each is measured in a process of its own, the best of several runs.
Writes a plot and the figures behind it into docs/figures/.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from builder.commands.show import describe
from builder.costs import graph_cost
from builder.lowering import find, load_page, lower

FIGURES = Path(__file__).resolve().parent.parent / "docs" / "figures"
SHIPPED = ("efficientnet_v2_l", "densenet201", "regnet_y_128gf", "resnet152")
BLOCKS = (10, 20, 50, 100, 200, 500, 1000, 2000)
STEPS = ("read", "lower", "cost", "show")
REPEATED = """\
name: repeated
input: [3, 32, 32]
classes: 10
templates:
  Block:
    layers: [{{conv: {{out: 16, kernel: 3, padding: 1, bias: false}}}}, batchnorm]
    shortcut: identity
    activation: relu
layers:
  - conv: {{out: 16, kernel: 3, padding: 1}}
{blocks}
  - adaptiveavgpool
  - flatten
  - linear: {{out: $classes}}
"""


def page(blocks: int, *, written_out: bool) -> str:
    """Return a page of residual blocks: a line for each, or one ``repeat``."""
    lines = ["  - Block"] * blocks if written_out else [f"  - {{Block: {{}}, repeat: {blocks}}}"]
    return REPEATED.format(blocks="\n".join(lines))


def measure(network: str) -> dict[str, float]:
    """Return the seconds that this process computes for each step; what else runs on the machine does not count."""
    begin = process_time()
    merged = load_page(*find(network))
    read = process_time()
    graph = lower(merged)
    lowered = process_time()
    graph_cost(graph)
    priced = process_time()
    describe(graph)
    shown = process_time()
    assert "torch" not in sys.modules, "nothing here needs a tensor"
    return dict(zip(STEPS, (read - begin, lowered - read, priced - lowered, shown - priced), strict=True)) | {
        "nodes": len(graph.nodes)
    }


def in_process(network: str, runs: int) -> dict[str, float]:
    """Return the best of several runs, each in a process of its own, with the seconds of the whole command."""
    best: dict[str, float] = {}
    for _ in range(runs):
        begin = perf_counter()
        found = subprocess.run([sys.executable, __file__, "--one", network], capture_output=True, text=True, check=True)
        seconds = {**json.loads(found.stdout), "command": perf_counter() - begin}
        best = {name: min(value, best.get(name, value)) for name, value in seconds.items()}
    return best


def plot(rows: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    """Draw seconds over blocks, both axes logarithmic, with a line of slope one to compare with."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the processes that measure have no part in it

    plt.rcParams["svg.hashsalt"] = "language_scaling"
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for (label, found), marker in zip(rows.items(), "os", strict=True):
        seconds = [sum(row[step] for step in STEPS) for row in found.values()]
        axes.plot(list(found), seconds, marker=marker, label=label)
    first = sum(rows["a line for each block"][100][step] for step in STEPS)
    axes.plot(BLOCKS, [first * count / 100 for count in BLOCKS], "--", color="#888888", label="proportional")
    axes.set(xscale="log", yscale="log", xlabel="residual blocks", ylabel="seconds: read, lower, price, show")
    axes.legend(frameon=False)
    axes.grid(visible=True, which="major", color="#DDDDDD")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print a table, write JSON and plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", metavar="FILE", help="measure one page here and print JSON")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    shipped = {name: in_process(name, options.runs) for name in SHIPPED}
    generated: dict[str, dict[int, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for label, written_out in (("a line for each block", True), ("one repeat", False)):
            for blocks in BLOCKS:
                path = Path(folder) / "generated.yaml"
                path.write_text(page(blocks, written_out=written_out))
                generated.setdefault(label, {})[blocks] = in_process(str(path), options.runs)
    rows = dict(shipped)
    for label, table in generated.items():
        rows |= {f"{blocks} blocks, {label}": row for blocks, row in table.items()}
    for name, row in rows.items():
        steps = "  ".join(f"{step} {row[step]:.3f}" for step in STEPS)
        print(f"{name:<36}{row['nodes']:>6.0f} nodes  {steps}  command {row['command']:.2f} s")
    machine = {"python": platform.python_version(), "system": platform.platform(terse=True), "runs": options.runs}
    content = {"machine": machine, "shipped": shipped, "generated": generated}
    (FIGURES / "language_scaling.json").write_text(json.dumps(content, indent=2) + "\n")
    plot(generated, FIGURES / "language_scaling.svg")


if __name__ == "__main__":
    main()

"""Measure ``archcli import`` over ``import_names.txt``: ``python benchmarks/import_names.py RESULTS.jsonl``.

One process, one line of JSON a name; names that are in RESULTS already are skipped, so it may be stopped and started
again. ``--table RESULTS.jsonl`` prints what came out, and the reasons by their number. ``--only PATTERN`` takes part.

A name is exact if the weights load strictly, outputs on random images in evaluation mode are equal bit for bit, nothing
on the page is a hole, every sum of two values that a block can say is a ``shortcut`` and equal blocks are one template.
Images are 3x96x96 where the network takes them, else the smallest that it takes of 128, 224, 299 and its own. Networks
of over 200 million parameters are made on the meta device and compared by names and shapes of their weights,
parameters and MACs.
"""

import argparse
import json
import re
import statistics
import time
import warnings
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.importing.convert import Imported, convert
from builder.importing.source import open_network
from builder.shipped import shipped_names

NAMES = Path(__file__).parent / "import_names.txt"
LARGE = 200_000_000
SIZES = (96, 128, 224, 299)


def measured(name: str, *, keys: bool = False) -> dict[str, object]:
    """Return what importing one network gave; with ``keys`` without comparing outputs."""
    start = time.monotonic()
    torch.manual_seed(0)
    row: dict[str, object] = {"name": name}
    try:
        net, large = made(name, keys=keys)
        size = fitting(name, net)
        row |= {"parameters": sum(each.numel() for each in net.parameters()), "size": size, "outputs": not large}
        found = convert(net, size, re.sub(r"\W", "_", name.partition(":")[2]), name)
        row |= {
            "lines": lines(found.text),
            "holes": [[each.said, each.reason, short(each.place)] for each in found.holes],
        }
        row |= verdict(found, net, size, large=large)
    except ArchError as error:
        row |= {"exact": False, "reason": "the page is refused: " + error.diagnostics[0].message}
    except Exception as error:  # noqa: BLE001 - a crash is a result
        row |= {"exact": False, "reason": f"crash: {type(error).__name__}: {str(error)[:120]}"}
    return row | {"seconds": round(time.monotonic() - start, 1)}


def verdict(found: Imported, net: nn.Module, size: tuple[int, int, int], *, large: bool) -> dict[str, object]:
    """Return whether a page is exact, and else why not."""
    proof = found.proof
    if found.refused:
        return {"exact": False, "reason": f"the page is refused: {found.refused}"}
    if proof is None:
        return {"exact": False, "reason": f"hole: {found.holes[0].said}: {found.holes[0].reason}"}
    if not proof.loads:
        differing = (*proof.missing, *proof.unexpected, *proof.misfit)
        return {"exact": False, "reason": f"keys: {differing[0]}", "keys": len(differing)}
    if not proof.equal:
        return {"exact": False, "reason": f"outputs differ at {proof.parts_at}", "difference": proof.difference}
    if found.sums:
        return {"exact": False, "reason": "a sum is no shortcut", "sums": found.sums}
    if large and found.graph is not None:
        macs = graph_cost(found.graph).macs
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.zeros(1, *size, device="meta"))
        if macs * 2 != counter.get_total_flops():
            return {"exact": False, "reason": "MACs differ", "macs": [macs, counter.get_total_flops() // 2]}
    return {"exact": True}


def made(name: str, *, keys: bool = False) -> tuple[nn.Module, bool]:
    """Return a network, on the meta device where it is large or its outputs are not asked for."""
    try:
        with torch.device("meta"):
            net = open_network(name).net
    except ArchError:
        raise
    except Exception:  # noqa: BLE001 - it asks for values while it is made
        return open_network(name).net.eval(), False
    large = keys or sum(each.numel() for each in net.parameters()) > LARGE
    return (net if large else open_network(name).net).eval(), large


def fitting(name: str, net: nn.Module) -> tuple[int, int, int]:
    """Return the size of images: small ones where the network and its heads take them, tried without numbers."""
    own = tuple(getattr(net, "default_cfg", {}).get("input_size", (3, 224, 224)))
    tried = net
    if next(net.parameters()).device.type != "meta":
        try:
            with torch.device("meta"):
                tried = open_network(name).net
        except Exception:  # noqa: BLE001 - it asks for values while it is made
            tried = net
    device = next(tried.parameters()).device
    for size in (*((own[0], each, each) for each in SIZES), own):
        try:
            with torch.no_grad():
                tried.eval()(torch.zeros(2, *size, device=device))
                if hasattr(net, "aux_logits"):  # its head needs larger images
                    tried.train()(torch.zeros(2, *size, device=device))
        except Exception:  # noqa: BLE001 - the next size may fit
            continue
        return size
    return own


def short(place: str) -> str:
    """Return a place without the folders of this machine."""
    return "/".join(place.split("/")[-2:])


def lines(text: str) -> int:
    """Return the lines that say something."""
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in text.splitlines())


def told(path: Path) -> None:
    """Print how many are exact, how long pages are, and the reasons for the rest."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for library in ("torchvision", "timm"):
        own = [row for row in rows if row["name"].startswith(library)]
        exact = [row for row in own if row["exact"]]
        print(f"{library}: {len(exact)} of {len(own)} exact ({100 * len(exact) / max(1, len(own)):.1f} %)")
        if library == "torchvision" and own:
            shipped = shipped_names()
            ratios = [
                row["lines"] / lines(shipped[row["name"].partition(":")[2]][0].read_text("utf-8"))
                for row in own
                if "lines" in row
            ]
            print(f"  median length: {statistics.median(ratios):.2f} times the shipped page, at most {max(ratios):.2f}")
        reasons = Counter(re.sub(r"\d+", "N", row["reason"]) for row in own if not row["exact"])
        for reason, count in reasons.most_common():
            first = next(
                row["name"] for row in own if not row["exact"] and re.sub(r"\d+", "N", row["reason"]) == reason
            )
            print(f"  {count:4}  {reason}  ({first})")


def main() -> None:
    """Measure what is not measured yet, or tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keys", action="store_true", help="compare keys, parameters and MACs, and no outputs")
    parser.add_argument("--every", type=int, default=1, help="take each N-th name only")
    given = parser.parse_args()
    if given.table:
        told(given.results)
        return
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    names = [line for line in NAMES.read_text("utf-8").splitlines() if not line.startswith("#")]
    done = (
        {json.loads(line)["name"] for line in given.results.read_text("utf-8").splitlines()}
        if given.results.exists()
        else set()
    )
    with given.results.open("a", encoding="utf-8") as file:
        for name in [each for each in names if re.search(given.only, each)][:: given.every]:
            if name not in done:
                row = measured(name, keys=given.keys)
                file.write(json.dumps(row) + "\n")
                file.flush()
                print(name, "exact" if row["exact"] else row["reason"], row["seconds"], flush=True)


if __name__ == "__main__":
    main()

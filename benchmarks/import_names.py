"""Measure ``archcli import`` over ``import_names.txt``: ``python -m benchmarks.import_names RESULTS.jsonl``.

One process, one line of JSON a name, with the commit that was measured; names that are in RESULTS already are skipped,
so it may be stopped and started again. ``--again`` measures those once more that were not exact, and the last line of a
name counts. Names of torchvision come first, then timm's in an order of which every beginning is an even sample.
``--table RESULTS.jsonl`` prints what came out, and the reasons by their number. ``--only PATTERN`` takes part.

A name is exact if the page is proven (the weights load strictly, outputs on random images in evaluation mode are equal
bit for bit, nothing is a hole), and ``import_checks.py`` finds that every addition that a ``shortcut`` can say is one
and that no block stands on the page twice. Images are 3x96x96 where the network takes them, else the smallest that it
takes of 128, 224, 299 and its own. Networks of over 200 million parameters are made on the meta device and compared by
names and shapes of their weights, parameters and MACs.
"""

import argparse
import json
import re
import signal
import statistics
import subprocess
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.import_checks import repeated_blocks, residual_sums, shortcut_sums
from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.importing.convert import Imported, convert
from builder.importing.source import open_network
from builder.shipped import shipped_names

NAMES = Path(__file__).parent / "import_names.txt"
LARGE = 200_000_000
SIZES = (96, 128, 224, 299)
LIMIT = 600
"""Seconds for a name."""


def measured(name: str, *, keys: bool = False) -> dict[str, object]:
    """Return what importing one network gave; with ``keys`` without comparing outputs."""
    start = time.monotonic()
    torch.manual_seed(0)
    row: dict[str, object] = {"name": name}
    signal.alarm(LIMIT)
    try:
        net, light = made(name, keys=keys)
        size = fitting(light, net)
        outputs = next(net.parameters()).device.type != "meta"
        row |= {"parameters": sum(each.numel() for each in net.parameters()), "size": size, "outputs": outputs}
        found = convert(net, size, re.sub(r"\W", "_", name.partition(":")[2]), name)
        row |= {
            "lines": lines(found.text),
            "holes": [[each.said, each.reason, short(each.place)] for each in found.holes],
        }
        row |= verdict(found, light, size)
    except ArchError as error:
        row |= {"exact": False, "reason": "the page is refused: " + error.diagnostics[0].message}
    except Exception as error:  # noqa: BLE001 - a crash is a result
        row |= {"exact": False, "reason": f"crash: {type(error).__name__}: {str(error)[:120]}"}
    finally:
        signal.alarm(0)
    return row | {"seconds": round(time.monotonic() - start, 1)}


def verdict(found: Imported, light: nn.Module, size: tuple[int, int, int]) -> dict[str, object]:
    """Return whether a page is exact, and else why not; ``light`` is the network, without numbers if it can be."""
    reason, more = unproven(found) or unlike(found, light, size) or ("", None)
    return {"exact": not reason} | ({"reason": reason, "more": more} if reason else {})


def unproven(found: Imported) -> tuple[str, object] | None:
    """Return why the page is not proven to be the network."""
    proof = found.proof
    if found.refused:
        return f"the page is refused: {found.refused}", None
    if proof is None:
        return f"hole: {found.holes[0].said}: {found.holes[0].reason}", None
    if not proof.loads or proof.unexpected:
        differing = (*proof.missing, *proof.unexpected, *proof.misfit)
        return f"keys: {differing[0]}", len(differing)
    if not proof.equal:
        return f"outputs differ at {proof.parts_at}", proof.difference
    return (f"not proven: {found.unproven}", None) if not found.is_equal else None


def unlike(found: Imported, light: nn.Module, size: tuple[int, int, int]) -> tuple[str, object] | None:
    """Return in what a proven page is not what a person would write: shortcuts and templates; and other MACs."""
    assert found.graph is not None
    assert found.proof is not None
    image = torch.zeros(2, *size, device=next(light.parameters()).device)
    if more := residual_sums(light, image) - shortcut_sums(found.graph):
        return "a sum is no shortcut", [*more.elements()]
    if repeated := repeated_blocks(found.text):
        return "a block is repeated", repeated
    if not found.proof.with_outputs:
        macs = graph_cost(found.graph).macs
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            light(image[:1])
        if macs * 2 != counter.get_total_flops():
            return "MACs differ", [macs, counter.get_total_flops() // 2]
    return None


def made(name: str, *, keys: bool = False) -> tuple[nn.Module, nn.Module]:
    """Return a network, and the same without numbers; one is the other where it has none, or needs them."""
    try:
        with torch.device("meta"):
            light = open_network(name).net.eval()
    except ArchError:
        raise
    except Exception:  # noqa: BLE001 - it asks for values while it is made
        net = open_network(name).net.eval()
        return net, net
    is_large = sum(each.numel() for each in light.parameters()) > LARGE
    return light if keys or is_large else open_network(name).net.eval(), light


def fitting(light: nn.Module, net: nn.Module) -> tuple[int, int, int]:
    """Return the size of images: small ones where the network and its heads take them, tried without numbers."""
    own = tuple(getattr(net, "default_cfg", {}).get("input_size", (3, 224, 224)))
    device = next(light.parameters()).device
    for size in (*((own[0], each, each) for each in SIZES), own):
        image = torch.zeros(2, *size, device=device)
        try:
            with torch.no_grad():
                light.eval()(image)
                if hasattr(net, "aux_logits"):  # its head needs larger images
                    light.train()(image)
        except Exception:  # noqa: BLE001 - the next size may fit
            continue
        finally:
            light.eval()
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
    rows = list(known(path).values())
    commits = Counter(row["commit"] for row in rows)
    print("measured at", ", ".join(f"{commit} ({count})" for commit, count in commits.most_common()))
    for library in ("torchvision", "timm"):
        own = [row for row in rows if row["name"].startswith(library)]
        exact = [row for row in own if row["exact"]]
        by_keys = sum(not row["outputs"] for row in exact)
        print(f"{library}: {len(exact)} of {len(own)} exact ({100 * len(exact) / max(1, len(own)):.1f} %)")
        print(f"  {len(exact) - by_keys} with outputs, {by_keys} by keys, parameters and MACs")
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


def known(path: Path) -> dict[str, dict[str, Any]]:
    """Return the last row of each name."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {row["name"]: row for row in rows}


def evenly(names: list[str]) -> list[str]:
    """Return names in an order of which every beginning is spread evenly: by the reversed bits of their position."""
    bits = len(names).bit_length()
    order = sorted(range(len(names)), key=lambda position: f"{position:0{bits}b}"[::-1])
    return [names[position] for position in order]


def commit() -> str:
    """Return the commit of the code, with a ``+`` where files differ from it."""
    described = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(described, check=True, capture_output=True, text=True).stdout.strip()


def too_long(*_: object) -> None:
    """Stop a name that takes too long."""
    message = f"over {LIMIT} seconds"
    raise TimeoutError(message)


def main() -> None:
    """Measure what is not measured yet, or tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keys", action="store_true", help="compare keys, parameters and MACs, and no outputs")
    parser.add_argument("--again", action="store_true", help="measure once more what was not exact")
    given = parser.parse_args()
    if given.table:
        told(given.results)
        return
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, too_long)
    names = [line for line in NAMES.read_text("utf-8").splitlines() if not line.startswith("#")]
    ordered = [
        each for library in ("torchvision:", "timm:") for each in evenly([n for n in names if n.startswith(library)])
    ]
    done, now = known(given.results), commit()
    with given.results.open("a", encoding="utf-8") as file:
        for name in ordered:
            is_due = given.again and not done[name]["exact"] if name in done else not given.again
            if is_due and re.search(given.only, name):
                row = measured(name, keys=given.keys) | {"commit": now}
                file.write(json.dumps(row) + "\n")
                file.flush()
                print(name, "exact" if row["exact"] else row["reason"], row["seconds"], flush=True)


if __name__ == "__main__":
    main()

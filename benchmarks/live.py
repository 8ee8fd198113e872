"""How long after a save the new figure stands in the page of ``archcli live``: in a real browser, by the clock.

    python -m benchmarks.live                       some shipped pages, from small to large
    python -m benchmarks.live --all                 every shipped network
    python -m benchmarks.live --picture live.png    the picture of the guide instead

A copy of the page is saved with another number of classes, so that text, costs and figure change. The time is from
before the file is put in its place until after the frame that first shows the new figure. On a busy machine most of
that is waiting, so two columns say what is computed: the processor time of the server (reading, describing, drawing,
Graphviz included), and that of the page's own thread in the browser. All are medians.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import tempfile
from contextlib import chdir
from pathlib import Path
from time import process_time, time
from typing import NamedTuple

from builder.json_output import encode
from builder.live.figures import FigureOptions, Figures
from builder.live.pages import first_look
from builder.live.view import view
from builder.ops import OPERATIONS
from builder.shipped import shipped_names
from tests.live.browser import Driven, chromium, following, until, wait_for_version

SOME = (
    "alexnet", "resnet18", "resnet152", "googlenet", "inception_v3", "densenet201", "mobilenet_v3_large",
    "convnext_large", "efficientnet_b7", "efficientnet_v2_l", "regnet_y_128gf",
)  # fmt: skip
NOTED = """() => { window.drawn = [];
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(() =>
    window.drawn.push([Number(document.documentElement.dataset.version), Date.now()]))))
  .observe(document.documentElement, {attributes: true, attributeFilter: ["data-version"]}); }"""


class Measured(NamedTuple):
    """For each save the seconds of the clock, of the server's processor, and of the page's thread in the browser."""

    clock: list[float]
    server: list[float]
    page: list[float]


def processor_time() -> float:
    """Return the seconds that this process and those that it started have computed."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + ended.ru_utime + ended.ru_stime


def computed(asked: str) -> float:
    """Return the processor time from a page to all that is answered of it."""
    began = processor_time()
    snapshot = first_look([asked])
    encode(view(snapshot), indent=None)
    Figures(OPERATIONS).of(lambda: snapshot, FigureOptions())
    return processor_time() - began


def measured(browser: Driven, name: str, saves: int) -> Measured:
    """Save a copy of a page ``saves`` times."""
    path, member = shipped_names()[name]
    own = Path(path.name)
    own.write_text(path.read_text("utf-8"), "utf-8")
    text = own.read_text("utf-8")
    found = Measured([], [], [])
    asked = f"{own}:{member}" if member else str(own)
    with following(asked) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        wait_for_version(page, 1)
        page.evaluate(NOTED)
        thread = page.context.new_cdp_session(page.unwrapped())
        thread.send("Performance.enable", {"timeDomain": "threadTicks"})
        for save in range(saves):
            changed = with_classes(text, 20 + save)
            page.wait_for_timeout(400)
            before = of_thread(thread)
            Path("saved").write_text(changed, "utf-8")
            began = time()
            Path("saved").replace(own)  # as most editors do
            wait_for_version(page, save + 2)
            until(page, f"window.drawn.some(([version]) => version >= {save + 2})")
            drawn = page.evaluate(f"window.drawn.find(([version]) => version >= {save + 2})[1]")
            found.clock.append(drawn / 1000 - began)
            page.wait_for_timeout(400)
            found.page.append(of_thread(thread) - before)
        page.close()
    found.server.extend(computed(asked) for _ in range(saves))
    return found


def with_classes(text: str, classes: int) -> str:
    """Return a page's text with so many classes; a page that extends another may say nothing of them yet."""
    changed, found = re.subn(r"(?m)^classes: .*$", f"classes: {classes}", text)
    return changed if found else f"{text}\nclasses: {classes}\n"


def of_thread(thread: Driven) -> float:
    """Return the seconds that the page's thread has computed."""
    metrics = thread.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def picture(browser: Driven, path: Path) -> None:
    """Take the picture of the guide: two places are chosen, a box is open, its variants are there."""
    shutil.copy(shipped_names()["alexnet"][0], "alexnet.yaml")
    with following("alexnet.yaml") as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(address)
        for block in ("block1", "block2"):
            page.locator(f'.spot[aria-label^="Insert at {block}.pre_activation"]').click()
        page.locator(".box").nth(1).click()
        until(page, "document.querySelectorAll('.card').length === 4")
        until(page, "[...document.querySelectorAll('.card img')].every(each => each.naturalWidth > 0)")
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(300)
        path.write_bytes(page.screenshot())


def main() -> None:
    """Measure and print, or take the picture."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*")
    options.add_argument("--all", action="store_true")
    options.add_argument("--saves", type=int, default=9)
    options.add_argument("--picture", type=Path)
    asked = options.parse_args()
    names = [*shipped_names()] if asked.all else asked.names or SOME
    target = asked.picture.absolute() if asked.picture else None
    with tempfile.TemporaryDirectory() as folder, chdir(folder), chromium() as browser:
        if target is not None:
            picture(browser, target)
            return
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {asked.saves} saves of each page; seconds")
        print(f"{'page':24}  median  quartiles      largest  server  browser")
        for name in names:
            found = measured(browser, name, asked.saves)
            low, middle, high = statistics.quantiles(found.clock, n=4)
            server, page = (statistics.median(each) for each in (found.server, found.page))
            clock = f"{middle:6.3f}  {low:.3f} – {high:.3f}  {max(found.clock):7.3f}"
            print(f"{name:24}  {clock}  {server:6.3f}  {page:7.3f}", flush=True)


if __name__ == "__main__":
    main()

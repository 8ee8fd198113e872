"""How long after a save the new figure stands in the page of ``archcli live``: in a real browser, by the clock.

    python -m benchmarks.live                       some shipped pages, from small to large
    python -m benchmarks.live --all                 every shipped network
    python -m benchmarks.live --picture live.png    the picture of the guide instead

A copy of the page is saved with another number of classes, so that text, costs and figure change. The time is from
before the file is put in its place until after the frame that first shows the new figure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import tempfile
from contextlib import chdir
from pathlib import Path
from time import time

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


def measured(browser: Driven, name: str, saves: int) -> list[float]:
    """Return the seconds from each of ``saves`` to its figure."""
    path, member = shipped_names()[name]
    own = Path(path.name)
    own.write_text(path.read_text("utf-8"), "utf-8")
    text = own.read_text("utf-8")
    seconds = []
    with following(f"{own}:{member}" if member else str(own)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        wait_for_version(page, 1)
        page.evaluate(NOTED)
        for save in range(saves):
            changed = re.sub(r"(?m)^classes: .*$", f"classes: {20 + save}", text)
            page.wait_for_timeout(200)
            Path("saved").write_text(changed, "utf-8")
            began = time()
            Path("saved").replace(own)  # as most editors do
            wait_for_version(page, save + 2)
            until(page, f"window.drawn.some(([version]) => version >= {save + 2})")
            drawn = page.evaluate(f"window.drawn.find(([version]) => version >= {save + 2})[1]")
            seconds.append(drawn / 1000 - began)
        page.close()
    return seconds


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
        print(f"{'page':24}  median  quartiles      largest")
        for name in names:
            seconds = measured(browser, name, asked.saves)
            low, middle, high = statistics.quantiles(seconds, n=4)
            print(f"{name:24}  {middle:6.3f}  {low:.3f} – {high:.3f}  {max(seconds):.3f}", flush=True)


if __name__ == "__main__":
    main()

"""The documentation as a site: built strictly, whole, searched from a disk, and read without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.study.report.browser import PROGRAM, Browser, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
in_a_browser = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site; a page that is in no list, a dead link or a dead anchor ends the build."""
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser with a profile of its own."""
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


class TestBuild:
    """What lies in the folder."""

    def test_every_page_of_the_documentation_is_there(self, site: Path) -> None:
        """And the two of the repository that it links to."""
        pages = {path.stem for path in (ROOT / "docs").glob("*.md")} | {"contributing", "changelog"}
        assert [name for name in sorted(pages) if not (site / f"{name}.html").is_file()] == []

    def test_no_page_needs_a_network(self, site: Path) -> None:
        """No font, script, style or picture comes from elsewhere."""
        foreign = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>""")
        found = [found[0] for page in site.rglob("*.html") for found in foreign.finditer(page.read_text("utf-8"))]
        assert found == []

    def test_the_gallery_has_every_shipped_page_as_text_and_figure(self, site: Path) -> None:
        """A page with templates only has no figure."""
        index = (site / "gallery.html").read_text("utf-8")
        for path in (ROOT / "archs").glob("*.yaml"):
            assert f'href="gallery/{path.stem}.html"' in index
            page = (site / "gallery" / f"{path.stem}.html").read_text("utf-8")
            assert f'id="{path.stem}yaml"' in page
            figures = re.findall(r'src="(\w+\.(?:light|dark)\.svg)#only', page)
            assert bool(figures) == (path.stem != "gates")
            assert all((site / "gallery" / name).is_file() for name in figures)

    def test_figures_have_a_light_and_a_dark_form(self, site: Path) -> None:
        """Of networks and of reports."""
        for page, name in (("index", "figures/figure6"), ("studies", "figures/study/tried_lr")):
            text = (site / f"{page}.html").read_text("utf-8")
            (dark,) = re.findall(rf'src="({name}\.dark\.svg)#only-dark"', text)
            (light,) = re.findall(rf'src="({name}(?:\.light)?\.svg)#only-light"', text)
            assert "#16181d" in (site / dark).read_text("utf-8")
            assert (site / light).read_text("utf-8") != (site / dark).read_text("utf-8")

    def test_the_search_knows_every_guide(self, site: Path) -> None:
        """As an index and as a script, which a page opened from a disk can load."""
        index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
        known = {entry["location"].partition("#")[0] for entry in index["docs"]}
        assert {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} - known == set()
        assert (site / "search" / "search_index.js").is_file()


@in_a_browser
class TestInABrowser:
    """Opened from a disk."""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [390, 1280])
    @pytest.mark.parametrize("name", ["index", "language", "recipe-reference", "command-reference", "gallery"])
    def test_a_page_fits(self, chromium: Browser, site: Path, name: str, width: int, scheme: str) -> None:
        """It never scrolls sideways, shows one form of each figure, complains of nothing, and asks no network."""
        forget = "try { localStorage.clear() } catch {}"  # where a page keeps the theme, also one that ends just now
        told = chromium.call("Page.addScriptToEvaluateOnNewDocument", source=forget)
        chromium.open(site / f"{name}.html", width, scheme=scheme)
        chromium.call("Page.removeScriptToEvaluateOnNewDocument", identifier=told["identifier"])
        assert chromium.value("document.documentElement.scrollWidth") == width
        shown = "[...document.querySelectorAll('.figure img')].filter(each => each.offsetParent).map(each => each.src)"
        other = {"light": "-dark", "dark": "-light"}[scheme]
        assert [each for each in chromium.value(shown) if each.endswith(other)] == []
        assert chromium.complaints == []
        assert [each for each in chromium.requested if each.startswith("http")] == []

    def test_the_search_finds_a_field(self, chromium: Browser, site: Path) -> None:
        """Without a server."""
        chromium.open(site / "gallery" / "resnet.html", 1280)
        chromium.value("document.querySelector('.md-search__input').focus()")
        chromium.call("Input.insertText", text="reduction")
        results = "[...document.querySelectorAll('.md-search-result__link')].map(each => each.href)"
        for _ in range(200):  # the search loads in the background
            if found := chromium.value(results):
                break
            time.sleep(0.1)
        assert any("reference.html" in each and each.endswith("#se") for each in found)

"""The page in a real browser: on a phone, in the dark, without a mouse, without a network."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.study.report.browser import PROGRAM, Browser, browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.study.report.conftest import Made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here: apt-get install chromium"),
]

WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser with a profile of its own."""
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(params=["plain", "partial", "screened", "grid", "rates"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the page of a study as a file."""
    study: Made = request.getfixturevalue(request.param)
    path = tmp_path / "report.html"
    path.write_text(study.html, "utf-8")
    return path


class TestLayout:
    """It fits."""

    @pytest.mark.parametrize("width", WIDTHS)
    def test_the_page_never_scrolls_sideways(self, chromium: Browser, report: Path, width: int) -> None:
        """Wide tables and figures scroll in boxes of their own."""
        chromium.open(report, width)
        assert chromium.value("[innerWidth, document.documentElement.scrollWidth]") == [width, width]
        spill = """[...document.querySelectorAll('main *')].filter(each => !each.closest('.scroll')
            && each.getBoundingClientRect().right > innerWidth + 0.5).map(each => each.outerHTML.slice(0, 80))"""
        assert chromium.value(spill) == []

    def test_tables_scroll_inside_their_boxes_on_a_phone(self, chromium: Browser, report: Path) -> None:
        """And nothing of them is lost: the box scrolls to the last column."""
        chromium.open(report, 360)
        scrolled = """[...document.querySelectorAll('.scroll')].map(each => {
            each.scrollLeft = 1e6; return each.scrollLeft + each.clientWidth - each.scrollWidth })"""
        assert all(abs(rest) <= 1 for rest in chromium.value(scrolled))
        assert chromium.value("[...document.querySelectorAll('.scroll')].some(each => each.scrollLeft > 50)")

    @pytest.mark.parametrize("width", [360, 1280])
    def test_no_text_of_a_figure_touches_another(self, chromium: Browser, report: Path, width: int) -> None:
        """As the browser sets it, in its own fonts."""
        chromium.open(report, width)
        touching = """[...document.querySelectorAll('svg.drawing')].flatMap(drawing => {
            const texts = [...drawing.querySelectorAll('text')]
                .map(each => [each.textContent, each.getBoundingClientRect()]);
            const found = [];
            for (const [index, [one, a]] of texts.entries())
                for (const [other, b] of texts.slice(index + 1))
                    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
                        found.push(one + ' | ' + other);
            return found })"""
        assert chromium.value(touching) == []

    def test_text_is_large_enough_to_read_on_a_phone(self, chromium: Browser, report: Path) -> None:
        """Figures too: nine pixels at the least."""
        chromium.open(report, 360)
        sizes = "[...document.querySelectorAll('svg.drawing text')].map(each => each.getBoundingClientRect().height)"
        assert min(chromium.value(sizes)) >= 9


class TestQuiet:
    """It asks for nothing and complains of nothing."""

    def test_no_request_and_no_complaint(self, chromium: Browser, report: Path) -> None:
        """Not of the console, not of its own policy; only the file itself and what lies in it is read."""
        chromium.open(report, 1280)
        chromium.value("0")  # whatever was still on its way
        assert [each for each in chromium.requested if not each.startswith(("file:", "data:"))] == []
        assert [each for each in chromium.requested if each.startswith("file:")] == [report.as_uri()]
        assert chromium.complaints == []

    def test_hostile_names_do_nothing(self, chromium: Browser, report: Path) -> None:
        """No script has come to be."""
        chromium.open(report, 1280)
        assert chromium.value("document.scripts.length") == 0
        assert chromium.value("document.title").endswith(": report")


class TestColors:
    """Light and dark."""

    def test_the_dark_page_is_dark_and_everything_in_it_changes(self, chromium: Browser, report: Path) -> None:
        """The page, and the figure of the networks, whose colors are a file's own."""
        shots = {}
        for scheme in ("light", "dark"):
            chromium.open(report, 1280, scheme=scheme)
            shots[scheme] = Image.open(io.BytesIO(chromium.screenshot())).convert("L")
            shown = chromium.value("document.querySelector('picture img').currentSrc.length")
            assert shown > 1000
        assert shots["light"].getpixel((5, 5)) == 255
        assert shots["dark"].getpixel((5, 5)) < 40
        assert len(shots["dark"].getcolors(1000) or []) > 20

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_every_text_stands_out_from_what_is_behind_it(self, chromium: Browser, report: Path, scheme: str) -> None:
        """By 4.5 to 1, as computed by the browser for every text outside of figures."""
        chromium.open(report, 1280, scheme=scheme)
        faint = """(() => {
            const parts = text => text.match(/[\\d.]+/g).map(Number);
            const light = text => parts(text).slice(0, 3).map(each => each / 255)
                .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
                .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
            const ground = node => { for (; node; node = node.parentElement) {
                const color = getComputedStyle(node).backgroundColor;
                if (parts(color)[3] !== 0) return color } return 'rgb(255, 255, 255)' };
            const nodes = [...document.querySelectorAll('main *, header *, footer *')]
                .filter(each => !each.closest('svg'))
                .filter(each => [...each.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
            return nodes.map(node => {
                const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
                return [(a + 0.05) / (b + 0.05), node.textContent.slice(0, 40)] }).filter(each => each[0] < 4.5) })()"""
        assert chromium.value(faint) == []


class TestKeyboard:
    """Without a mouse."""

    def test_all_is_reached_in_order(self, chromium: Browser, report: Path) -> None:
        """Links, boxes that scroll and what can be unfolded, from top to bottom, each with a visible ring."""
        chromium.open(report, 1280)
        count = chromium.value("""[...document.querySelectorAll('a, [tabindex="0"], summary')]
            .filter(each => each.matches('summary') || !each.closest('details')).length""")
        seen = []
        for _ in range(count):
            chromium.press_tab()
            seen.append(
                chromium.value("""(() => { const each = document.activeElement; return [each.textContent.slice(0, 30),
                    each.getBoundingClientRect().top + scrollY, getComputedStyle(each).outlineStyle] })()""")
            )
        assert seen[0][0] == "Skip to the findings"
        tops = [top for _, top, _ in seen[1:]]
        assert tops == sorted(tops)
        assert {style for _, _, style in seen[1:]} == {"solid"}

    def test_the_link_past_the_head_is_seen_when_it_has_the_focus(self, chromium: Browser, report: Path) -> None:
        """And only then."""
        chromium.open(report, 1280)
        left = "document.querySelector('.skip').getBoundingClientRect().left"
        assert chromium.value(left) < -100
        chromium.press_tab()
        assert chromium.value(left) >= 0


class TestPrint:
    """On paper."""

    def test_what_is_folded_is_printed_and_nothing_is_cut_off(self, chromium: Browser, report: Path) -> None:
        """The page's width is that of the paper; what scrolls on a screen is broken into lines."""
        chromium.open(report, 760)
        chromium.call("Emulation.setEmulatedMedia", media="print")
        assert chromium.value("document.documentElement.scrollWidth") <= 760
        assert chromium.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        assert chromium.value("document.querySelector('details pre').getBoundingClientRect().height") > 30
        chromium.call("Emulation.setEmulatedMedia", media="")

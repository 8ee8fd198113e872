"""The page in a real browser, while a file is edited: by mouse, by keyboard alone, on a phone, in two tabs."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.command_line import PAGE
from tests.live.browser import PROGRAM, chromium, following, until, wait_for_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.browser import Driven

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is not installed"),
]

WRONG = PAGE.replace("kernel: 3, stride: 2", "kernel: 3, strid: 2").replace("relu", "rely")
TALL = PAGE.replace("      - relu\n", "      - relu\n" * 80)
SE = 'input[name="insert"]'


@pytest.fixture(scope="module")
def browser() -> Iterator[Driven]:
    """Return a browser for all tests of this file."""
    with chromium() as started:
        yield started


@contextmanager
def opened(browser: Driven, address: str, width: int = 1280, height: int = 860) -> Iterator[Driven]:
    """Open the address, wait for its figure, and afterwards see that the browser complained of nothing."""
    page = browser.new_page(viewport={"width": width, "height": height})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" and " 422 " not in said.text else None,
    )
    page.goto(address)
    page.wait_for_selector("#figure svg")
    wait_for_version(page, 1)
    try:
        yield page
    finally:
        page.close()
    assert complaints == []


class TestSaves:
    """Everything that may happen to a file."""

    def test_a_save_redraws_the_figure(self, browser: Driven, page: Path) -> None:
        """And the price, the table and the text."""
        with following(page.name) as address, opened(browser, address) as seen:
            assert "1 layer" not in seen.inner_text("#price")
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
            wait_for_version(seen, 2)
            assert "3×3, 16" in seen.inner_html("#figure")
            assert "out: 16" in seen.inner_text("#text")
            assert "65.45 k" in seen.inner_text("#price")
            until(seen, "document.getElementById('layers').textContent.includes('Conv 3×3, 16')")

    def test_scroll_and_zoom_are_kept(self, browser: Driven, page: Path) -> None:
        """What one looked at is where it was."""
        page.write_text(TALL, "utf-8")
        with following(page.name) as address, opened(browser, address) as seen:
            seen.get_by_text("layers", exact=True).first.click()
            until(seen, "document.querySelector('#figure svg').clientHeight > 1500")
            seen.get_by_role("button", name="Larger").click()
            seen.evaluate("document.getElementById('figure').scrollTop = 700")
            before = seen.evaluate("[figure.scrollTop, figure.querySelector('svg').style.width]")
            page.write_text(TALL.replace("out: 8", "out: 16"), "utf-8")
            wait_for_version(seen, 2)
            assert seen.evaluate("[figure.scrollTop, figure.querySelector('svg').style.width]") == before

    def test_the_figure_is_never_away(self, browser: Driven, page: Path) -> None:
        """The new one takes the place of the old one in one step."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.evaluate(
                "window.counts = []; new MutationObserver(() => counts.push(figure.querySelectorAll('svg').length))"
                ".observe(figure, {childList: true})"
            )
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
            wait_for_version(seen, 2)
            assert seen.evaluate("counts") == [1]

    def test_mistakes_stand_at_their_lines(self, browser: Driven, page: Path) -> None:
        """All of them with their help; the last good figure stays and is marked; both go when the page is right."""
        with following(page.name) as address, opened(browser, address) as seen:
            before = seen.inner_html("#figure svg .node")
            page.write_text(WRONG, "utf-8")
            wait_for_version(seen, 2)
            assert seen.inner_text("#status") == "2 mistakes"
            wrong = seen.locator("#text .row.wrong")
            assert [each.split("\n")[0] for each in wrong.locator(".number").all_inner_texts()] == ["7", "8"]
            assert wrong.nth(0).locator(".help").inner_text() == "did you mean `stride`?"
            assert wrong.nth(1).locator("mark").inner_text() == "rely"
            assert seen.is_visible("#stale")
            assert seen.inner_html("#figure svg .node") == before
            page.write_text(PAGE, "utf-8")
            wait_for_version(seen, 3)
            assert (seen.locator("#text .wrong").count(), seen.is_visible("#stale")) == (0, False)
            assert seen.inner_text("#status") == "following small.yaml"

    def test_a_page_that_begins_broken(self, browser: Driven, page: Path) -> None:
        """It has no figure until it is right."""
        page.write_text(WRONG, "utf-8")
        with following(page.name) as address:
            seen = browser.new_page()
            seen.goto(address)
            seen.wait_for_selector("#text .row.wrong")
            page.write_text(PAGE, "utf-8")
            seen.wait_for_selector("#figure svg")
            seen.close()

    def test_a_file_that_is_gone_and_comes_back(self, browser: Driven, page: Path) -> None:
        """It is said, and over when it is there again."""
        with following(page.name) as address, opened(browser, address) as seen:
            page.unlink()
            wait_for_version(seen, 2)
            assert "there is no file small.yaml" in seen.inner_text("#mistakes")
            assert seen.locator("#figure svg").count() == 1
            other = page.with_name("other.tmp")
            other.write_text(PAGE, "utf-8")
            other.replace(page)
            wait_for_version(seen, 3)
            assert seen.inner_text("#mistakes") == ""

    def test_two_tabs(self, browser: Driven, page: Path) -> None:
        """Each with its own controls."""
        with following(page.name) as address, opened(browser, address) as one, opened(browser, address) as other:
            other.get_by_text("layers", exact=True).first.click()
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
            for tab in (one, other):
                wait_for_version(tab, 2)
            assert "<text" in one.inner_html("#figure")
            assert one.locator(".box").count() < other.locator(".box").count()

    def test_the_server_ends(self, browser: Driven, page: Path) -> None:
        """The page says that it no longer follows, and keeps what it shows."""
        with following(page.name) as address:
            seen = browser.new_page()
            seen.goto(address)
            seen.wait_for_selector("#figure svg")
        until(seen, "document.getElementById('status').dataset.kind === 'ended'")
        assert seen.inner_text("#status") == "archcli live has ended: this page no longer follows"
        assert seen.locator("#figure svg").count() == 1
        seen.close()

    def test_a_thousand_blocks(self, browser: Driven, page: Path) -> None:
        """Are shown in one piece; of their layers the first, until somebody asks for all."""
        page.write_text(
            "name: long\ninput: [3, 32, 32]\nclasses: 10\n"
            "templates:\n  Part:\n    layers:\n      - conv: {out: 8, kernel: 3, padding: 1}\n      - relu\n"
            "layers:\n  parts:\n    layers:\n      - Part: {}\n        repeat: 1000\n"
            "  pool: {adaptiveavgpool: {size: 1}}\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n",
            "utf-8",
        )
        with following(page.name) as address, opened(browser, address) as seen:
            assert seen.locator("#layers tbody tr").count() == 200
            assert seen.inner_text("#more-layers") == "Show 1,803 more layers"
            page.write_text(page.read_text("utf-8").replace("out: 8", "out: 4"), "utf-8")
            wait_for_version(seen, 2)


class TestPointing:
    """What a box answers."""

    def test_hovering_shows_the_line(self, browser: Driven, page: Path) -> None:
        """In the text, and below the figure."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.locator(".box").first.hover()
            assert seen.inner_text("#hovered").startswith("block small.yaml:5 block:")
            assert seen.inner_text("#text .here .number") == "5"

    def test_a_click_opens_the_details(self, browser: Driven, page: Path) -> None:
        """Layers with shapes and prices; Escape closes them and goes back to the box."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.locator(".box").first.click()
            assert seen.inner_text("#details-title") == "block"
            assert "Conv 3×3, 8, /2" in seen.inner_text("#details")
            seen.keyboard.press("Escape")
            assert not seen.is_visible("#details")
            assert seen.evaluate("document.activeElement.id") == "n0-1"

    def test_controls(self, browser: Driven, page: Path) -> None:
        """Dark, a width that does not fit, a block that is not there."""
        with following("resnet18") as address, opened(browser, address) as seen:
            seen.get_by_text("dark", exact=True).click()
            until(seen, "document.querySelector('#figure polygon').getAttribute('fill') === '#16181d'")
            assert seen.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(22, 24, 29)"
            boxes = seen.locator(".box").count()
            seen.locator("input[name=blocks]").fill("layer1")
            until(seen, f"document.querySelectorAll('.box').length > {boxes}")
            seen.locator("input[name=blocks]").fill("nothing")
            seen.wait_for_selector("#figure-problem:not([hidden])")
            assert "nothing" in seen.inner_text("#figure-problem")
            seen.locator("input[name=blocks]").fill("")
            seen.get_by_text("layers", exact=True).first.click()
            seen.select_option("select[name=width]", "89mm")
            until(seen, "document.getElementById('figure-problem').textContent.includes('wider column')")

    def test_several_pages(self, browser: Driven, page: Path) -> None:
        """Side by side with their differences; each can be pointed at."""
        with following("alexnet", "alexse_both") as address, opened(browser, address) as seen:
            assert "block1.se: SE 384→24→384 added" in seen.inner_text("#difference")
            seen.locator("#tabs label").nth(1).click()
            assert seen.inner_text("#title") == "alexse_both"
            assert seen.locator('.box[id^="m2-"]').count() > 5
            assert seen.locator('.box[id^="m2-"][role="button"]').count() == seen.locator('.box[id^="m2-"]').count()


class TestQuestion:
    """Where does it belong: by clicking."""

    def test_by_clicking(self, browser: Driven, page: Path) -> None:
        """Two places are four networks, each with its price and its figure."""
        with following("alexnet") as address, opened(browser, address, height=1600) as seen:
            for block in ("block1", "block2"):
                seen.locator(f'.spot[aria-label^="Insert at {block}.pre_activation"]').click()
            until(seen, "document.querySelectorAll('.card').length === 4")
            assert seen.locator(".card .name").nth(3).inner_text() == "alexnet_se_block1_block2"
            assert "+27.30 k" in seen.locator(".card").nth(3).inner_text()
            assert "archcli variants alexnet --insert se --among block1.pre_activation" in seen.inner_text("#answer")
            until(seen, "[...document.querySelectorAll('.card img')].every(each => each.naturalWidth > 0)")
            seen.locator(".card").nth(1).hover()
            assert [each.get_attribute("aria-label") for each in seen.locator(".spot.seen").all()] == [
                "Insert at block1.pre_activation, 384×13×13"
            ]
            seen.locator('.spot[aria-checked="true"]').first.click()
            until(seen, "document.querySelectorAll('.card').length === 2")

    def test_places_inside_a_box_open_it(self, browser: Driven, page: Path) -> None:
        """A stage has many."""
        with following("resnet18") as address, opened(browser, address) as seen:
            seen.locator(".spot.sign").first.click()
            seen.wait_for_selector('.spot[aria-label^="Insert at layer1.0.pre_activation"]')
            assert seen.input_value("input[name=blocks]") == "layer1"

    def test_what_does_not_fit(self, browser: Driven, page: Path) -> None:
        """Is said; the figure stays."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.fill("input[name=places]", "fc")
            seen.wait_for_selector("#answer .problem")
            assert "needs channels × height × width" in seen.inner_text("#answer")

    def test_pages_are_written_by_their_button_only(self, browser: Driven, page: Path) -> None:
        """And a file that is there is not changed."""
        with following(page.name) as address, opened(browser, address, height=1600) as seen:
            seen.fill(SE, "se: {reduction: 4}")
            seen.fill("input[name=places]", "block.pre_activation")
            seen.wait_for_selector("#writing button")
            until(seen, "document.querySelector('#writing pre')?.textContent.includes('runs')")
            assert [path.name for path in page.parent.iterdir()] == ["small.yaml"]
            seen.get_by_role("button", name="Write 1 page").click()
            seen.wait_for_selector("text=written:")
            written = page.parent / "small_variants" / "small_se_block.yaml"
            assert written.is_file()
            written.write_text("mine\n", "utf-8")
            seen.get_by_role("button", name="Write 1 page").click()
            seen.wait_for_selector("#writing .problem")
            assert written.read_text("utf-8") == "mine\n"

    def test_a_study_with_its_runs_and_hours(self, browser: Driven, page: Path) -> None:
        """The runs at once, the hours once somebody asks for them."""
        with following(page.name) as address, opened(browser, address, height=1800) as seen:
            seen.fill(SE, "se: {reduction: 4}")
            seen.fill("input[name=places]", "block.pre_activation")
            until(seen, "document.getElementById('writing').textContent.includes('20 = 2 networks × 10 seeds')")
            seen.get_by_role("button", name="Write small_places.yaml").click()
            seen.wait_for_selector("text=small_places.yaml exists already")
            assert (page.parent / "small_places.yaml").read_text("utf-8").startswith("# 20 runs: 2 networks, 10 seeds")
            seen.get_by_role("button", name="Measure the hours").click()
            until(seen, "document.getElementById('writing').textContent.includes('time     about')", 180)


class TestKeyboard:
    """Without a mouse."""

    def test_everything_by_keys(self, browser: Driven, page: Path) -> None:
        """To the figure, to a place, to its variants, to the button that writes them."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.keyboard.press("Tab")
            assert seen.evaluate("document.activeElement.textContent") == "To the figure"
            seen.keyboard.press("Enter")
            seen.keyboard.press("Tab")
            assert seen.evaluate("document.activeElement.closest('#figure') !== null")
            seen.keyboard.press("Home")
            for _ in range(12):
                if "Insert at block.pre_activation" in (
                    seen.evaluate("document.activeElement.getAttribute('aria-label')") or ""
                ):
                    break
                seen.keyboard.press("ArrowRight")
            seen.keyboard.press("Enter")
            assert seen.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
            seen.keyboard.press("Tab")
            assert seen.evaluate("document.activeElement.name") == "insert"
            seen.keyboard.type("se: {reduction: 4}")
            seen.wait_for_selector(".card")
            for _ in range(40):
                if seen.evaluate("document.activeElement.textContent") == "Write 1 page":
                    break
                seen.keyboard.press("Tab")
            seen.keyboard.press("Enter")
            seen.wait_for_selector("text=written:")

    def test_a_box_keeps_the_focus_when_it_is_redrawn(self, browser: Driven, page: Path) -> None:
        """A save does not throw anybody out of the figure."""
        with following(page.name) as address, opened(browser, address) as seen:
            seen.locator(".box").first.focus()
            page.write_text(PAGE.replace("out: 8", "out: 16"), "utf-8")
            wait_for_version(seen, 2)
            assert seen.evaluate("document.activeElement.id") == "n0-1"


class TestReader:
    """What a screen reader says."""

    def test_everything_has_a_name(self, browser: Driven, page: Path) -> None:
        """Every field, button, box and place."""
        with following("alexnet") as address, opened(browser, address, height=1600) as seen:
            seen.fill("input[name=places]", "block*.pre_activation")
            seen.wait_for_selector("#writing button")
            nameless = seen.evaluate("""() => [...document.querySelectorAll(`input, select, button, [role=button],
                [role=checkbox], [role=region], [role=group], img`)].filter(each => {
                  const words = each.labels?.length ? each.labels[0].textContent : each.textContent;
                  const by = document.getElementById(each.getAttribute('aria-labelledby') ?? '')?.textContent;
                  return !(each.getAttribute('aria-label') || each.alt || by || words?.trim());
                }).map(each => each.outerHTML.slice(0, 120))""")
            assert nameless == []

    def test_a_mistake_is_said_at_once(self, browser: Driven, page: Path) -> None:
        """The others of what changes are said when there is time."""
        with following(page.name) as address, opened(browser, address) as seen:
            live = seen.evaluate("['mistakes', 'answer', 'status'].map(id => document.getElementById(id).ariaLive)")
            assert live == ["assertive", "polite", "polite"]

    def test_boxes_say_what_they_are_and_where(self, browser: Driven, page: Path) -> None:
        """Their path, what is inside, their line."""
        with following(page.name) as address, opened(browser, address) as seen:
            assert seen.locator(".box").first.get_attribute("aria-label") == "block, 2 layers, small.yaml line 5"
            said = seen.locator(".spot").nth(1).get_attribute("aria-label")
            assert said == "Insert at block.pre_activation, 8×16×16"


class TestPhone:
    """390 pixels wide."""

    @pytest.mark.parametrize("asked", [("alexnet",), ("alexnet", "alexse_both"), ("resnet50",)])
    def test_the_page_never_scrolls_sideways(self, browser: Driven, asked: tuple[str, ...], page: Path) -> None:
        """The figure, tables and texts scroll in boxes of their own."""
        with following(*asked) as address, opened(browser, address, 390, 844) as seen:
            seen.fill(
                "input[name=places]", "block*.pre_activation" if "alexnet" in asked else "layer1.*.pre_activation"
            )
            seen.wait_for_selector("#writing button")
            seen.locator(".box").first.click()
            assert seen.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [390, 390]

    def test_mistakes_are_one_touch_away(self, browser: Driven, page: Path) -> None:
        """The words at the top lead to them."""
        with following(page.name) as address, opened(browser, address, 390, 844) as seen:
            page.write_text(WRONG, "utf-8")
            wait_for_version(seen, 2)
            seen.get_by_role("link", name="2 mistakes").click()
            until(seen, "document.getElementById('mistakes').getBoundingClientRect().top < 844")


class TestStrangers:
    """Other pages in the same browser."""

    def test_another_page_reads_nothing(self, browser: Driven, page: Path) -> None:
        """Not even with the right address."""
        with following(page.name) as address:
            seen = browser.new_page()
            seen.goto("data:text/html,<title>other</title>")
            told = seen.evaluate(f"fetch('{address}view').then(a => a.text()).catch(e => e.name)")
            assert told == "TypeError"
            sent = f"fetch('{address}write-variants', {{method: 'POST', mode: 'no-cors', body: '{{}}'}})"
            seen.evaluate(f"{sent}.catch(e => e.name)")
            assert [path.name for path in page.parent.iterdir()] == ["small.yaml"]
            seen.close()

"""The page: what it says, in which order, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from builder.study.page.space import NumberRange, SearchSpace
from builder.study.report.compose import compose
from builder.study.report.data import as_json
from builder.study.report.page import page
from builder.study.report.sections.blocks import Drawings, Table
from builder.study.report.sections.content import gather
from builder.study.report.sections.screened import at_the_edge
from tests.study.report.conftest import HOSTILE

if TYPE_CHECKING:
    from tests.study.report.conftest import Made

VOID = {"meta", "link", "br", "img", "source"}


class Outline(HTMLParser):
    """The elements of a page, with the text inside each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every element ends where it should."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text with the element that holds it."""
        self.texts.append((self._open[-1] if self._open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, tag: str) -> list[str]:
        """Return the texts that stand directly in elements of a kind."""
        return [text for name, text in self.texts if name == tag]


class TestOrder:
    """What a reader finds first."""

    def test_the_answer_comes_before_everything_else(self, plain: Made) -> None:
        """Behind the study's name, in a sentence."""
        texts = [text for tag, text in Outline(plain.html).texts if tag in {"h1", "h2", "p"}]
        assert texts[0] == "Study placement"
        assert texts[1] == plain.content.findings.answers[0].sentence
        assert texts[1].startswith("alexnet_tiny_se_block2 and alexnet_tiny_se_block1_block2 cannot be told apart")

    def test_then_how_sure_it_is_and_the_rest(self, partial: Made) -> None:
        """Headings in the order of a reader's questions."""
        assert Outline(partial.html).said("h2") == [
            "How sure is that?", "Every seed", "Gaps to the base", "All comparisons", "Accuracy and what it costs",
            "How they learn", "The networks", "Where they differ", "What failed", "To do it again",
        ]  # fmt: skip

    def test_a_screening_says_who_was_judged(self, screened: Made) -> None:
        """And that nothing is said of the others."""
        assert Outline(screened.html).said("h2")[1] == "Who was judged"
        assert "4 candidates were trained with 2 seeds each" in screened.html
        assert len(screened.content.entries) == 3


class TestSearch:
    """What a search has tried."""

    def test_every_try_stands_in_the_table_the_best_first(self, searched: Made) -> None:
        """Those that were ended early behind all others, with an accuracy of few epochs."""
        part = next(each for each in searched.report.parts if each.name == "search")
        table = next(each for each in part.blocks if isinstance(each, Table))
        assert table.head == ("network", "lr", "validation accuracy", "ended", "judged")
        assert len(table.rows) == 12
        assert [row[3] for row in table.rows] == [""] * 8 + ["early"] * 4
        shares = [float(row[2].split()[0]) for row in table.rows]
        assert shares[:8] == sorted(shares[:8], reverse=True)
        assert [row[4] for row in table.rows].count("yes") == 2

    def test_it_says_how_they_were_chosen_and_what_the_best_owes_to_luck(self, searched: Made) -> None:
        """Before the numbers."""
        text = " ".join(Outline(searched.html).said("p"))
        assert "12 trials of 2 networks, as many of each: the first with the recipe’s own hyperparameters" in text
        assert "the others chosen by tpe" in text
        assert "say which was chosen, not how good it is" in text

    def test_every_try_is_a_point_and_those_that_were_judged_have_names(self, searched: Made) -> None:
        """Over each field that is a number."""
        part = next(each for each in searched.report.parts if each.name == "search")
        (figure,) = next(each for each in part.blocks if isinstance(each, Drawings)).figures
        assert figure.body.count("<circle") == 12
        assert figure.body.count('class="name"') == 2
        assert figure.title == "Validation accuracy by lr"

    def test_a_best_at_the_end_of_its_range_is_said(self) -> None:
        """There may be better ones beyond; but not below nothing."""
        space = {"lr": NumberRange(0.001, 0.1), "decay": NumberRange(0, 1)}
        found = list(at_the_edge(SearchSpace(space, 2, "tpe", "none", 1), "net", {"lr": 0.1, "decay": 0}))
        assert found == ["net did best with the highest lr allowed, 0.1: widen the range."]

    def test_programs_get_the_settings_of_each(self, searched: Made) -> None:
        """With what it reached."""
        found = as_json(searched.content)["screening"]
        assert len(found) == 12
        assert {each["variant"] for each in found} == {"alexnet_tiny", "alexnet_tiny_se_block1"}
        assert sum(each["pruned"] for each in found) == 4
        assert all("optimizer.lr" in each["settings"] for each in found)


class TestFacts:
    """Numbers of the page are those of the findings."""

    def test_every_seed_is_a_dot(self, plain: Made) -> None:
        """Four variants with ten seeds."""
        assert plain.html.count('class="dot"') == 40

    def test_gaps_are_sorted_and_written_out(self, plain: Made) -> None:
        """With interval and adjusted p."""
        found = sorted(plain.content.findings.to_base, key=lambda each: -(each.difference or 0))
        gaps = plain.html.partition('id="gaps-title"')[2]
        places = [gaps.index(f"{each.difference:+.2f} (") for each in found]
        assert places == sorted(places)
        assert "p &lt; 0.001" in gaps

    def test_all_comparisons_stand_in_the_table(self, plain: Made) -> None:
        """With every test beside one another."""
        section = plain.html.partition('<section id="comparisons"')[2].partition("</section>")[0]
        assert section.count("<tr>") == 1 + 6
        for head in ("p (Holm)", "Welch", "Dunnett", "Games-Howell", "equivalent, p (Holm)", "P(first better)"):
            assert f">{head}</th>" in section
        assert ">se_block2 is better</td>" in section
        assert ">cannot tell</td>" in section

    def test_the_certainty_is_spelled_out(self, plain: Made) -> None:
        """Runs, error rate, smallest difference, what is ruled out, how much seeds differ."""
        facts = dict(zip(Outline(plain.html).said("dt"), Outline(plain.html).said("dd"), strict=False))
        bound = plain.content.findings.answers[0].ruled_out_above
        assert facts["Runs"] == "10 seeds × 4 networks"
        assert facts["Error rate"] == "5 %"
        assert facts["Smallest difference that matters"] == "1 point"
        assert facts["Ruled out"] == f"more than {bound:.2f} points"

    def test_what_is_needed_to_repeat_it_is_there(self, plain: Made) -> None:
        """Commands, data with its checksum, seeds, versions, the page and the recipe."""
        section = plain.html.partition('<section id="repeat"')[2]
        for said in (
            "archcli study run study.yaml", "archcli report study-runs/placement-001", "checksum f1f1", "0 to 9",
            "base: alexnet_tiny", "batch_size:", "torch</th><td>2.15.0", "digest of 1 file",
        ):  # fmt: skip
            assert said in section, said

    def test_prices_are_exact(self, plain: Made) -> None:
        """Variants often differ in the last digits only."""
        for network in plain.content.plan.networks:
            assert f">{network.parameters:,}</td>" in plain.html


class TestHyperparameters:
    """Studies in which not only the network varies."""

    def test_networks_are_compared_with_the_same_settings(self, grid: Made) -> None:
        """A group for each choice, with a figure of its own and its own answer."""
        assert [section.name for section in grid.content.sections] == ["lr=0.001", "lr=0.01"]
        assert len(grid.report.answers) == 2
        for name in ("seeds", "seeds1", "gaps", "gaps1", "parameters", "parameters1"):
            assert f'id="{name}-title"' in grid.html, name
        assert Outline(grid.html).said("h3").count("lr=0.01") >= 4

    def test_what_is_the_same_for_all_is_said_and_not_drawn(self, rates: Made) -> None:
        """One network has one price."""
        assert "The same for all: Parameters: 43,410; MACs of an image: 3,985,728." in rates.html
        assert 'id="parameters-title"' not in rates.html
        assert 'id="time-title"' in rates.html

    def test_variants_are_called_by_what_varies(self, rates: Made) -> None:
        """By the last part of a path."""
        assert [entry.name for entry in rates.content.entries if entry.is_base] == ["lr=0.1, weight_decay=0.0"]


class TestUnfinished:
    """A study that is still going on."""

    def test_it_says_what_is_missing_and_that_nothing_is_final(self, partial: Made) -> None:
        """Above everything else but the answer, and again beside the comparisons."""
        assert "No best is named: the study has not ended" in partial.report.answers[0]
        assert partial.report.warning is not None
        assert partial.report.warning.startswith("Not final: 8 of 40 planned runs are not there yet")
        assert partial.html.count('class="warning"') == 2
        assert "none of it is a verdict" in partial.html

    def test_failures_are_counted_with_their_messages(self, partial: Made) -> None:
        """A variant of which runs failed says so wherever its number of runs stands."""
        section = partial.html.partition('<section id="failed"')[2].partition("</section>")[0]
        assert "1 run of 40 failed" in section
        assert "RuntimeError: &lt;/title&gt;&lt;script&gt;" in section
        assert "n = 7, 1 failed" in partial.html

    def test_a_finished_study_has_no_warning(self, plain: Made) -> None:
        """And no part about failures."""
        assert plain.report.warning is None
        assert 'class="warning"' not in plain.html
        assert 'id="failed"' not in plain.html


class TestSafety:
    """Whatever a name, a question or a message holds, the page does nothing but stand there."""

    def test_nothing_of_a_user_becomes_an_element(self, partial: Made) -> None:
        """No script, no handler, whatever the question, the classes and the messages are."""
        outline = Outline(partial.html)
        assert outline.all("script") == []
        assert not [name for _, attributes in outline.elements for name in attributes if name.startswith("on")]
        assert HOSTILE in "".join(outline.said("p"))
        assert HOSTILE not in partial.html

    @pytest.mark.parametrize("study", ["plain", "partial", "screened"])
    def test_nothing_is_fetched(self, study: str, request: pytest.FixtureRequest) -> None:
        """Every address lies in the page itself."""
        outline = Outline(request.getfixturevalue(study).html)
        for _, attributes in outline.elements:
            for name in ("href", "src", "srcset"):
                value = attributes.get(name)
                assert value is None or value.startswith(("#", "data:")), value
        assert "url(" not in request.getfixturevalue(study).html
        assert "@import" not in request.getfixturevalue(study).html

    def test_the_policy_allows_this_style_sheet_and_nothing_else(self, plain: Made) -> None:
        """Checked by the digest of what stands in the page."""
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', plain.html)
        (style,) = re.findall(r"<style>(.*?)</style>", plain.html, re.DOTALL)
        digest = b64encode(sha256(style.encode()).digest()).decode()
        assert policy.startswith("default-src &#x27;none&#x27;; ")
        assert f"style-src &#x27;sha256-{digest}&#x27;" in policy
        assert "style=" not in plain.html

    def test_the_same_results_are_the_same_bytes(self, plain: Made) -> None:
        """Gathered and drawn once more."""
        assert page(compose(gather(plain.folder))) == plain.html


class TestAccess:
    """Without a mouse, without seeing it."""

    @pytest.mark.parametrize("study", ["plain", "partial", "screened"])
    def test_headings_are_in_order(self, study: str, request: pytest.FixtureRequest) -> None:
        """One first heading, and no level is left out on the way down."""
        tags = [tag for tag, _ in Outline(request.getfixturevalue(study).html).elements]
        levels = [int(tag[1]) for tag in tags if re.match(r"h\d$", tag)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_there_are_landmarks_and_a_way_past_the_head(self, plain: Made) -> None:
        """A screen reader jumps to them; the first link leads to the findings."""
        outline = Outline(plain.html)
        assert [len(outline.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
        assert outline.all("a")[0]["href"] == "#findings"
        assert outline.all("html") == [{"lang": "en"}]

    def test_every_link_leads_somewhere(self, plain: Made) -> None:
        """Inside the page, to names that are there once."""
        outline = Outline(plain.html)
        names = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
        assert len(names) == len(set(names))
        assert {str(link["href"])[1:] for link in outline.all("a")} <= set(names)

    def test_every_figure_has_a_text_alternative(self, plain: Made) -> None:
        """Title and description of a drawing, and the alternative of a picture."""
        outline = Outline(plain.html)
        said = {attributes["id"]: tag for tag, attributes in outline.elements if "id" in attributes}
        drawings = [each for each in outline.all("svg") if "drawing" in str(each["class"])]
        assert len(drawings) == 10
        for each in drawings:
            title, text = str(each["aria-labelledby"]).split()
            assert (each["role"], said[title], said[text]) == ("img", "title", "desc")
        assert all(len(str(each["alt"])) > 20 for each in outline.all("img"))

    def test_tables_say_what_their_cells_belong_to(self, plain: Made) -> None:
        """A caption, and a scope for each head; what scrolls can be reached by keyboard and has a name."""
        outline = Outline(plain.html)
        assert len(outline.all("caption")) == len(outline.all("table")) >= 5
        assert {each.get("scope") for each in outline.all("th")} == {"col", "row"}
        boxes = [each for each in outline.all("div") if each.get("class") == "scroll"]
        assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in boxes)

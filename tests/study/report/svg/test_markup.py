"""Nothing that a user wrote becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.study.report.svg.markup import Markup, element, joined, number, plain

ANY_TEXT = st.text(alphabet=st.characters(), max_size=40)


class Seen(HTMLParser):
    """Which elements with which attributes a browser would find, and the text in them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


class TestElement:
    """An element holds exactly what it was given."""

    @given(ANY_TEXT, ANY_TEXT)
    def test_any_text_comes_back_as_it_was(self, content: str, value: str) -> None:
        """As content and as an attribute, read back by a parser of HTML and by one of XML."""
        made = element("p", content, title=value)
        seen = Seen()
        seen.feed(made)
        seen.close()
        assert seen.elements == [("p", {"title": plain(value)})]
        assert seen.text == plain(content)
        assert ET.fromstring(made).tag == "p"

    def test_markup_is_not_escaped_again(self) -> None:
        """An element inside another is one."""
        assert element("p", element("b", "<"), "&") == "<p><b>&lt;</b>&amp;</p>"
        assert joined(["<", Markup("<br>")]) == "&lt;<br>"

    def test_an_attribute_that_is_none_is_left_away(self) -> None:
        """Others are spelled as in HTML."""
        assert element("th", scope="col", class_=None, aria_label="a") == '<th scope="col" aria-label="a"></th>'
        assert element("img", alt="") == '<img alt="">'

    @pytest.mark.parametrize("name", ["on click", "x=1", "a>b"])
    def test_a_name_of_an_attribute_is_a_name(self, name: str) -> None:
        """Such a name is our own mistake."""
        with pytest.raises(ValueError, match="no name of an attribute"):
            element("p", **{name: "1"})

    def test_numbers_are_short_and_never_minus_zero(self) -> None:
        """Two digits behind the point are a hundredth of a pixel."""
        assert [number(value) for value in (1 / 3, 2.0, -0.001, 1e3)] == ["0.33", "2", "0", "1000"]

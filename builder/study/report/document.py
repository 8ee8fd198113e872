"""The page around the parts: a file that may fetch and run nothing, whoever opens it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from builder.study.report.svg.figure import figure_style, page_style
from builder.study.report.svg.markup import Markup, element, joined

if TYPE_CHECKING:
    from collections.abc import Sequence


def document(title: str, header: Markup, parts: Sequence[tuple[str, str, Markup]], footer: Markup) -> str:
    """Return the page as HTML; of each part there is its name, what the list of contents calls it, and itself.

    The Content-Security-Policy allows this one style sheet and pictures that the page holds, nothing else:
    https://developer.mozilla.org/docs/Web/HTTP/CSP.
    """
    style = figure_style() + page_style()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        Markup(f"<style>{style}</style>"),
    )
    body = element(
        "body",
        element("a", "Skip to the findings", href="#findings", class_="skip"),
        element("header", header, _contents(parts)),
        element("main", joined(part for _, _, part in parts), id="findings", tabindex="-1"),
        element("footer", footer),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _policy(style: str) -> str:
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _contents(parts: Sequence[tuple[str, str, Markup]]) -> Markup:
    links = [element("li", element("a", called, href=f"#{name}")) for name, called, _ in parts]
    return element("nav", element("ul", *links), aria_label="Contents")

"""Tables in LaTeX, with the rules of the package booktabs."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from builder.tables.model import Table

_SIGNS: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        '"': r"\char34{}",
        "[": "{[}",  # after a row it would be the space below it
        "]": "{]}",
        "*": "{*}",  # after a row it would forbid a page break
        "×": r"$\times$",
        "−": "$-$",
        "Δ": r"$\Delta$",
        "±": r"$\pm$",
        "·": r"$\cdot$",
        "→": r"$\to$",
        "′": "$'$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "≈": r"$\approx$",
        "…": r"\ldots{}",
        "–": r"\textendash{}",
        "—": r"\textemdash{}",
        "\N{NO-BREAK SPACE}": "~",
        "\N{THIN SPACE}": r"\,",
        "\N{NARROW NO-BREAK SPACE}": r"\,",
    }
)
"""What LaTeX would obey, and the signs of this program that its text fonts lack."""

_DASHES: Final = re.compile("-(?=-)")
"""Hyphens that LaTeX would join to a dash."""


def latex_table(shown: Table) -> str:
    r"""Return a ``tabular`` that needs the package booktabs and nothing else; its total stands below a rule.

    >>> from builder.tables.model import text_table
    >>> print(latex_table(text_table(["name", "size"], [["a_b", "3×3"]], [1])))
    \begin{tabular}{lr}
    \toprule
    name & size \\
    \midrule
    a\_b & 3$\times$3 \\
    \bottomrule
    \end{tabular}
    """
    alignment = "".join("r" if index in shown.numbers else "l" for index in range(len(shown.titles)))
    total = [r"\midrule", _row(shown.shown(shown.total))] if shown.total is not None else []
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            _row(shown.titles),
            r"\midrule",
            *(_row(row) for row in shown.body),
            *total,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _row(cells: list[str]) -> str:
    return " & ".join(latex_text(cell) for cell in cells).lstrip() + r" \\"


def latex_text(text: str) -> str:
    """Return ``text`` on one line, so that LaTeX prints it as it is; signs that nobody can see are left out."""
    visible = "".join(sign for sign in " ".join(text.split()) if unicodedata.category(sign) not in {"Cc", "Cf", "Cs"})
    return _DASHES.sub("-{}", visible.translate(_SIGNS))

"""Tables for papers."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.tables import latex_table, text_table
from tests.study.report.studies import PLAIN, make_study
from tests.tables.test_model import SIZES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli, Trained

DOCUMENT = r"""
\documentclass{{article}}
\usepackage[paperwidth=60cm,paperheight=60cm,margin=1cm]{{geometry}}
\usepackage{{booktabs}}
\begin{{document}}
{}
\end{{document}}
"""
HOSTILE = r"""\input{/etc/passwd} $x_1^2$ 50% #1 & ~ ^ "a" 'b' `c` --- <x> [y] * | é × − ± · → ≤ ≥ ≈ … – — Δ"""


def compiled(folder: Path, body: str) -> str:
    """Return the text of the PDF that LaTeX makes of tables; what it complains of is a failure."""
    if shutil.which("pdflatex") is None or shutil.which("pdftotext") is None:
        pytest.skip("no LaTeX here: install texlive-latex-recommended and poppler-utils")
    (folder / "paper.tex").write_text(DOCUMENT.format(body), "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Warning" not in done.stdout, done.stdout
    subprocess.run(["pdftotext", "-layout", "paper.pdf"], cwd=folder, check=True)
    return (folder / "paper.txt").read_text("utf-8")


def printed(word: str) -> str:
    """Return what a PDF has of a word: a low line is drawn, and no letter."""
    return word.replace("_", " ")


class TestLatexTable:
    """The rules of booktabs."""

    def test_a_table(self) -> None:
        """Numbers are flushed right, the total stands below a rule."""
        assert latex_table(SIZES).splitlines() == [
            r"\begin{tabular}{lr}", r"\toprule", r"network & MACs \\", r"\midrule", r"a & 1,000 \\", r"bcd &  \\",
            r"\midrule", r"total & 1,000 \\", r"\bottomrule", r"\end{tabular}",
        ]  # fmt: skip

    @given(st.text(st.characters(codec="ascii"), max_size=20))
    def test_whatever_stands_in_it_a_row_is_one_line_of_two_cells(self, text: str) -> None:
        """Braces are in pairs, and no sign is left that begins a comment, a formula or another cell."""
        row = latex_table(text_table(["a", "b"], [[text, "x"]])).split("\n")[4]
        plain = re.sub(r"\\[a-zA-Z]+(?:\{\})?|\\[\\{}$&%#_^~]", "", row.removesuffix(r" \\"))
        assert plain.count("{") == plain.count("}")
        assert plain.count("&") == 1
        assert not set(plain) & set("%#_^~\\\"'`|<>$")
        assert "--" not in plain


@pytest.mark.slow
class TestCompiled:
    """What LaTeX makes of it."""

    def test_every_sign_is_printed(self, tmp_path: Path) -> None:
        """Nothing in a cell is obeyed."""
        rows = [[HOSTILE], ["[1ex]"], ["*"], ["ß"]]
        text = compiled(tmp_path, latex_table(text_table(["text"], rows)))
        for word in (r"\input{/etc/passwd}", "$x_1", "50%", "#1", "<x>", "[y]", "×", "±", "→", "≤", "[1ex]", "ß", "--"):
            assert printed(word) in text

    def test_the_tables_of_all_commands(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """In one paper."""
        study = make_study(tmp_path / "study", PLAIN).path
        asked = [
            ("show", "alexse_both"),
            ("diff", "alexnet", "alexse_both"),
            ("variants", "alexnet", "--insert", "se", "--among", "block*.pre_activation"),
            ("compare", trained.folder),
            ("report", study, "-o", tmp_path / "report"),
        ]
        tables = [archcli(*words, "--latex").out for words in asked]
        assert all(each.startswith("\\begin{tabular}") for each in tables)
        text = compiled(tmp_path, "\n\n".join(tables))
        for word in ("SE 384→24→384", "alexse_both", "alexnet_se_block1", "small-001", "alexnet_tiny_se_block2"):
            assert printed(word) in text

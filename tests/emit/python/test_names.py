"""What a page says reaches the text as an identifier, a literal or escaped prose."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.emit.python.names import camel, is_attribute, literal, numbered, prose, unique, variable
from builder.ops.squeeze_excitation import DottedName

TEXTS = st.one_of(st.text(), st.sampled_from(['"""', "\\", '\\"""', "\n", "\r", "\x0c", "\u2028", "'", "a\nimport os"]))


class TestAttribute:
    """Names that may stand behind a dot."""

    @pytest.mark.parametrize("name", ["conv1", "_a", "Mixed_5b", "layers"])
    def test_takes_identifiers(self, name: str) -> None:
        """An identifier is written as it is."""
        assert is_attribute(name)

    @pytest.mark.parametrize(
        "name", ["block1-0", "0", "class", "None", "", "__hidden", "ﬁ", "é", "a b", "x)\nimport os"]
    )
    def test_refuses_what_python_would_read_differently(self, name: str) -> None:
        """Hyphens, numbers, keywords, mangled and normalized names go as texts."""
        assert not is_attribute(name)


class TestVariable:
    """Names of variables and parameters."""

    @pytest.mark.parametrize(
        ("text", "name"),
        [("block1.out", "block1_out"), ("0.pre_activation", "block0_pre_activation"), ("block1-0", "block1_0")],
    )
    def test_follows_the_page(self, text: str, name: str) -> None:
        """Dots and hyphens become underscores; a number gets a word before it."""
        assert variable(text) == name

    @pytest.mark.parametrize("text", ["torch", "nn", "F", "self", "class", "max", "OrderedDict"])
    def test_hides_nothing_that_the_text_uses(self, text: str) -> None:
        """A name that Python or the text itself needs gets an underscore."""
        assert variable(text) != text

    @given(TEXTS)
    def test_is_always_an_identifier(self, text: str) -> None:
        """Whatever the page says."""
        assert variable(text).isidentifier()
        assert not keyword.iskeyword(variable(text))


class TestCamel:
    """Names of classes."""

    @pytest.mark.parametrize(
        ("text", "name"),
        [("alexse_both", "AlexseBoth"), ("BasicBlock", "BasicBlock"), ("a-b.c", "ABC"), ("3x", "Block3x")],
    )
    def test_joins_words(self, text: str, name: str) -> None:
        """Each word begins with a capital and keeps the others."""
        assert camel(text) == name

    @pytest.mark.parametrize("text", ["none", "true", "exception", "f"])
    def test_hides_no_builtin(self, text: str) -> None:
        """``None``, ``True``, ``Exception`` and ``F`` stay what they are."""
        assert camel(text).endswith("_")

    @given(TEXTS)
    def test_is_always_an_identifier(self, text: str) -> None:
        """Whatever the page says."""
        assert camel(text).isidentifier()


class TestNumbers:
    """Names that are taken get a number."""

    def test_counts_from_two(self) -> None:
        """The first keeps the plain name."""
        taken: set[str] = set()
        assert [unique("branch", taken) for _ in range(3)] == ["branch", "branch2", "branch3"]

    def test_keeps_a_name_and_its_number_apart(self) -> None:
        """``conv1`` is followed by ``conv1_2``, not by ``conv12``."""
        names = numbered("conv1")
        assert [next(names), next(names)] == ["conv1", "conv1_2"]


class TestLiteral:
    """Values in the text."""

    @given(
        st.one_of(TEXTS, st.integers(), st.booleans(), st.floats(allow_nan=False), st.tuples(st.integers()), st.none())
    )
    def test_reads_back_as_the_same_value(self, value: object) -> None:
        """Python reads a literal as what was written, infinities included."""
        assert eval(literal(value)) == value

    def test_prefers_double_quotes(self) -> None:
        """As ``ruff format`` does."""
        assert (literal("block1-0"), literal('say "x"')) == ('"block1-0"', "'say \"x\"'")

    def test_writes_dotted_names_plainly(self) -> None:
        """A class of PyTorch is no text."""
        assert literal((DottedName("nn.SiLU"), 3)) == "(nn.SiLU, 3)"


class TestProse:
    """Titles and paths in docstrings and comments."""

    @given(TEXTS)
    def test_cannot_leave_a_docstring(self, text: str) -> None:
        """Between three quotes there is one constant and no code, and it is the text itself."""
        (statement,) = ast.parse(f'"""{prose(text)}."""').body
        assert isinstance(statement, ast.Expr)
        assert ast.literal_eval(statement.value) == f"{text}."

    @given(TEXTS)
    def test_cannot_leave_a_comment(self, text: str) -> None:
        """Behind a hash there is nothing but a comment."""
        source = f"# {prose(text)}\n"
        kinds = {token.type for token in tokenize.generate_tokens(io.StringIO(source).readline)}
        assert kinds <= {tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER, tokenize.NEWLINE}
        assert len(source.splitlines()) == 1

"""Source is laid out as ``ruff format`` leaves it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.emit.python.layout import WIDTH, Brackets, Comment, SourceLines, statement

NAMES = st.integers(1, 30).map(lambda length: f"v_{'x' * length}")


def brackets(name: str, elements: list[SourceLines]) -> Brackets:
    """Return a call."""
    return Brackets(f"f_{name}(", tuple(elements), ")")


def flat(source: SourceLines) -> str:
    """Return the source on one line, however long."""
    if isinstance(source, str):
        return source
    return f"{source.opening}{', '.join(map(flat, source.elements))}{source.closing}"


class TestStatement:
    """One statement, on one line or over several."""

    def test_stays_on_one_line_where_it_fits(self) -> None:
        """Elements are joined by commas, and none comes last."""
        assert statement("x = ", Brackets("f(", ("a", "b"), ")"), "    ") == ["    x = f(a, b)"]

    def test_breaks_into_one_element_a_line(self) -> None:
        """Each with a comma behind it, the closing bracket under the beginning."""
        call = Brackets("f(", ("a" * 60, "b" * 60), ")")
        assert statement("x = ", call, "    ") == [
            "    x = f(",
            f"        {'a' * 60},",
            f"        {'b' * 60},",
            "    )",
        ]

    def test_breaks_where_it_is_told_to(self) -> None:
        """``nn.Sequential`` has a layer on each line even where all would fit, and so has what stands around it."""
        inner = Brackets("nn.Sequential(", ("a", "b"), ")", spread=True)
        lines = statement("x = ", Brackets("f(", (inner, "c"), ")"), "")
        assert lines == ["x = f(", "    nn.Sequential(", "        a,", "        b,", "    ),", "    c,", ")"]

    def test_puts_no_comma_behind_a_lonely_element(self) -> None:
        """As in ``nn.Sequential(OrderedDict([...]))``."""
        inner = Brackets("[", ("a", "b"), "]", spread=True)
        assert statement("", Brackets("f(", (inner,), ")"), "") == [
            "f(",
            "    [",
            "        a,",
            "        b,",
            "    ]",
            ")",
        ]

    def test_puts_comments_on_lines_of_their_own(self) -> None:
        """A comment is followed by no comma."""
        call = Brackets("f(", (Comment("# stem"), "a"), ")", spread=True)
        assert statement("", call, "") == ["f(", "    # stem", "    a,", ")"]

    def test_breaks_a_long_expression_at_thebrackets_that_it_ends_with(self) -> None:
        """What an operation writes in a forward is one text until it is too long."""
        names = [f"branch{number}" for number in range(20)]
        lines = statement("x = ", f"torch.cat([{', '.join(names)}], 1)", "")
        assert lines == ["x = torch.cat(", "    [", *(f"        {name}," for name in names), "    ],", "    1,", ")"]

    def test_breaks_a_long_sum_before_each_sign(self) -> None:
        """In brackets of its own, without commas."""
        names = [f"branch{number}" for number in range(20)]
        lines = statement("x = ", " + ".join(names), "")
        assert lines == ["x = (", "    branch0", *(f"    + {name}" for name in names[1:]), ")"]

    def test_reads_nobrackets_inside_quotes(self) -> None:
        """A child's name may hold anything."""
        name = 'we"ird, (' + "x" * 100
        lines = statement("x = ", f"getattr(self, {name!r})(x, y)", "")
        assert ast.unparse(ast.parse("\n".join(lines))) == ast.unparse(ast.parse(f"x = getattr(self, {name!r})(x, y)"))

    @pytest.mark.parametrize("text", ["a" * 200, "(" * 3 + "a" * 200 + ")" * 3])
    def test_leaves_alone_what_cannot_be_broken(self, text: str) -> None:
        """A name may be longer than a line."""
        lines = statement("x = ", text, "")
        assert "".join(line.strip() for line in lines) == f"x = {text}"

    @given(st.recursive(NAMES, lambda inner: st.builds(brackets, NAMES, st.lists(inner, max_size=6)), max_leaves=30))
    def test_means_the_same_however_it_is_broken(self, source: SourceLines) -> None:
        """No line is too long, and Python reads the lines as the one line."""
        lines = statement("result = ", source, "")
        assert all(len(line) <= WIDTH for line in lines)
        assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.parse(f"result = {flat(source)}"))

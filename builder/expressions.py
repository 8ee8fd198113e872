"""The expressions of a page: numbers, ``$names``, arithmetic, comparisons, choices and nine functions.

A text with a ``$`` in it is an expression. It is parsed once into a small tree and evaluated against a scope; it
cannot name anything of Python, and its size, depth and numbers are bounded.

    choice     = or [ "if" or "else" choice ]
    or         = and { "or" and }            and = not { "and" not }      not = "not" not | comparison
    comparison = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum }
    sum        = product { ("+" | "-") product }
    product    = unary { ("*" | "//" | "/") unary }      unary = "-" unary | atom
    atom       = number | "$" name { "." index } | word | word "(" choice, ... ")"
               | "(" choice ")" | "[" choice, ... "]"
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from builder.diagnostics import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from builder.diagnostics import Hint

MAX_LENGTH = 200
MAX_DEPTH = 16
MAX_NUMBER = 2**53  # whole numbers up to it are exact; constraints speak of MACs, and fields have bounds of their own
MAX_ITEMS = 4096
_MAX_DIGITS = 9

Result: TypeAlias = "int | float | bool | str | tuple[Result, ...] | None"


class ExpressionError(Exception):
    """An expression is wrong; ``offset`` and ``width`` say which of its characters are meant."""

    def __init__(self, message: str, offset: int = 0, width: int = 1, hint: Hint = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.width = width
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a word, which stands for itself."""

    value: Result


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name``, or an element of it: ``$name.0``."""

    name: str
    indices: tuple[int, ...]
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or a function applied to its operands."""

    name: str
    operands: tuple[Expression, ...]
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Conditional:
    """``a if condition else b``; only the chosen side is evaluated."""

    condition: Expression
    then: Expression
    otherwise: Expression


Expression: TypeAlias = "Literal | Variable | Apply | Conditional"


def make_divisible(value: float, divisor: int = 8) -> int:
    """Return ``value`` rounded to a multiple of ``divisor`` and never more than a tenth below ``value``.

    The rule of the MobileNets. https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet

    >>> make_divisible(37), make_divisible(11)
    (40, 16)
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _zip(*lists: Result) -> Result:
    columns = [each for each in lists if isinstance(each, tuple)]
    if len(columns) < len(lists):
        raise TypeError("it takes lists")
    if len({len(each) for each in columns}) > 1:
        lengths = ", ".join(str(len(each)) for each in columns)
        raise ValueError(f"it takes lists of one length, and these have {lengths}")
    return tuple(zip(*columns, strict=True))


def _round(value: float, digits: int | None = None) -> float:
    if digits is not None and not (isinstance(digits, int) and 0 <= digits <= _MAX_DIGITS):
        raise ValueError(f"it rounds to 0 to {_MAX_DIGITS} digits")
    return round(value, digits)


def _sqrt(value: float) -> float:
    if value < 0:
        raise ValueError("a negative number has no root")
    return math.sqrt(value)


def _log2(value: float) -> float:
    if value <= 0:
        raise ValueError("only numbers above 0 have a logarithm")
    return math.log2(value)


def _smallest(*numbers: Result) -> Result:
    return min(_numbers(numbers))


def _largest(*numbers: Result) -> Result:
    return max(_numbers(numbers))


def _numbers(operands: tuple[Result, ...]) -> list[int | float]:
    """Return the operands, or the elements of the one list that is given."""
    inside = operands[0] if len(operands) == 1 else operands
    found = [each for each in inside if isinstance(each, (int, float))] if isinstance(inside, tuple) else []
    if not isinstance(inside, tuple) or not found or len(found) < len(inside):
        raise TypeError("it takes two or more numbers, or a list of them")
    return found


FUNCTIONS: Mapping[str, Callable[..., Result]] = MappingProxyType(
    {
        "make_divisible": make_divisible,
        "ceil": math.ceil,
        "round": _round,
        "int": int,
        "min": _smallest,
        "max": _largest,
        "sqrt": _sqrt,
        "log2": _log2,
        "zip": _zip,
    }
)

_OPERATORS: Mapping[str, Callable[..., Result]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "not": operator.not_,
        "negative": operator.neg,
    }
)


def is_expression(text: object) -> bool:
    """Return whether ``text`` is a text with a ``$`` in it."""
    return isinstance(text, str) and "$" in text


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the tree of ``text``; raise ExpressionError with the characters that are wrong."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters", 0, len(text))
    return _Parser(text).parse()


def variables(expression: Expression) -> Iterator[Variable]:
    """Yield every variable that ``expression`` mentions."""
    match expression:
        case Variable():
            yield expression
        case Apply(operands=operands):
            for operand in operands:
                yield from variables(operand)
        case Conditional(condition, then, otherwise):
            for part in (condition, then, otherwise):
                yield from variables(part)


def evaluate(expression: Expression, scope: Mapping[str, Result]) -> Result:
    """Return the value of ``expression`` with the variables of ``scope``.

    Raises ExpressionError for an unknown variable, a wrong operand or a number out of bounds.
    """
    match expression:
        case Literal(value):
            return value
        case Variable():
            return _look_up(expression, scope)
        case Conditional(condition, then, otherwise):
            return evaluate(then if evaluate(condition, scope) else otherwise, scope)
        case Apply(name="and" | "or"):
            left, right = expression.operands
            first = evaluate(left, scope)
            return evaluate(right, scope) if bool(first) == (expression.name == "and") else first
        case Apply(name="list"):
            return _bounded(tuple(evaluate(operand, scope) for operand in expression.operands), expression)
        case Apply():
            return _apply(expression, [evaluate(operand, scope) for operand in expression.operands])


def size(result: Result) -> int:
    """Return the number of elements in a list and all lists inside it."""
    return sum(1 + size(each) for each in result) if isinstance(result, tuple) else 0


def _bounded(result: Result, expression: Apply) -> Result:
    if isinstance(result, tuple) and size(result) > MAX_ITEMS:
        message = f"a list has at most {MAX_ITEMS} elements, those of the lists inside it counted"
        raise ExpressionError(message, expression.offset, expression.width)
    return result


def _look_up(variable: Variable, scope: Mapping[str, Result]) -> Result:
    if variable.name not in scope:
        hint = partial(_known_here, variable.name, scope)
        raise ExpressionError(f"`${variable.name}` is not known here", variable.offset, variable.width, hint)
    value = scope[variable.name]
    for index in variable.indices:
        if not isinstance(value, tuple):
            raise ExpressionError(f"`${variable.name}` is not a list", variable.offset, variable.width)
        if index >= len(value):
            message = f"`${variable.name}` has {len(value)} elements, counted from 0"
            raise ExpressionError(message, variable.offset, variable.width)
        value = value[index]
    return value


def _known_here(name: str, scope: Mapping[str, Result]) -> str:
    return suggest(f"${name}", [f"${each}" for each in scope], "known here are")


def _apply(expression: Apply, operands: list[Result]) -> Result:
    function = _OPERATORS.get(expression.name) or FUNCTIONS[expression.name]
    if expression.name not in ("==", "!=", "not", "min", "max", "zip"):
        _need_numbers(expression, operands)
    try:
        result = function(*operands)
    except ZeroDivisionError:
        raise ExpressionError("division by zero", expression.offset, expression.width) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ExpressionError(f"`{expression.name}`: {error}", expression.offset, expression.width) from None
    if isinstance(result, (int, float)) and not -MAX_NUMBER < result < MAX_NUMBER:
        raise ExpressionError("the result is out of bounds", expression.offset, expression.width)
    return _bounded(result, expression)


def _need_numbers(expression: Apply, operands: list[Result]) -> None:
    for operand in operands:
        if not isinstance(operand, (int, float)):
            kind = "a list" if isinstance(operand, tuple) else f"`{operand}`"
            raise ExpressionError(f"`{expression.name}` takes numbers, not {kind}", expression.offset, expression.width)


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?)
    | (?P<variable>\$[A-Za-z_]\w*(?:\.\d+)*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>//|==|!=|<=|>=|[-+*/<>()\[\],])
    )""",
    re.VERBOSE | re.ASCII,  # digits of other scripts are none
)
_INSTEAD = {
    "$": "a `$` is followed by the name of a variable, without braces: `$in`",
    "=": "equality is `==`",
    "!": "inequality is `!=`, negation is `not`",
    "&": "write `and`",
    "|": "write `or`",
    "{": "write an expression without braces, except in a name",
}
"""What to write instead of a character that other languages have."""

_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
_WORDS: Mapping[str, Result] = MappingProxyType({"true": True, "false": False})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


class _Parser:
    """Recursive descent over the tokens of one text; a method for each rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._position = 0
        self._depth = 0

    def parse(self) -> Expression:
        result = self._choice()
        if self._peek.kind != "end":
            raise self._unexpected()
        return result

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._position]

    def _take(self, *texts: str) -> _Token | None:
        token = self._peek
        if token.kind in ("sign", "word") and token.text in texts:
            self._position += 1
            return token
        return None

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(f", `{text}` expected")

    def _unexpected(self, more: str = "") -> ExpressionError:
        token = self._peek
        said = "the expression ends too early" if token.kind == "end" else f"`{token.text}` is not expected here"
        hint = "an element of a list is `$list.0`" if token.text == "[" else None
        return ExpressionError(said + more, token.offset, max(1, len(token.text)), hint)

    def _choice(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"nested more than {MAX_DEPTH} levels deep", self._peek.offset)
        result = self._or()
        if self._take("if"):
            condition = self._or()
            self._expect("else")
            result = Conditional(condition, result, self._choice())
        self._depth -= 1
        return result

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        result = operand()
        while token := self._take(*operators):
            result = Apply(token.text, (result, operand()), token.offset, len(token.text))
        return result

    def _or(self) -> Expression:
        return self._chain(("or",), self._and)

    def _and(self) -> Expression:
        return self._chain(("and",), self._not)

    def _not(self) -> Expression:
        negations = []
        while token := self._take("not"):
            negations.append(token)
        result = self._comparison()
        for token in reversed(negations):
            result = Apply("not", (result,), token.offset, 3)
        return result

    def _comparison(self) -> Expression:
        """Read ``a < b``, and ``a < b < c`` as Python means it: ``a < b and b < c``."""
        left = self._sum()
        pairs: list[Expression] = []
        while token := self._take(*_COMPARISONS):
            right = self._sum()
            pairs.append(Apply(token.text, (left, right), token.offset, len(token.text)))
            left = right
        if not pairs:
            return left
        result = pairs[0]
        for pair in pairs[1:]:
            result = Apply("and", (result, pair), 0, 1)
        return result

    def _sum(self) -> Expression:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "//", "/"), self._unary)

    def _unary(self) -> Expression:
        signs = []
        while token := self._take("-"):
            signs.append(token)
        result = self._atom()
        for token in reversed(signs):
            result = Apply("negative", (result,), token.offset, 1)
        return result

    def _atom(self) -> Expression:
        token = self._peek
        if self._take("("):
            inner = self._choice()
            self._expect(")")
            return inner
        if self._take("["):
            return Apply("list", tuple(self._arguments("]")), token.offset, 1)
        if token.kind not in ("number", "variable", "word") or token.text in ("if", "else", "and", "or", "not"):
            raise self._unexpected()
        self._position += 1
        if token.kind == "number":
            return Literal(_number(token))
        if token.kind == "variable":
            name, *indices = token.text[1:].split(".")
            return Variable(name, tuple(int(index) for index in indices), token.offset, len(token.text))
        return self._call(token) if self._peek.text == "(" else Literal(_WORDS.get(token.text, token.text))

    def _call(self, word: _Token) -> Expression:
        if word.text not in FUNCTIONS:
            hint = partial(suggest, word.text, list(FUNCTIONS), "there are")
            raise ExpressionError(f"there is no function `{word.text}`", word.offset, len(word.text), hint)
        self._position += 1
        return Apply(word.text, tuple(self._arguments(")")), word.offset, len(word.text))

    def _arguments(self, close: str) -> Iterator[Expression]:
        while not self._take(close):
            yield self._choice()
            if self._peek.text != close:
                self._expect(",")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            offset = position + len(text[position:]) - len(text[position:].lstrip())
            hint = _INSTEAD.get(text[offset])
            raise ExpressionError(f"`{text[offset]}` has no meaning in an expression", offset, 1, hint)
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        position = match.end()
    yield _Token("end", "", end)


def _number(token: _Token) -> int | float:
    value = int(token.text) if token.text.isdigit() else float(token.text)
    if not value < MAX_NUMBER:
        raise ExpressionError("the number is out of bounds", token.offset, len(token.text))
    return value

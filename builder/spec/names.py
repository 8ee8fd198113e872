"""What may be a name: of a layer, a parameter, a template, a page."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from builder.spec.page import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Collector
    from builder.reader import Scalar

SEGMENT = r"[A-Za-z_][A-Za-z0-9_-]*"
"""A name: what a path consists of."""

NAME = r"^[A-Za-z_{][A-Za-z0-9_{}$ .*/+-]*$"
"""What a name may look like while expressions still stand in its braces."""

LONGEST_NAME = 100

LETTERS = "letters, digits, `_` and `-`, beginning with a letter"

_NAME = re.compile(rf"{SEGMENT}\Z")
_TEMPLATE = re.compile(r"[A-Z][A-Za-z0-9_]*\Z")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BRACES = re.compile(r"\{[^{}]*\}")


def name_rule(name: str) -> str:
    """Return the rule of names that ``name`` breaks."""
    return f"a name has at most {LONGEST_NAME} characters" if len(name) > LONGEST_NAME else LETTERS


def is_name(word: str) -> bool:
    """Return whether ``word`` can name a layer or a block."""
    return bool(_NAME.match(word)) and len(word) <= LONGEST_NAME and word not in POINTS


def is_parameter_name(word: str) -> bool:
    """Return whether ``word`` behind a ``$`` is a variable."""
    return bool(_PARAMETER.match(word))


def looks_like_template(word: str) -> bool:
    """Return whether ``word`` is capitalized as templates are."""
    return bool(_TEMPLATE.match(word))


def is_template_name(word: str) -> bool:
    """Return whether ``word`` can name a template: Capitalized, and no word of Python, which would be its class."""
    return looks_like_template(word) and not keyword.iskeyword(word)


def check_name(key: Scalar, problems: Collector, is_call: Callable[[str], bool]) -> bool:
    """Report a name that no layer can have; return whether what it names is worth reading.

    ``is_call`` says whether a word is a layer or a template.
    """
    name = str(key.value)
    fixed = _BRACES.sub("x", name)
    if name in POINTS:
        hint = "points are " + ", ".join(f"`{point}`" for point in POINTS)
        problems.error("reserved-name", f"`{name}` is the name of a point", key.mark, hint)
    elif not _NAME.match(fixed) or len(name) > LONGEST_NAME:
        hint = name_rule(name) if len(name) > LONGEST_NAME else f"{LETTERS}; write an expression in it with braces"
        if "$" in name and "{" not in name:
            hint = "write an expression in a name with braces: `" + re.sub(r"\$(\w+)", r"{$\1}", name) + "`"
        if name.startswith("-") and is_call(name[1:]):
            hint = f"write `- {name[1:]}`, with a space after the dash"
        message = f"`{name}` cannot be a name" if name else "a name cannot be empty"
        problems.error("bad-name", message, key.mark, hint)
        return bool(name) and not name.startswith("-") and "$" not in name
    elif word := re.search(r"\{(\w+)\}", name):
        hint = f"a variable begins with `$`: `{name.replace(word[0], f'{{${word[1]}}}')}`"
        problems.error("bad-name", f"`{word[0]}` is the same in every copy", key.mark, hint)
        return False
    return True

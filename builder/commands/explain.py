"""``archcli explain``: what a code of a diagnostic means, with a wrong example and a right one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, suggest
from builder.reader import Mapping, read_file
from builder.training.recipe.data_sets import described

if TYPE_CHECKING:
    from builder.reader import Value

EXPLANATIONS = Path(__file__).with_name("explanations.yaml")


@dataclass(frozen=True)
class Explanation:
    """A code, what it means, and examples where a few lines can show it; ``files`` lie beside them."""

    code: str
    title: str
    text: str
    wrong: str | None
    right: str | None
    files: tuple[tuple[str, str], ...]


def run(code: str | None) -> tuple[Explanation, ...]:
    """Return the explanation of ``code``, or of every code in the order of a network's way from text to run.

    Raises ArchError with the nearest code where there is no such one.
    """
    known = explanations()
    if code is None:
        return tuple(known.values())
    if code not in known:
        hint = suggest(code, list(known), "`archcli explain` lists them all")
        raise ArchError(Diagnostic("unknown-code", f"there is no code `{code}`", None, hint))
    return (known[code],)


@lru_cache(maxsize=1)
def explanations() -> dict[str, Explanation]:
    """Return every explanation by its code."""
    return {code: _explanation(code, entry) for code, entry in read_file(EXPLANATIONS)}


def _explanation(code: str, entry: Value) -> Explanation:
    assert isinstance(entry, Mapping), "our own file; a test reads all of it"
    fields = {name: str(value.plain()) for name, value in entry if not isinstance(value, Mapping)}
    files = entry.get("files")
    return Explanation(
        code,
        fields["title"],
        fields["text"].replace("{data sets}", described()),
        fields.get("wrong"),
        fields.get("right"),
        tuple((name, str(value.plain())) for name, value in files) if isinstance(files, Mapping) else (),
    )


def markdown() -> str:
    """Return the page of the documentation that lists every code."""
    entries = "\n\n".join(_section(each) for each in explanations().values())
    return f"{_HEAD}\n{entries}\n"


def _section(each: Explanation) -> str:
    parts = [f"## {each.code}", f"*{each.title}.* {each.text}"]
    parts += [f"`{name}`:\n\n```yaml\n{text.rstrip()}\n```" for name, text in each.files]
    for word, example in (("Wrong", each.wrong), ("Right", each.right)):
        if example is not None:
            language = "sh" if example.startswith("archcli ") else "yaml"
            parts.append(f"{word}:\n\n```{language}\n{example.rstrip()}\n```")
    return "\n\n".join(parts)


_HEAD = """\
# Error codes: what the diagnostics mean

Written by `archcli explain --markdown`; a test keeps it up to date and runs every example.
`archcli explain CODE` shows one of these in the terminal. An example that is not a whole page belongs under `layers:`.
"""

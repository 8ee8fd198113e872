"""Variants as files: a page for each, beside copies of the pages that they extend unless those are shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.files import make_folder, read_regular, write_text
from builder.reader import MAX_BYTES
from builder.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from builder.lowering.pages import Base
    from builder.variants.enumeration import Variant


def write_pages(variants: Iterable[Variant], base: Base, folder: Path) -> tuple[Path, ...]:
    """Write each variant but the base as a page into ``folder``, with copies of what they extend; return the paths.

    Raises ArchError rather than overwrite a file that says something else, RunError where one can't be written.
    """
    make_folder(folder)
    shipped = shipped_folder().resolve()
    own = [path for _, path in base.chain if not path.resolve().is_relative_to(shipped)]
    copies = [_write(folder / path.name, _text(path)) for path in own]
    pages = [_write(folder / f"{each.name}.yaml", each.text) for each in variants if each.differences]
    return (*copies, *pages)


def _write(path: Path, text: str) -> Path:
    if path.exists() and _text(path) != text:
        message = f"{path} exists and has other content"
        raise ArchError(Diagnostic("file-exists", message, None, "choose another folder"))
    write_text(path, text)
    return path


def _text(path: Path) -> str:
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ArchError(Diagnostic("cannot-read", f"cannot read {path}: {reason}")) from None

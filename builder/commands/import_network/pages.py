"""Networks in Python where a command takes pages: each is imported first."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@contextmanager
def as_pages(
    names: Sequence[str], on_run: Callable[[str], None] = lambda _: None, size: str | None = None
) -> Iterator[list[str]]:
    """Give pages for names of which some are networks in Python: these are imported into a folder that goes again.

    ``size`` is that of their images. Raises ArchError where one is not proven equal: what is drawn would be another
    network; and where a size is given and all names are pages, which say their own.
    """
    from builder.lowering.finding import names_network  # not above: completion waits for no page

    if not any(map(names_network, names)):
        if size is not None:
            hint = "a page says it: `input: [3, 224, 224]`"
            message = "`--input` is the size of images of networks in Python, and none is named"
            raise ArchError(Diagnostic("usage", message, None, hint))
        yield list(names)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield [_page_of(name, Path(folder), on_run, size) if names_network(name) else name for name in names]


def _page_of(name: str, folder: Path, on_run: Callable[[str], None], size: str | None) -> str:
    from builder.commands.import_network.command import run

    found = run(name, size, on_run=on_run)
    if not found.equal:
        given = f" --input {size}" if size is not None else ""
        hint = f"`archcli import {name}{given} -o page.yaml` says why, and writes what can be said"
        raise ArchError(Diagnostic("not-proven", f"the page of {name} is not proven to be that network", None, hint))
    path = folder / f"{found.network}.yaml"
    path.write_text(found.page, "utf-8")
    return str(path)

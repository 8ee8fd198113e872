"""What MkDocs asks while it builds the site: pages and figures that are no files, and links that leave ``docs/``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from docs.site import figures, gallery

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
FROM_OUTSIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository that the site has too."""

WIDE = ("index.md", "gallery.md")
"""Pages that are alone in their section, and use the room of its list for their figures."""

FIGURE = re.compile(r"^!\[([^\]]*)\]\(([^)\s]+)\)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the gallery, pages from outside, and the dark forms of figures."""
    for outside, name in FROM_OUTSIDE.items():
        text = (ROOT / outside).read_text("utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    for name, content in (*gallery.content(), *figures.forms(Path(config.docs_dir))):
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Return a page's text with the gallery in its place, links that lead somewhere here, and both forms of figures."""
    if page.file.src_uri in WIDE or page.file.src_uri.startswith("gallery/"):
        page.meta["hide"] = ["navigation"]
    if page.file.src_uri == "gallery.md":
        markdown += gallery.index()
    for outside, name in FROM_OUTSIDE.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{re.escape(outside)}\)", f"]({name})", markdown)
    markdown = markdown.replace("/report.md)", "/report.html)")  # the site can show the report itself
    markdown = re.sub(r"\]\(\.\./archs/(\w+)\.yaml\)", r"](gallery/\1.md)", markdown).replace(
        "](../archs)", "](gallery.md)"
    )
    return FIGURE.sub(lambda found: _figure(found, page, files), markdown)


def _figure(found: re.Match[str], page: Page, files: Files) -> str:
    """Return a figure in a frame of its own, in the forms that there are; a click opens it."""
    text, target = found.groups()
    folder = page.file.src_uri.rpartition("/")[0]
    light, dark = (figures.form(target, theme) for theme in ("light", "dark"))
    both = files.get_file_from_path(f"{folder}/{dark}".lstrip("/")) is not None
    if not both:
        return f"[![{text}]({target})]({target}){{.figure}}"
    if files.get_file_from_path(f"{folder}/{light}".lstrip("/")) is None:
        light = target
    return f"[![{text}]({light}#only-light)]({light}){{.figure}}[![{text}]({dark}#only-dark)]({dark}){{.figure}}"

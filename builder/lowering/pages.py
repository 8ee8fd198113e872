"""What a page says once everything that it extends is taken in.

A page reads nothing but pages that it names in its own folder, below it, or among the shipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Collector, Diagnostic, suggest
from builder.files import is_file
from builder.lowering.finding import nearest_page, shown
from builder.ops import OPERATIONS
from builder.reader import Mapping, Scalar, Sequence, read_file, read_text
from builder.shipped import shipped_folder, shipped_names
from builder.spec.known import Known
from builder.spec.page import LANGUAGE
from builder.spec.parse import parse_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.diagnostics import Mark
    from builder.ops import Operations
    from builder.reader import Value
    from builder.spec.page import BlockSpec, InitRule, Insert, Member, Page, Replacement, Template, TemplateParameter

MAX_CHAIN = 16
_SIZES = ("input", "classes")


@dataclass(frozen=True)
class Merged:
    """A page with all that it extends: the base's block, and every table merged by name, the nearest page last."""

    name: str
    title: str
    mark: Mark
    input: object
    classes: object
    block: BlockSpec
    params: dict[str, TemplateParameter]
    given: Mapping
    members: dict[str, Member]
    member: Member | None
    """The one that the page is taken as."""
    defaults: dict[str, Mapping]
    init: tuple[InitRule, ...]
    templates: dict[str, Template]
    insert: tuple[Insert, ...]
    set: dict[str, tuple[Scalar, Mapping]]
    replace: dict[str, Replacement]
    variants: Mapping | None
    raw: tuple[Mapping, ...]
    """The pages as they were read, the base first."""
    operations: Operations
    version: int = 1
    language: int = LANGUAGE
    plugins: tuple[str, ...] = ()
    """Files that the pages say they need."""
    found: tuple[Diagnostic, ...] = ()
    """Mistakes so far: lowering adds to them what it finds and raises them together."""

    @property
    def known(self) -> Known:
        """The words that may be called on this page."""
        return Known(self.operations, tuple(self.templates), frozenset(self.defaults), plugins=self.plugins)


@dataclass(frozen=True)
class Base:
    """A page with the pages that it extends, read once; others can be derived from it in memory."""

    path: Path
    member: str | None
    chain: tuple[tuple[Page, Path], ...]
    operations: Operations
    found: tuple[Diagnostic, ...] = ()

    def merged(self) -> Merged:
        """Return the page itself, as its member if one is named; raise ArchError if there is no such member."""
        problems = Collector(self.found)
        chosen = _chosen([page for page, _ in self.chain], self.member, problems)
        return _merge(list(self.chain), chosen, self.operations, problems)

    def extended(self, text: str, name: str) -> Merged:
        """Return the page that ``text``, called ``name`` in messages, makes of this one by extending it.

        Raises ArchError if ``text`` is no page; its mistakes are kept for ``lower`` to raise.
        """
        problems = Collector(self.found)
        path = self.path.parent / name
        mapping = read_text(text, name)
        libraries = _libraries(path, mapping, self.operations, problems)
        page = _parsed(mapping, [each for each, _ in self.chain], libraries, self.operations, problems)
        chain = [(page, path), *self.chain]
        return _merge(chain, _chosen([each for each, _ in chain], None, problems), self.operations, problems)


def read_base(path: Path, member: str | None = None, operations: Operations = OPERATIONS) -> Base:
    """Return the page at ``path`` with all that it extends.

    Raises ArchError where there is nothing to go on with; other mistakes are kept for ``lower`` to raise.
    """
    problems = Collector()
    chain = _read_chain(path, operations, problems, ())
    if chain[-1][0].header.extends is not None:
        problems.raise_found()  # a base that cannot be had
    return Base(path, member, tuple(chain), operations, problems.found)


def load_page(path: Path, member: str | None = None, operations: Operations = OPERATIONS) -> Merged:
    """Return the page at ``path`` merged with all that it extends, as ``member`` of its family if one is named.

    Raises ArchError where there is nothing to go on with; other mistakes are kept for ``lower`` to raise.
    """
    return read_base(path, member, operations).merged()


def page_from_text(text: str, name: str, operations: Operations = OPERATIONS) -> Merged:
    """Return the page that ``text``, called ``name`` in messages, is by itself: it may name no other page.

    It was written by ``resolved_page``, and says in which version of the language unless that was the first.

    Raises ArchError where it is no page; other mistakes are kept for ``lower`` to raise.
    """
    problems = Collector()
    page = _parsed(read_text(text, name), [], (), operations, problems)
    merged = _merge([(page, Path(name))], [None], operations, problems)
    return merged if page.header.language is not None else replace(merged, language=1)


def _read_chain(
    path: Path, operations: Operations, problems: Collector, below: tuple[Path, ...]
) -> list[tuple[Page, Path]]:
    """Return the page at ``path`` followed by its bases, as far as they can be had."""
    mapping = read_file(path, shown(path))
    extends, member = mapping.get("extends"), None
    bases: list[tuple[Page, Path]] = []
    if isinstance(extends, Scalar) and isinstance(extends.value, str):
        base, member = _base(path, extends, problems)
        way = (*below, path.resolve())
        if base is not None and base.resolve() in way:
            names = " → ".join(each.name for each in (*way[way.index(base.resolve()) :], base))
            problems.error("cyclic-extends", f"these pages extend each other: {names}", extends.mark)
        elif base is not None and len(way) > MAX_CHAIN:
            problems.error("too-deep", f"more than {MAX_CHAIN} pages extend each other", extends.mark)
        elif base is not None:
            bases = _read_chain(base, operations, problems, way)
    libraries = _libraries(path, mapping, operations, problems)
    page = _parsed(mapping, [page for page, _ in bases], libraries, operations, problems)
    return [(_as_member(page, member, problems), path), *bases]


def _as_member(page: Page, member: str | None, problems: Collector) -> Page:
    """Return a page whose ``extends`` names a member (``resnet18``) as one that names family and member."""
    header = page.header
    if member is None or header.extends is None:
        return page
    if header.member is not None:
        hint = "leave out `member`, or name the family"
        problems.error("bad-value", f"`extends: {member}` is already a member", page.raw.key_mark("member"), hint)
    return replace(page, header=replace(header, member=Scalar(member, header.extends.mark)))


def _parsed(
    mapping: Mapping, bases: list[Page], libraries: tuple[Page, ...], operations: Operations, problems: Collector
) -> Page:
    """Return the page that ``mapping`` says, knowing the templates, defaults and parameters that it inherits."""
    defaults = frozenset(name for page in bases for name in page.defaults)
    variables = frozenset(name for page in bases for name in page.params)
    lacking = len(_used(mapping)) > len(libraries)
    plugins = tuple(name for page in bases for name in page.header.plugins)
    known = Known(operations, _template_names([*bases, *libraries]), defaults, variables, lacking, plugins)
    page = parse_page(mapping, known, problems)
    return replace(page, libraries=libraries)


def _libraries(path: Path, mapping: Mapping, operations: Operations, problems: Collector) -> tuple[Page, ...]:
    """Return the pages whose templates the page at ``path`` uses."""
    pages = []
    for text in _used(mapping):
        if isinstance(text, Scalar) and isinstance(text.value, str):
            found = _base_path(path, text, problems)
            if found is None:
                continue
            page = parse_page(read_file(found, shown(found)), Known(operations), problems)
            if page.block is not None:
                hint = "`extends` takes a network; `uses` takes templates"
                problems.error("no-library", f"`{text.value}` is a network, not a page of templates", text.mark, hint)
            else:
                pages.append(page)
    return tuple(pages)


def _used(mapping: Mapping) -> tuple[Value, ...]:
    uses = mapping.get("uses")
    return uses.items if isinstance(uses, Sequence) else () if uses is None else (uses,)


def _template_names(pages: list[Page]) -> tuple[str, ...]:
    return tuple(name for page in pages for each in (*page.libraries, page) for name in each.templates)


def _base(path: Path, extends: Scalar, problems: Collector) -> tuple[Path | None, str | None]:
    """Return the page that ``extends`` means and, where it is the name of a shipped member, that member."""
    text = str(extends.value)
    beside = any(is_file(path.parent / name) for name in (text, f"{text}.yaml"))
    shipped, member = shipped_names().get(text, (None, None))
    if not beside and member is not None:
        return shipped, member
    return _base_path(path, extends, problems), None


def _base_path(path: Path, extends: Scalar, problems: Collector) -> Path | None:
    text = str(extends.value)
    folder = path.parent
    candidates = (folder / text, folder / f"{text}.yaml", shipped_folder() / text, shipped_folder() / f"{text}.yaml")
    roots = (folder, folder, shipped_folder(), shipped_folder())
    for candidate, root in zip(candidates, roots, strict=True):
        if is_file(candidate):
            if candidate.resolve().is_relative_to(root.resolve()):
                return candidate
            hint = "copy it beside this page, or name a shipped one"
            problems.error("outside", f"`{text}` lies outside this page's folder", extends.mark, hint)
            return None
    base, colon, member = text.partition(":")
    hint = nearest_page(Path(text).stem, folder)
    if colon and member:
        hint = f"write `extends: {base}` and below it `member: {member}`"
    elif ".." in Path(text).parts or Path(text).is_absolute():
        hint = f"a page reads only what lies in its own folder or is shipped; {hint}" if hint else hint
    problems.error("no-such-page", f"there is no page `{text}` beside this one or shipped", extends.mark, hint)
    return None


def _chosen(pages: list[Page], member: str | None, problems: Collector) -> list[Member | None]:
    """Return the member that each page is taken as."""
    chosen: list[Member | None] = []
    wanted, asked = member, pages[0].header.name.mark
    for page in pages:
        if isinstance(wanted, str) and wanted in page.members:
            chosen.append(page.members[wanted])
        else:
            chosen.append(None)
        if chosen[-1] is None and wanted not in (None, page.header.name.value):
            hint = suggest(str(wanted), list(page.members), "its members are")
            message = f"`{page.header.name.value}` has no member `{wanted}`"
            problems.error("no-such-member", message, asked, hint)
            problems.raise_found()  # what it would have given is asked for everywhere
        scalar = page.header.member
        wanted, asked = (str(scalar.value), scalar.mark) if scalar else (None, page.header.name.mark)
    return chosen


def _merge(
    chain: list[tuple[Page, Path]], chosen: list[Member | None], operations: Operations, problems: Collector
) -> Merged:
    pages = [page for page, _ in chain]
    upwards = pages[::-1]
    block = upwards[0].block
    if block is None:
        problems.raise_found()
        hint = "a network says `uses: gates.yaml` and calls them"
        raise ArchError(Diagnostic("library", f"`{pages[0].header.name.value}` holds templates and no network",
                                   pages[-1].header.name.mark, hint))  # fmt: skip
    for member in (*chosen, *(pages[0].members.values() if chosen[0] is None else ())):
        for mistake in member.found if member is not None else ():
            problems.add(mistake)
    given: dict[str, tuple[Scalar, Value]] = {}
    sizes: dict[str, object] = {}
    for page, member in zip(upwards, chosen[::-1], strict=True):
        for name in page.params:
            given.pop(name, None)
        sizes |= {name: value for name in _SIZES if (value := getattr(page.header, name)) is not None}
        for key, value in member.params.entries if member else ():
            given[str(key.value)] = (key, value)
        sizes |= {name: given.pop(name)[1] for name in _SIZES if name in given}
    return Merged(
        name=str(chosen[0].name.value if chosen[0] else pages[0].header.name.value),
        title=str(pages[0].header.name.value),
        mark=pages[0].header.name.mark,
        input=sizes.get("input"),
        classes=sizes.get("classes"),
        block=block,
        params={name: each for page in upwards for name, each in page.params.items()},
        given=Mapping(tuple(given.values()), pages[0].header.name.mark),
        members=pages[0].members,
        member=chosen[0],
        defaults=_merge_fields(page.defaults for page in upwards),
        init=_merge_init(page.init for page in upwards),
        templates={
            name: template
            for page in upwards
            for each in (*page.libraries, page)
            for name, template in each.templates.items()
        },
        insert=tuple(each for page in upwards for each in page.insert),
        set=_merge_sets(page.set for page in upwards),
        replace={name: each for page in upwards for name, each in page.replace.items()},
        variants=pages[0].variants,
        raw=tuple(each for page in upwards for each in (*map(_only_templates, page.libraries), page.raw)),
        version=next((each for page in pages if isinstance(each := page.header.version, int)), 1),
        language=_language(chain),
        plugins=tuple(dict.fromkeys(name for page in upwards for name in page.header.plugins)),
        operations=operations,
        found=problems.found,
    )


def _language(chain: list[tuple[Page, Path]]) -> int:
    """Return the version of the language that holds for a page and its bases: the oldest that one of them needs."""
    said = [(page.header.language, path) for page, path in chain]
    return min(each if isinstance(each, int) else 1 if _is_kept(path) else LANGUAGE for each, path in said)


def _is_kept(path: Path) -> bool:
    """Return whether a page is what a run or a study keeps of a network; before there were versions it said none."""
    folder = path.parent
    if path.name == "page.yaml":
        return is_file(folder / "data.json") or is_file(folder / "environment.json")
    return folder.name == "networks" and is_file(folder.parent / "plan.json")


def _only_templates(library: Page) -> Mapping:
    return Mapping(tuple(entry for entry in library.raw.entries if entry[0].value == "templates"), library.raw.mark)


def _merge_fields(tables: Iterable[dict[str, Mapping]]) -> dict[str, Mapping]:
    """Merge fields by name and, inside, by field: what a page does not mention holds."""
    merged: dict[str, Mapping] = {}
    for table in tables:
        for name, fields in table.items():
            merged[name] = merge_mappings(merged[name], fields) if name in merged else fields
    return merged


def _merge_init(tables: Iterable[tuple[InitRule, ...]]) -> tuple[InitRule, ...]:
    """Merge rules by target and parameter; a page's own stand where its base's stood."""
    merged: dict[tuple[object, object], InitRule] = {}
    for table in tables:
        merged |= {(rule.target.value, rule.parameter.value): rule for rule in table}
    return tuple(merged.values())


def _merge_sets(tables: Iterable[dict[str, tuple[Scalar, Mapping]]]) -> dict[str, tuple[Scalar, Mapping]]:
    merged: dict[str, tuple[Scalar, Mapping]] = {}
    for table in tables:
        for name, (selector, fields) in table.items():
            earlier = merged.get(name)
            merged[name] = (selector, merge_mappings(earlier[1], fields) if earlier else fields)
    return merged


def merge_mappings(below: Mapping, above: Mapping) -> Mapping:
    """Return the entries of both; where both have a key, those of ``above``."""
    over = {key.value for key, _ in above.entries}
    kept = tuple(entry for entry in below.entries if entry[0].value not in over)
    return Mapping((*kept, *above.entries), above.mark)

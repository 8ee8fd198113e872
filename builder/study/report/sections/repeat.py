"""What failed, and all that is needed to do it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.quantities import plural
from builder.study.report.sections.blocks import CodeListing, Fact, Facts, Heading, Paragraph, ReportPart, Table
from builder.study.report.sections.words import settings
from builder.study.workers.code import plugins_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.report.sections.content import Content

LONGEST: Final = 400
"""Characters of a message that are shown; the study's folder has the rest."""


def failed(content: Content) -> ReportPart | None:
    """Return the runs that have no result, each with its message; None where there is none."""
    failures = content.findings.failures
    if not failures:
        return None
    rows = tuple(
        (content.names[each.cell], str(each.seed), each.stage, str(each.attempts), _shortened(each.message), each.cell)
        for each in failures
    )
    said = (
        f"{plural(len(failures), 'run')} of {len(content.cells) + content.later} failed. They are counted, not left "
        "out: a variant of which runs failed is never named the best. "
        "“archcli study run --retry-failed” tries them again."
    )
    head = ("variant", "seed", "stage", "attempts", "message", "cell")
    return ReportPart(
        "failed", "What failed", "Failures", (Paragraph(said), Table("Failed runs", head, rows, frozenset({1, 3})))
    )


def _shortened(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def repeat(content: Content) -> ReportPart:
    """Return commands, page, data, seeds, recipe, versions and machines."""
    plan = content.plan
    blocks = (
        CodeListing("Commands", "\n".join(_commands(content))),
        Facts(tuple(_facts(content))),
        *([CodeListing("The study’s page", content.page, folded=True)] if content.page else []),
        CodeListing(
            f"The recipe of {content.names.get(content.cells[0].id, 'the base')}",
            plan.base.recipe.to_yaml(),
            folded=True,
        ),
        Heading("Where it ran"),
        *_where(content),
    )
    return ReportPart("repeat", "To do it again", "Repeat", blocks)


def _commands(content: Content) -> Iterator[str]:
    named = "".join(f" --plugin {name}" for name in plugins_of(content.plan.code))
    yield f"archcli study plan study.yaml{named}   # the page below"
    yield f"archcli study run study.yaml{named}"
    yield f"archcli report study-runs/{content.folder}{named}"


def _facts(content: Content) -> Iterator[Fact]:
    plan, data = content.plan, content.plan.data
    images = ", ".join(f"{count:,} {split}" for split, count in plan.images.items())
    yield Fact("Data", data.name, f"{images}; checksum {data.fingerprint}")
    seeds = f"{plan.screen_seeds} to {plan.screen_seeds + plan.confirm_seeds - 1}"
    screened = (
        f"0 to {plan.screen_seeds - 1} chose the finalists" if plan.screen_seeds else "each fixes init, order and split"
    )
    yield Fact("Seeds", seeds, screened)
    varied = settings(plan.base.settings)
    yield Fact("Recipe", plan.base.recipe.name, f"the base with {varied}" if varied else "the same for all")
    if plan.base.recipe.init_streams == "by_name":
        yield Fact("Initial weights", "by name", "layers of one name begin equal in all variants, with equal seeds")
    yield Fact(
        "Code", content.plan.world.rpartition(" ")[2], f"digest of {plural(len(plan.code), 'file')} that decide results"
    )
    yield Fact("Planned on", plan.device, f"{plan.workers} at a time")


def _where(content: Content) -> Iterator[Table | Paragraph]:
    if not content.said:
        yield Paragraph("The runs say nothing of their machines.", "note")
        return
    rows = tuple((each.topic, each.value, str(each.cells)) for each in content.said)
    yield Table("What the runs say of machines and versions", ("what", "value", "runs"), rows, frozenset({2}))

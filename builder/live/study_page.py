"""A study's page from what was clicked, with the numbers of its plan; numpy and scipy are needed for these alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.commands.text.study import cells, seeds
from builder.diagnostics import ArchError, Diagnostic
from builder.files import write_text
from builder.live.writing import WrittenFiles
from builder.reader import read_text
from builder.shipped import shipped_folder
from builder.spec.names import LONGEST_NAME, SEGMENT
from builder.study.page.page import study_from
from builder.study.planning import PlanOptions, preview_study
from builder.training.recipe.data_sets import DATA_SETS, has_folder

if TYPE_CHECKING:
    from builder.live.space import SpaceQuestion
    from builder.study.plan.plan import Plan
    from builder.variants import Variants


class StudyQuestionForm(BaseModel):
    """What the form asks of a study: its name, its images, how many seeds, and which difference matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=rf"^{SEGMENT}$", max_length=LONGEST_NAME)]
    data: str = "digits"
    seeds: Annotated[int, Field(ge=1, le=10_000)] = 10
    smallest_difference: Annotated[float, Field(gt=0, le=100)] = 2.5
    deviation: Annotated[float, Field(gt=0, le=100)] = 0.8


def study_form(fields: Any) -> StudyQuestionForm:
    """Return the form that the browser sends; raise ArchError for a field that is wrong."""
    try:
        return StudyQuestionForm.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])).replace("_", " ")
        raise ArchError(Diagnostic("bad-value", f"{where or 'the study'}: {first['msg']}")) from None


@dataclass(frozen=True)
class PlannedStudy:
    """A study as it would be written: its text, its file, and what the plan says before anything is measured."""

    file: Path
    text: str
    exists: bool
    cells: str
    seeds: str
    warnings: tuple[str, ...]
    images: str
    commands: tuple[str, ...]


def plan_form(form: StudyQuestionForm, asked: SpaceQuestion, found: Variants, data_dir: Path) -> PlannedStudy:
    """Return the study's page and its plan, for which nothing is measured, fetched or written.

    Raises ArchError with every mistake, RunError where there are fewer images than it asks for.
    """
    if form.data not in DATA_SETS or DATA_SETS[form.data].counts is None:
        known = ", ".join(f"`{name}`" for name, each in DATA_SETS.items() if each.counts is not None)
        raise ArchError(
            Diagnostic("bad-value", f"the images `{form.data}` are not counted yet", None, f"one of {known}")
        )
    base = found.origin.base
    folder = Path() if base.path.resolve().is_relative_to(shipped_folder().resolve()) else base.path.parent
    file = folder / f"{form.name}.yaml"
    text = study_text(form, asked, found)
    plan = preview_study(study_from(read_text(text, str(file)), file), PlanOptions())
    text = f"# {_head(plan)}\n{text}"
    return PlannedStudy(
        file, text, file.exists(), cells(plan), seeds(plan).replace("\n         ", "; "), plan.warnings,
        _images(form.data, data_dir), (f"archcli study plan {file}", f"archcli study run {file}"),
    )  # fmt: skip


def _head(plan: Plan) -> str:
    return f"{len(plan.arms) * plan.judged_seeds} runs: {len(plan.networks)} networks, {plan.judged_seeds} seeds each."


def _images(name: str, folder: Path) -> str:
    """Return whether the images are there, which decides whether the hours can be measured now."""
    if not has_folder(name):
        return "there"
    return "there" if folder.is_dir() and any(folder.iterdir()) else "missing"


def study_text(form: StudyQuestionForm, asked: SpaceQuestion, found: Variants) -> str:
    """Return the study's page."""
    base = found.origin.base
    shipped = base.path.resolve().is_relative_to(shipped_folder().resolve())
    whole = base.path.stem if shipped else base.path.name
    name = base.member if shipped and base.member else f"{whole}:{base.member}" if base.member else whole
    layers = [yaml.safe_load(layer) for layer in asked.insert]
    entry: dict[str, object] = {"insert": layers[0] if len(layers) == 1 else layers}
    entry["at" if asked.choose == "all" else "among"] = list(asked.places)
    entry |= {"count": [0, 1]} if asked.choose == "one" else {}
    page = {
        "name": form.name,
        "base": name,
        **({"uses": asked.uses} if asked.uses else {}),
        "variants": {"clicked": entry},
        "data": {"name": form.data},
        "seeds": form.seeds,
        "smallest_difference": f"{form.smallest_difference:g} %",
        "deviation": f"{form.deviation:g} %",
    }
    return yaml.safe_dump(page, sort_keys=False, allow_unicode=True, width=100)


def write_study(planned: PlannedStudy) -> WrittenFiles:
    """Write the study's page; raise ArchError rather than change a file that is there."""
    if planned.exists:
        hint = "choose another name, or remove the file"
        raise ArchError(Diagnostic("file-exists", f"{planned.file} already exists", None, hint))
    write_text(planned.file, planned.text)
    return WrittenFiles((planned.file,), planned.commands)

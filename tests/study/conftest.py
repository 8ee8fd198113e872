"""Studies that cost nothing, a Dask cluster that all tests of a process share, and cells that do what a test says."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.study_of_nothing import context_of_nothing, make_plan, write_study
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.workers.cluster import embedded
from builder.study.workers.coordinator import Callbacks, coordinate
from builder.study.workers.limits import Limits
from tests.study.fake_cells import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.study.plan.plan import Plan
    from builder.study.workers.cluster import Cluster

__all__ = ("make_plan", "write_study")

ROOT = str(Path(__file__).parents[2])
FAST = Limits(starting=60, silence=60, stopping=20, busy=0.1, looking=0.1, unfit=0.2)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Give the folder of a study of two networks with two seeds."""
    study = StudyFolder(tmp_path / "tiny-001")
    write_study(study, make_plan())
    return study


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give two workers on this machine, as `study run` starts them, which find the tests too."""
    with ExitStack() as stack:
        # not for the whole session: the other tests of this process are to find what they install
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PYTHONPATH", ROOT)
            found = stack.enter_context(embedded(tmp_path_factory.mktemp("logs"), 2))
        yield found


@pytest.fixture
def run(folder: StudyFolder, cluster: Cluster) -> Callable[..., None]:
    """Give what runs the study, with cells that behave as a test says."""

    def runs(
        behavior: str = "well",
        plan: Plan | None = None,
        limits: Limits = FAST,
        hours: float | None = None,
        *,
        is_seen: bool = True,
        **told: Callable[..., None],
    ) -> None:
        found = plan or make_plan()
        context = context_of_nothing(folder, found, f"{behavior}:{folder.path}")
        if not is_seen:
            context = replace(context, study="/nowhere")
        coordinate(Stages(folder, found), cluster, prepare, context, limits, hours, Callbacks(**told))

    return runs

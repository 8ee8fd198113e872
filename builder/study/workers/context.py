"""What a worker is told of a study: everything that its cells share, as one text, so that no file has to be shared."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping  # noqa: TC003 - `from_object` asks for the types of the fields
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.choices import DATA_VARIABLE
from builder.json_files import from_object, parse_json
from builder.study.plan.plan import PlannedData  # noqa: TC001 - the same
from builder.study.workers.place import plan_fingerprint

if TYPE_CHECKING:
    from builder.study.plan.plan import Plan
    from builder.study.results.folder import StudyFolder


@dataclass(frozen=True)
class StudyContext:
    """What the cells of a study share.

    ``study`` is its folder as the coordinator calls it, in which a worker that sees it finds a plan of that
    ``fingerprint``. The data lie in ``data_dir``, or, where a worker ``is_remote``, where ARCHCLI_DATA says there.
    ``plugins`` are texts by the names of their files.
    A trial that ``is_pruned`` asks the coordinator after every epoch whether it goes on. ``logs`` are the loggers that
    cells are reported to, with the texts of their files, which TensorBoard has not.
    """

    study: str
    fingerprint: str
    data: PlannedData
    data_dir: str
    device: str
    is_remote: bool
    is_searched: bool
    is_pruned: bool
    plugins: Mapping[str, str]
    logs: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> Path:
        """The folder of the images, on the machine on which this is asked."""
        own = os.environ.get(DATA_VARIABLE) if self.is_remote else None
        return Path(own or self.data_dir)

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> StudyContext:
        """Return the context of ``to_text``."""
        return from_object(cls, parse_json(text))


def context_for(
    study: StudyFolder,
    plan: Plan,
    data_dir: Path,
    device: str,
    plugins: Mapping[str, str],
    *,
    is_remote: bool,
    logs: Mapping[str, str] = MappingProxyType({}),
) -> StudyContext:
    """Return what workers are told of a study."""
    search = plan.search
    pruned = search is not None and search.pruner != "none"
    data = replace(plan.data, folder=None)
    return StudyContext(
        str(study.path.absolute()),
        plan_fingerprint(study),
        data,
        str(data_dir.absolute()),
        device,
        is_remote,
        search is not None,
        pruned,
        dict(plugins),
        dict(logs),
    )

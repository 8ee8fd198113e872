"""A worker of many, whose cells take moments: ``python fake_joiner.py FOLDER BEHAVIOUR URL``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.workers.join import Patience, work
from builder.study.workers.shared import SharedQueue
from tests.study.fake_worker import Behaviour

FAST = Patience(pause=0.2, beat=0.5, silence=2.0)


def main() -> None:
    """Work until nothing is left."""
    folder, word, url = StudyFolder(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
    plan = read_plan(folder.plan)
    work(SharedQueue(url, plan, 1, 3), Stages(folder, plan), Behaviour(folder.path, word), lambda *_: None, FAST)


if __name__ == "__main__":
    main()

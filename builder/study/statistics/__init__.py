"""The statistics of a study: how many seeds it needs, which networks differ, and what can be said of the best.

``docs/statistics.md`` says which tests these are and why. Differences, deviations and their squares are in points of
accuracy (0.3 is from 94.0 to 94.3 %); accuracies go from 0 to 1, as everywhere else. Nothing here knows of torch.
"""

from builder.study.statistics.answer import Answer, answer
from builder.study.statistics.arms import Arm, Group
from builder.study.statistics.comparison import Comparison, compare
from builder.study.statistics.family import decide, family_size, pairs
from builder.study.statistics.planning import Design, cautions, detectable, image_error, seeds_needed
from builder.study.statistics.screening import Screened

__all__ = [
    "Answer",
    "Arm",
    "Comparison",
    "Design",
    "Group",
    "Screened",
    "answer",
    "cautions",
    "compare",
    "decide",
    "detectable",
    "family_size",
    "image_error",
    "pairs",
    "seeds_needed",
]

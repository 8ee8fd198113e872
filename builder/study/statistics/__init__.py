"""The statistics of a study: how many seeds it needs, which networks differ, and what can be said of the best.

``docs/statistics.md`` says which tests these are and why. Differences, deviations and their squares are in points of
accuracy (0.3 is from 94.0 to 94.3 %); accuracies go from 0 to 1, as everywhere else. Nothing here knows of torch.
"""

from builder.study.statistics.answer import Answer, answer
from builder.study.statistics.arms import Arm, Group
from builder.study.statistics.blocks import Blocked, Blocks
from builder.study.statistics.by_class import OfClass, by_class
from builder.study.statistics.claims import Claim, claims
from builder.study.statistics.comparison import Comparison, compare
from builder.study.statistics.effects import Effect, Effects, effects, estimates
from builder.study.statistics.factorial import (
    WITH,
    WITHOUT,
    Factor,
    Factorial,
    change,
    effects_of,
    full_product,
    half_fraction,
)
from builder.study.statistics.family import compared, decide, family_size, pairs
from builder.study.statistics.planning import (
    Design,
    Layout,
    cautions,
    detectable,
    effect_of,
    image_error,
    seeds_for_effects,
    seeds_needed,
)
from builder.study.statistics.screening import Round, Screened, halvings
from builder.study.statistics.stages import AT_ONCE, Course, combined, looked, seeds_of, shares
from builder.study.statistics.telling import base_answer, effects_answer, effects_sentences

__all__ = [
    "AT_ONCE",
    "WITH",
    "WITHOUT",
    "Answer",
    "Arm",
    "Blocked",
    "Blocks",
    "Claim",
    "Comparison",
    "Course",
    "Design",
    "Effect",
    "Effects",
    "Factor",
    "Factorial",
    "Group",
    "Layout",
    "OfClass",
    "Round",
    "Screened",
    "answer",
    "base_answer",
    "by_class",
    "cautions",
    "change",
    "claims",
    "combined",
    "compare",
    "compared",
    "decide",
    "detectable",
    "effect_of",
    "effects",
    "effects_answer",
    "effects_of",
    "effects_sentences",
    "estimates",
    "family_size",
    "full_product",
    "half_fraction",
    "halvings",
    "image_error",
    "looked",
    "pairs",
    "seeds_for_effects",
    "seeds_needed",
    "seeds_of",
    "shares",
]

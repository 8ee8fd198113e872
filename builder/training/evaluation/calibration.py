"""How far the probabilities of a network can be trusted: log loss and calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from typing import Self

BINS = 15
"""Bins of equal width, as in the paper."""


@dataclass(frozen=True)
class Calibration:
    """Log loss (mean cross entropy, in nats) and expected calibration error, from 0 to 1.

    The latter is the mean difference between the probability of the class that is answered and how often it is right,
    over ``BINS`` bins of that probability: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
    https://arxiv.org/abs/1706.04599.
    """

    log_loss: float
    error: float

    @classmethod
    def of(cls, logits: torch.Tensor, labels: torch.Tensor) -> Self | None:
        """Return that of ``logits`` (images, classes) beside the right ``labels``; None where they are not finite."""
        logits = logits.double()
        if not logits.isfinite().all():
            return None
        sureness, answers = logits.softmax(1).max(1)
        right = (answers == labels).double()
        bins = (sureness * BINS).ceil().long().clamp(1, BINS) - 1  # each with its upper end
        gaps = torch.zeros(BINS, dtype=torch.float64).index_add(0, bins, right - sureness)
        return cls(float(cross_entropy(logits, labels)), float(gaps.abs().sum() / len(labels)))

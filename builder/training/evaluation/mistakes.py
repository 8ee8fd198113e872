"""Wrong answers of which a network was most certain: where labels are wrong, or what it has learned instead."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Mistake:
    """An image of a split (from 0), its class, and the one that it was taken for, with a confidence from 0 to 1."""

    index: int
    label: int
    answer: int
    confidence: float


class Mistakes:
    """Keeps the most confident mistakes while batches go by in order; the confidence is the softmax's."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._seen = 0
        self._kept: list[tuple[torch.Tensor, torch.Tensor]] = []

    def add(self, labels: torch.Tensor, logits: torch.Tensor) -> None:
        """Note the mistakes of the next batch: logits (N, classes), labels (N,), negative where there is none."""
        confidence, answers = logits.float().softmax(1).max(1)
        wrong = (answers != labels) & (labels >= 0)
        confidence, places = torch.where(wrong, confidence, -1.0).topk(min(self._count, len(labels)))
        found = torch.stack([places + self._seen, labels[places], answers[places]], 1)
        self._kept.append((found, confidence))  # each in its own type: not every GPU has float64
        self._seen += len(labels)

    def found(self) -> tuple[Mistake, ...]:
        """Return them, the most confident first, those with equal confidence as they lie. Waits for the device."""
        every = [
            Mistake(index, label, answer, share)
            for found, confidence in self._kept
            for (index, label, answer), share in zip(found.tolist(), confidence.tolist(), strict=True)
        ]
        certain = sorted(
            (each for each in every if each.confidence >= 0), key=lambda each: (-each.confidence, each.index)
        )
        return tuple(certain[: self._count])

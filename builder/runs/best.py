"""The network of a run with its best weights, and how it answers: the one way to ask what a run has learned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from torch import nn

    from builder.runs.open import OpenRun
    from builder.training.device.precision import Precision


def best_network(run: OpenRun) -> nn.Module:
    """Return the network of ``run`` with the weights of its best epoch; raise RunError where they don't fill it."""
    from builder.runtime.compile import build
    from builder.training.weights.files import load_weights, read_weights

    model, folder = build(run.graph), run.folder
    if not load_weights(model, read_weights(folder.best)).complete:
        raise RunError(f"{folder.best} does not contain the weights of {folder.page}")
    return model


def answering_precision(run: OpenRun) -> Precision:
    """Return float32 in the memory format of ``run``, so that its answers are those of its own test."""
    from builder.training.device.precision import PLAIN

    try:
        return replace(run.execution.precision, format="fp32")
    except RunError:
        return PLAIN  # a folder that has lost the file that says it

"""A network as a file of ``torch.export``, which PyTorch loads and C++ compiles without its source."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError
from builder.files import write_bytes
from builder.runtime.programs import BATCHES, evaluated, images, program_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

    from builder.graph import Graph

RECORD = "archcli.json"
"""The extra file beside the program, for ``extra_files`` of ``torch.export.load``."""


def write_pt2(model: nn.Module, graph: Graph, path: Path, record: Mapping[str, object]) -> None:
    """Write ``model``, which is ``graph`` built, in evaluation; ``record`` as JSON beside the program.

    What was written is loaded again and compared. Raises RunError where the network can't be exported, or the program
    computes other bits than the network.
    """
    program = program_of(model, graph)
    for step in program.graph.nodes:
        step.meta.pop("stack_trace", None)  # where the source lies on this machine
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={RECORD: json.dumps(record)})
    buffer.seek(0)
    loaded = torch.export.load(buffer).module()
    for batch in (images(graph, count) for count in BATCHES):
        with torch.no_grad():
            if not torch.equal(loaded(batch), evaluated(model, batch)):
                raise RunError(f"{graph.name}, exported and loaded again, computes something else than before")
    write_bytes(path, buffer.getvalue())

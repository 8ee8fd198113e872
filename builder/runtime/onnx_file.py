"""A network as an ONNX file, written by PyTorch's exporter and compared in onnxruntime."""

from __future__ import annotations

import io
import logging
import warnings
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch

from builder.diagnostics import RunError
from builder.files import write_bytes
from builder.runtime.page_names import page_names
from builder.runtime.programs import BATCHES, evaluated, first_line, images, program_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import nn
    from torch.export import ExportedProgram

    from builder.graph import Graph

INPUT, OUTPUT = "images", "logits"
"""What the graph calls what goes in and what comes out."""

_EXACT = "`--to pt2` is exact"

TOLERANCE = 1e-3
"""The largest difference that is accepted, as a share of the largest output: onnxruntime adds in another order."""


def write_onnx(model: nn.Module, graph: Graph, path: Path, record: Mapping[str, object]) -> float:
    """Write ``model``, which is ``graph`` built, in evaluation, and return the largest difference from PyTorch.

    The difference is that of the outputs for random images, as a share of the largest output. Any number of images
    can go in. ``record`` is put beside the graph. Raises RunError where the exporter or onnx's checker refuses the
    network, or onnxruntime computes something else.
    """
    program = program_of(model, graph)
    try:
        content = _checked(program, graph, record)
        difference = max(_difference(content, model, images(graph, count)) for count in BATCHES)
    except Exception as error:  # each of four packages has its own errors
        raise RunError(f"{graph.name} can't be written as ONNX: {first_line(error)}", _EXACT) from error
    if not difference <= TOLERANCE:
        message = f"{graph.name} differs in onnxruntime from PyTorch by {difference:.1e} of its largest output"
        raise RunError(message, _EXACT)
    write_bytes(path, content)
    return difference


def _checked(program: ExportedProgram, graph: Graph, record: Mapping[str, object]) -> bytes:
    """Return the file's content. Layers are not fused: each is found again, and onnxruntime fuses them by itself."""
    import onnx  # noqa: PLC0415 - an extra

    with _quiet():
        made: Any = torch.onnx.export(
            program,
            dynamo=True,
            optimize=False,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: "batch"},),
        )
    _tidy(made.model)
    _name(made, graph)
    proto = made.model_proto
    onnx.helper.set_model_props(proto, {name: str(value) for name, value in record.items()})
    content: bytes = proto.SerializeToString(deterministic=True)
    onnx.checker.check_model(content, full_check=True)
    return content


def _tidy(model: Any) -> None:
    """Compute what depends on no image, and leave out what nothing reads; PyTorch's own pass fuses layers as well."""
    from onnxscript import ir, optimizer  # noqa: PLC0415 - an extra

    optimizer.fold_constants(model, onnx_shape_inference=True)
    common = ir.passes.common
    ir.passes.Sequential(
        common.IdentityEliminationPass(),
        common.RemoveUnusedNodesPass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.CommonSubexpressionEliminationPass(),
    )(model)


def _name(made: Any, graph: Graph) -> None:
    """Name nodes and values after the page, and leave out where the source lies on this machine.

    A node is called after its layer and its operation, as ``block1.conv2/Conv``. Its ``namespace`` are the blocks
    around it, for viewers that fold by it.
    """
    places = _places(made, page_names(made.exported_program, graph))
    network = made.model.graph
    network.name = graph.name
    kept = {*network.inputs, *network.outputs}
    seen: Counter[str] = Counter()
    for node in network:
        place = places[node]
        node.metadata_props.clear()
        node.metadata_props["namespace"] = "/".join([graph.name, *filter(None, place.split(".")), node.op_type])
        node.name = _numbered(f"{place}/{node.op_type}" if place else node.op_type, seen)
        for number, value in enumerate(node.outputs):
            if value not in kept:
                value.name = f"{node.name}_output_{number}"
    values = {*kept, *(value for node in network for value in node.outputs), *network.initializers.values()}
    for each in (made.model, network, *values):
        each.metadata_props.clear()


def _places(made: Any, names: Mapping[str, str]) -> dict[Any, str]:
    """Return for each node the path on the page; for one that was put in while constants were folded, the block."""
    places: dict[Any, str] = {}
    for node in reversed(made.model.graph):
        scopes = node.metadata_props.get("pkg.torch.onnx.name_scopes", "")
        step = scopes.rstrip("]'\"").rpartition("'")[2]
        readers = [places[reader].split(".") for value in node.outputs for reader in value.consumers()]
        levels = takewhile(lambda level: len(set(level)) == 1, zip(*readers, strict=False))
        places[node] = names.get(step) or ".".join(level[0] for level in levels)
    return places


def _numbered(name: str, seen: Counter[str]) -> str:
    """Return a name that no other has: from the second time on with a number."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}_{seen[name]}"


def _difference(content: bytes, model: nn.Module, batch: torch.Tensor) -> float:
    """Return how much onnxruntime differs from PyTorch for ``batch``, as a share of the largest output."""
    import onnxruntime  # noqa: PLC0415 - an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors only: what it says of optimizations is no answer
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {INPUT: batch.numpy()})
    expected = evaluated(model, batch)
    largest = float(expected.abs().max())
    return float((torch.from_numpy(found) - expected).abs().max()) / (largest or 1.0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the exporter prints, logs and warns of; its errors are raised."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

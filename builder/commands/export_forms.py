"""The forms in which a network can be exported: each says what its file is called and how that is written."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import nn

    from builder.graph import Graph
    from builder.runs.weights import Weights


@dataclass(frozen=True)
class Subject:
    """What is exported: a network, and the weights that its file may hold.

    ``best`` is the checkpoint of a run. Without it weights are drawn by ``seed``, with what there is of ``weights`` put
    over them; ``on_fetch`` is told what is downloaded.
    """

    graph: Graph
    best: Path | None
    seed: int
    weights: str | None
    on_fetch: Callable[[str], None]


@dataclass(frozen=True)
class Check:
    """How far the written program is from the network: ``runtime`` ran it on random images, in each of ``batches``.

    ``difference`` is the largest one between the outputs, as a share of the largest output.
    """

    runtime: str
    batches: tuple[int, ...]
    difference: float


@dataclass(frozen=True)
class Written:
    """What was written: ``text`` where it is source, and what was put over a page's fresh weights.

    ``check`` is what a program was compared with, after it was written.
    """

    text: str | None = None
    weights: Weights | None = None
    check: Check | None = None


@dataclass(frozen=True)
class ExportForm:
    """How a form is written, whether it has weights, for which torch is needed, and which extra it needs.

    ``suffix`` is that of a file that nobody has named; without one the form is text, which is returned all the same.
    """

    write: Callable[[Subject, Path | None], Written]
    suffix: str | None = None
    has_weights: bool = True
    extra: str | None = None


def _source(subject: Subject, path: Path | None) -> Written:
    from builder.emit.python import source
    from builder.files import write_text

    text = source(subject.graph)
    if path is not None:
        write_text(path, text)
    return Written(text)


def _safetensors(subject: Subject, path: Path | None) -> Written:
    """Write tensors with what is known of them; those of a run as they are in its checkpoint."""
    from builder.training.folder.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

    assert path is not None, "the form has a suffix"
    if subject.best is not None:
        write_checkpoint(path, Checkpoint(read_checkpoint(subject.best).tensors, _record(subject)))
        return Written()
    model, put = _weighed(subject)
    write_checkpoint(path, Checkpoint(model.state_dict(), _record(subject)))
    return Written(weights=put)


def _torch(subject: Subject, path: Path | None) -> Written:
    """Write what ``torch.save`` writes, for loaders that ask for versions."""
    from builder.training.weights.files import save_weights

    assert path is not None, "the form has a suffix"
    model, put = _weighed(subject)
    save_weights(model, path)
    return Written(weights=put)


def _onnx(subject: Subject, path: Path | None) -> Written:
    from builder.runtime.onnx_file import write_onnx
    from builder.runtime.programs import BATCHES

    assert path is not None, "the form has a suffix"
    model, put = _weighed(subject)
    difference = write_onnx(model, subject.graph, path, _record(subject))
    return Written(weights=put, check=Check(f"onnxruntime {version('onnxruntime')}", BATCHES, difference))


def _pt2(subject: Subject, path: Path | None) -> Written:
    from builder.runtime.programs import BATCHES
    from builder.runtime.pt2_file import write_pt2

    assert path is not None, "the form has a suffix"
    model, put = _weighed(subject)
    write_pt2(model, subject.graph, path, _record(subject))
    return Written(weights=put, check=Check(f"PyTorch {version('torch')}", BATCHES, 0.0))


def _record(subject: Subject) -> dict[str, object]:
    """Return what a file says of its weights: those of a run what its checkpoint says, others where they come from."""
    from builder.training.folder.checkpoints import read_checkpoint

    network = {"network": subject.graph.name}
    if subject.best is not None:
        return {**network, **read_checkpoint(subject.best).record}
    source = {"weights": subject.weights} if subject.weights is not None else {}
    return {**network, "seed": subject.seed, **source}


def _weighed(subject: Subject) -> tuple[nn.Module, Weights | None]:
    """Return the network with a run's best weights, or with fresh ones and what was put over them."""
    from builder.runs.weights import need_complete, put_weights
    from builder.runtime.compile import build
    from builder.training.randomness import seed_globally

    seed_globally(subject.seed)
    model = build(subject.graph)
    if subject.best is not None:
        need_complete(put_weights(str(subject.best), model, subject.graph, subject.on_fetch), subject.graph)
        return model, None
    if subject.weights is None:
        return model, None
    return model, put_weights(subject.weights, model, subject.graph, subject.on_fetch)


EXPORT_FORMS: Mapping[str, ExportForm] = MappingProxyType(
    {
        "python": ExportForm(_source, has_weights=False),
        "safetensors": ExportForm(_safetensors, "safetensors"),
        "torch": ExportForm(_torch, "pth"),
        "onnx": ExportForm(_onnx, "onnx", extra="onnx"),
        "pt2": ExportForm(_pt2, "pt2"),
    }
)
"""Every form by its name; one is added here and nowhere else."""

if TYPE_CHECKING:
    ExportFormName: TypeAlias = str
else:
    ExportFormName = Literal[*EXPORT_FORMS]  # what the command line offers

"""``--weights``: a file or torchvision's published weights, into a network, for every command that takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import nn

    from builder.graph import Graph
    from builder.training.weights.files import Loaded

_LISTED = 4
"""Names that are shown as they are; more of one kind become one pattern."""


@dataclass(frozen=True)
class Weights:
    """Where weights came from, what of them fitted, by name, and what else is to be known of them."""

    source: str
    fitted: Loaded
    note: str | None = None


def quiet(_: str) -> None:
    """Say nothing of what is fetched."""


def put_weights(source: str, model: nn.Module, graph: Graph, on_fetch: Callable[[str], None] = quiet) -> Weights:
    """Copy the weights that ``source`` names into ``model``, which is ``graph`` built, and say what fitted.

    ``source`` is a file (safetensors, or what ``torch.save`` wrote), ``torchvision:NETWORK`` or
    ``torchvision:NETWORK:WEIGHTS``; ``on_fetch`` is told before anything is downloaded. Raises RunError where it can't
    be had, is damaged or fits nothing; ArchError for a name that torchvision does not know.
    """
    from builder.training.weights.files import load_weights, read_weights
    from builder.training.weights.published import PREFIX, published

    is_published = source.startswith(PREFIX)
    path = published(source.removeprefix(PREFIX), on_fetch) if is_published else Path(source)
    fitted = load_weights(model, read_weights(path))
    if not fitted.loaded:
        raise RunError(f"no weight of {path} has a name and shape of this network", "`archcli show` lists the keys")
    return Weights(source, fitted, _note(graph) if is_published else None)


def classes_of(source: str) -> tuple[str, ...] | None:
    """Return the classes that the weights in a file were trained to tell, None where it does not say: others' files."""
    from builder.training.folder.header import header_of, read_checkpoint_record

    header = header_of(read_checkpoint_record(Path(source)))
    return None if header is None else header.classes


def _note(graph: Graph) -> str:
    """Return what published weights expect, and a page or a recipe leaves to whoever uses them."""
    if graph.params.get("transform_input") is False:
        return "trained on images normalized by ImageNet's statistics and rescaled: the page's `transform_input: true`"
    return "trained on images normalized by ImageNet's statistics: a recipe's `normalize`"


def without_place(weights: Weights) -> Weights:
    """Return the same for others to read: of a file with an absolute path, which tells of a home, only its name."""
    path = Path(weights.source)
    return replace(weights, source=path.name) if path.is_absolute() else weights


def need_complete(weights: Weights, graph: Graph) -> None:
    """Raise RunError unless every weight that an answer depends on was loaded; auxiliary heads are not needed."""
    heads = tuple(f"{head.module}." for head in graph.heads)
    lacking = [*weights.fitted.missing, *weights.fitted.mismatched]
    needed = [name for name in lacking if not name.startswith(heads or ("\n",))]
    if needed:
        hint = "train the network from them first: `archcli train … --weights …`"
        raise RunError(f"{weights.source} does not contain every weight of {graph.name}: {grouped(needed)}", hint)


def described(weights: Weights, *, verbose: bool = False) -> str:
    """Return how many weights were loaded, and by name those that were not; ``verbose`` names all."""
    fitted = weights.fitted
    names = ", ".join if verbose else grouped
    groups = [
        ("missing", fitted.missing),
        ("unexpected", fitted.unexpected),
        ("of another shape", fitted.mismatched),
        ("under another name", [f"{theirs} → {ours}" for theirs, ours in fitted.renamed] if verbose else ()),
    ]
    said = [f"{len(fitted.loaded)} loaded" + (f" ({', '.join(fitted.loaded)})" if verbose else "")]
    said += [f"{len(group)} {what} ({names(group)})" for what, group in groups if group]
    if fitted.renamed and not verbose:
        said.append(f"{len(fitted.renamed)} under another name")
    if fitted.reshaped:
        said.append(f"{len(fitted.reshaped)} between a linear layer and a 1×1 convolution ({names(fitted.reshaped)})")
    if fitted.summed:
        said.append(f"{', '.join(fitted.summed)} summed over the colors")
    return "; ".join([*said, *([weights.note] if weights.note else [])])


def grouped(names: Iterable[str]) -> str:
    """Return names as a person reads them: few as they are, many as patterns with how many each stands for."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(re.sub(r"\d+", "*", name.rpartition(".")[0]), []).append(name)
    shown = (group if len(group) <= _LISTED else [f"{pattern} ({len(group)})"] for pattern, group in groups.items())
    return ", ".join(text for group in shown for text in group)

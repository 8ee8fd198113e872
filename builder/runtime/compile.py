"""Source to module: the network that trains is the text that ``export`` prints, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from builder.runtime.agreement import check_plugins
from builder.runtime.classes import classes_of

if TYPE_CHECKING:
    from builder.graph import Graph
    from builder.runtime.classes import Classes


def build(graph: Graph) -> nn.Module:
    """Return the network as a plain module, its weights fresh from PyTorch's random numbers.

    It can be copied and pickled as any module can; see ``builder.runtime.classes``. Raises ArchError where a plugin
    says something else of an operation than its module does.
    """
    return instance(classes_of(graph))


def instance(classes: Classes) -> nn.Module:
    """Return a network of these classes, its weights fresh; raise ArchError as ``build`` does."""
    module = classes.network()
    assert isinstance(module, nn.Module)
    check_plugins(classes.graph, module)
    return module

"""Source to module: the network that trains is the text that ``export`` prints, compiled."""

from __future__ import annotations

import hashlib
import linecache
from typing import TYPE_CHECKING

from torch import nn

from builder.emit.python import document
from builder.runtime.agreement import check_plugins

if TYPE_CHECKING:
    from builder.graph import Graph


def build(graph: Graph) -> nn.Module:
    """Return the network as a plain module, its weights fresh from PyTorch's random numbers.

    Raises ArchError where a plugin says something else of an operation than its module does.

    The text is registered with ``linecache`` under a name of its own, so that tracebacks show its lines.
    """
    text, network = document(graph)
    filename = f"<archcli {graph.name} {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, object] = {"__name__": f"archcli.{graph.name}", "__file__": filename}
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102 - our own text, made of identifiers and literals
    make = namespace[network]
    assert isinstance(make, type)
    module = make()
    assert isinstance(module, nn.Module)
    check_plugins(graph, module)
    return module

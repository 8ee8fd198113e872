"""A network with the weights that a run begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from builder.graph import Graph
    from builder.training.recipe.recipe import Recipe


def fresh_network(graph: Graph, recipe: Recipe) -> nn.Module:
    """Return the network as its page begins it, by the seed of ``recipe``, from one stream or from one for each layer.

    Seeds PyTorch's global generators. Raises ArchError where a plugin says something else of an operation than its
    module does.
    """
    from builder.runtime.by_name import draw_by_name
    from builder.runtime.compile import build
    from builder.training.randomness import layer_stream, seed_globally

    seed_globally(recipe.seed)
    model = build(graph)
    if recipe.init_streams == "by_name":
        draw_by_name(model, graph, lambda layer: layer_stream(recipe.seed, layer).initial_seed())
    return model

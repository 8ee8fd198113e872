"""Where chance comes from: each use draws from a stream of its own, a pure function of (seed, purpose, epoch).

So the order of an epoch does not depend on how many numbers were drawn before it, and a run that resumes
needs no replay. Only dropout draws from torch's global generator, whose state checkpoints keep (``device.generators``).
"""

from __future__ import annotations

from hashlib import sha256

import torch


def stream(seed: int, purpose: str, epoch: int = 0) -> torch.Generator:
    """Return a new CPU generator for ``purpose``, such as "order", in ``epoch``."""
    digest = sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))


def layer_stream(seed: int, layer: str) -> torch.Generator:
    """Return a new CPU generator for the initial weights of the layer of that name."""
    return stream(seed, f"initial weights of {layer}")


def seed_globally(seed: int, process: int = 0) -> None:
    """Seed torch's global generators on every device: fresh modules and dropout draw from them.

    Of several processes that train together each draws other numbers, the first those of one that trains alone.
    """
    torch.manual_seed(seed if process == 0 else stream(seed, "process", process).initial_seed())


def shuffled(count: int, generator: torch.Generator) -> torch.Tensor:
    """Return the numbers below ``count`` in random order, as int64."""
    return torch.randperm(count, generator=generator)

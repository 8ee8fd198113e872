"""What other programs call the weights that a network here calls otherwise: text to text.

A name is translated only where the network lacks it and has what it is translated to; every rule is tried after every
other, so that ``module.backbone.layer1.0.se_layer.conv1.conv.weight`` finds ``layer1.0.se.fc1.weight``.

wrappers        DataParallel and DistributedDataParallel put ``module.`` before every name, ``torch.compile``
                ``_orig_mod.``, a LightningModule the name of its field, most often ``model.``.
torchvision     DenseNet's published files were written when its layers were called ``norm.1``, ``conv.2``.
                https://docs.pytorch.org/vision/stable/_modules/torchvision/models/densenet.html
timm            gates are ``se.conv_reduce`` and ``se.conv_expand`` in EfficientNet, MobileNet and RegNet; in ResNet
                they are ``se.fc1`` and ``se.fc2`` as here, ``se_module`` in the older SENet.
                https://github.com/huggingface/pytorch-image-models
mmpretrain      ``backbone.`` and ``head.``; gates are ``se_layer.conv1.conv`` and ``se_layer.conv2.conv``.
                https://github.com/open-mmlab/mmpretrain
gates by hand   two layers in a Sequential, ``fc.0`` and ``fc.2`` (https://github.com/moskomule/senet.pytorch),
                ``excitation.0`` and ``excitation.2`` of the block itself
                (https://github.com/weiaicunzai/pytorch-cifar100), ``se.1`` and ``se.3`` after a pooling layer, or
                ``fc1`` and ``fc2`` beside the block's convolutions (https://github.com/kuangliu/pytorch-cifar)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


class Rule(NamedTuple):
    """A pattern of a foreign name and what stands in its place here."""

    pattern: str
    here: str


RULES = (
    Rule(
        r"^(module|_orig_mod|model|net|backbone|head|params|model_ema|ema|ema_model|state_dict|network|encoder|base_model"
        r"|student|teacher)\.",
        "",
    ),
    Rule(r"(\.denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2."),
    Rule(r"(^|\.)(?:se_module|se_layer)\.", r"\1se."),
    Rule(r"\.conv_reduce\.", ".fc1."),
    Rule(r"\.conv_expand\.", ".fc2."),
    Rule(r"\.se\.conv([12])\.conv\.", r".se.fc\1."),
    Rule(r"(^|\.)(?:SE|se_block|selayer|se_attn|squeeze_excitation)\.", r"\1se."),
    Rule(r"\.(?:fc|excitation|se|attention)\.[01]\.(?=\w+$)", ".fc1."),
    Rule(r"\.(?:fc|excitation|se|attention)\.[23]\.(?=\w+$)", ".fc2."),
    Rule(r"\.fc([12])\.(?=\w+$)", r".se.fc\1."),
)


def translated(names: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """Return for every name of a file the network's own name for it; a name that is nobody's stays as it is.

    Where a file holds the own name too, that one counts.
    """
    given = list(names)
    taken = set(given) & set(own)
    found: dict[str, str] = {}
    for name in given:
        here = name if name in taken else next((each for each in _readings(name) if each in own), name)
        found[name] = name if here in taken else here
        taken.add(found[name])
    return found


def _readings(name: str) -> Iterator[str]:
    """Yield what ``name`` may mean, the fewest rules first."""
    known, waiting = {name}, [name]
    while waiting:
        reading = waiting.pop(0)
        yield reading
        for rule in RULES:
            changed = re.sub(rule.pattern, rule.here, reading, count=1)
            if changed not in known:
                known.add(changed)
                waiting.append(changed)

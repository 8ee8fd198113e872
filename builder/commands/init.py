"""``archcli init``: a small, commented page to start from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from builder.diagnostics import ArchError, Diagnostic

_NO_TEXTS = frozenset({"null", "true", "false"})  # in YAML, unless they are quoted

SIDE = 32
"""Height and width of the images of the page, in px."""

_STARTER = Template("""\
# yaml-language-server: $$schema=arch.schema.json
name: $name
input: [3, $side, $side]            # channels, height, width
classes: 10

layers:                       # a mapping names its layers, a list numbers them
  stem:
    layers:
      - conv: {out: 16, kernel: 3, stride: 2, padding: 1, bias: false}
      - batchnorm
      - relu

  block1:                     # in ─┬─► layers ─(+)─► activation ─► out
    layers:                   #     └─► shortcut ─┘
      - conv: {out: 32, kernel: 3, stride: 2, padding: 1, bias: false}
      - batchnorm
      - relu
      - conv: {out: 32, kernel: 3, padding: 1, bias: false}
      - batchnorm
    shortcut: auto            # the identity where shapes agree, else the 1×1 convolution that fits
    activation: relu

  block2:
    layers:
      - conv: {out: 64, kernel: 3, stride: 2, padding: 1, bias: false}
      - batchnorm
      - relu
      - conv: {out: 64, kernel: 3, padding: 1, bias: false}
      - batchnorm
    shortcut: auto
    activation: relu

  pool: adaptiveavgpool       # global average pooling
  flatten: flatten
  classifier: {linear: {out: $$classes}}

insert:                       # a squeeze-and-excitation gate, without touching the blocks above
  - se: {reduction: 16}
    at: block2.pre_activation
""")


@dataclass(frozen=True)
class Initialized:
    """The file that was written."""

    file: Path


def run(name: str) -> Initialized:
    """Write ``NAME.yaml``; raise ArchError if ``name`` cannot be a page's name or the file already exists."""
    from builder.files import write_text
    from builder.spec.names import LONGEST_NAME, SEGMENT, name_rule

    path = Path(name)
    path = path if path.suffix in {".yaml", ".yml"} else path.with_name(f"{path.name}.yaml")
    if not re.fullmatch(SEGMENT, path.stem) or len(path.stem) > LONGEST_NAME:
        hint = f"{name_rule(path.stem)}, as in `archcli init my_network`"
        raise ArchError(Diagnostic("bad-name", f"`{path.stem}` cannot be the name of a page", None, hint))
    if path.exists():
        hint = "choose another name, or remove it"
        raise ArchError(Diagnostic("file-exists", f"{path} already exists", None, hint))
    quoted = f'"{path.stem}"' if path.stem.lower() in _NO_TEXTS else path.stem
    write_text(path, _STARTER.substitute(name=quoted, side=SIDE))
    return Initialized(path)

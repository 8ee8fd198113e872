"""The fixed fields of a page, a template and a block, as pydantic models: one place that knows their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from builder.ops.base import Count
from builder.validation import Strict

SEGMENT = r"[A-Za-z_][A-Za-z0-9_-]*"
"""A name: what a path consists of."""

LETTERS = "letters, digits, `_` and `-`, beginning with a letter"


_LAYERS = "the layers, one after another: a list numbers them, a mapping names them"
_BRANCHES = "two or more bodies beside each other; `{}` is the identity"
_SPLIT = "whether each branch gets its share of the channels instead of all of them"
_SHORTCUT = "what runs beside the layers: `none`, `identity`, `auto` (the projection that fits), or layers"
_MERGE = "how layers and shortcut, or the branches, meet: `add`, `concat` or `mul`"
_ACTIVATION = "the layer behind all of that"
_PARAMETERS = "names with their defaults, or with a kind (`int`, `list`, `layer`, …) where one must be given"


_BESIDE = MappingProxyType(
    {
        **dict.fromkeys(("if", "condition", "cond", "only_if"), "when"),
        **dict.fromkeys(("times", "n", "count", "loop", "for", "for_each", "foreach", "depth", "num"), "repeat"),
        **dict.fromkeys(("auxiliary", "side", "head"), "aux"),
    }
)
_BLOCK = MappingProxyType(
    {
        **_BESIDE,
        **dict.fromkeys(("blocks", "body", "modules", "children", "sequence", "network", "model"), "layers"),
        **dict.fromkeys(("residual", "skip", "skip_connection", "identity", "downsample", "projection"), "shortcut"),
        **dict.fromkeys(("act", "nonlinearity", "activation_fn", "final_activation"), "activation"),
        **dict.fromkeys(("join", "combine", "aggregate"), "merge"),
        **dict.fromkeys(("paths", "towers", "parallel"), "branches"),
    }
)


class ItemFields(Strict):
    """What may stand beside a call."""

    elsewhere: ClassVar[Mapping[str, str]] = _BESIDE

    when: Any = Field(None, description="the condition under which this is there at all")
    repeat: Any = Field(None, description="a count, or `names in list`; `$i`, `$first` and `$last` tell copies apart")
    aux: bool = Field(False, description="whether this block leaves the network here, in training only")


class BlockFields(ItemFields):
    """What makes a block."""

    elsewhere: ClassVar[Mapping[str, str]] = _BLOCK

    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    split: Any = Field(None, description=_SPLIT)
    key: Annotated[
        str | None,
        Field(
            pattern=rf"^(\.|{SEGMENT})$",
            description=f"the module in which the layers live, `.` for the one around: {LETTERS}; or `.`",
        ),
    ] = None
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)


class ReuseFields(Strict):
    """Run an earlier layer a second time, with the same weights."""

    layer: str = Field(description="the path of the layer")


class TemplateFields(Strict):
    """What a template says: a block with parameters."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **_BLOCK,
            **dict.fromkeys(("parameters", "arguments", "args", "inputs"), "params"),
            "insert": "`insert` stands at the top of the page, with `at: TEMPLATE.branch` for every instance of it",
        }
    )

    params: Any = Field(None, description=_PARAMETERS)
    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    split: Any = Field(None, description=_SPLIT)
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)


class PageFields(Strict):
    """The top level of a page: a block, and what surrounds it."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **_BLOCK,
            **dict.fromkeys(("num_classes", "n_classes", "nclasses", "num_labels", "output"), "classes"),
            **dict.fromkeys(("input_size", "input_shape", "image_size", "in_shape", "shape"), "input"),
            **dict.fromkeys(("base", "parent", "inherits", "from"), "extends"),
            **dict.fromkeys(("include", "includes", "import", "imports", "use"), "uses"),
            **dict.fromkeys(("parameters", "variables", "vars", "args"), "params"),
            **dict.fromkeys(("initialization", "initialisation", "initializer", "weights"), "init"),
            **dict.fromkeys(("title", "id"), "name"),
        }
    )

    name: Annotated[
        str, Field(pattern=rf"^{SEGMENT}$", max_length=100, description=f"what the network is called: {LETTERS}")
    ]
    extends: str | None = Field(None, description="the page that this one changes, beside it or shipped; or a member")
    uses: Any = Field(None, description="pages whose templates may be called here")
    member: str | None = Field(None, description="which member of the page that this one extends")
    input: tuple[Count, Count, Count] | None = Field(
        None, description="channels, height and width of an image", examples=[[3, 224, 224]]
    )
    classes: Count | None = Field(
        None, description="how many numbers come out, visible everywhere as `$classes`", examples=[10]
    )
    version: Count | None = Field(None, description="PyTorch saves it as the network's own; 1 if not given")
    params: Any = Field(None, description=_PARAMETERS)
    members: Any = Field(None, description="the networks of a family, each with the parameters that it changes")
    defaults: Any = Field(None, description="fields of operations for the whole page; what stands at a layer wins")
    init: Any = Field(None, description="how parameters begin, by operation or place; the last rule that matches wins")
    templates: Any = Field(None, description="blocks with parameters, called by their Capitalized names")
    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)
    insert: Any = Field(None, description="new layers at points or behind layers; what is there keeps its name")
    set: Any = Field(None, description="other fields for what is there, by place")
    replace: Any = Field(None, description="another layer under the same name, by place; `none` takes it away")
    variants: Any = Field(None, description="what may go where: the networks that `archcli variants` enumerates")


MODIFIERS = tuple(ItemFields.model_fields)
BLOCK_FIELDS = tuple(name for name in BlockFields.model_fields if name not in MODIFIERS)

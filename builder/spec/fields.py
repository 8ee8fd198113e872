"""The fixed fields of a page, a template and a block, as pydantic models: one place that knows their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from builder.ops.base import Count
from builder.spec.names import LETTERS, LONGEST_NAME, SEGMENT
from builder.spec.page import LANGUAGE
from builder.validation import Strict

_LAYERS = "the layers, one after another: a list numbers them, a mapping names them"
_BRANCHES = "two or more parallel bodies; `{}` is the identity, and `{when: …, layers: …}` may be left out"
_SPLIT = (
    "whether the channels are divided between the branches, equally or in a list of numbers; "
    "otherwise each branch gets all of them"
)
_SHORTCUT = "the shortcut around the layers: `none`, `identity`, `auto` (identity or projection), a template or layers"
_MERGE = "how layers and shortcut, or the branches, are combined: `add`, `concat`, `mul` or `div`"
_ACTIVATION = "the activation after layers and shortcut"
_KEY = (
    "the module that contains the layers, or the name that a layer has in its module; "
    f"`.` is the surrounding module. {LETTERS}; or `.`"
)
_PARAMETERS = "names with default values, or with a type (`int`, `list`, `layer`, …) if a value is required"


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
    """Fields that may stand beside a call or a block."""

    elsewhere: ClassVar[Mapping[str, str]] = _BESIDE

    when: Any = Field(None, description="a condition; if it is false, the item is left out")
    repeat: Any = Field(None, description="a count, or `names in list`; use `$i`, `$first` and `$last` in the copies")
    aux: bool = Field(False, description="whether this block is an auxiliary head, used in training only")


class BlockFields(ItemFields):
    """The fields of a block."""

    elsewhere: ClassVar[Mapping[str, str]] = _BLOCK

    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    split: Any = Field(None, description=_SPLIT)
    key: Annotated[str | None, Field(pattern=rf"^(\.|{SEGMENT})$", description=_KEY)] = None
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)


class ReuseFields(Strict):
    """Run an earlier layer a second time, with the same weights."""

    layer: str = Field(description="the path of the layer")


class TemplateFields(Strict):
    """A template: a block with parameters."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **_BLOCK,
            **dict.fromkeys(("parameters", "arguments", "args", "inputs"), "params"),
            "insert": "`insert` is written at the top of the page, with `at: TEMPLATE.branch` for every instance of it",
        }
    )

    params: Any = Field(None, description=_PARAMETERS)
    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    split: Any = Field(None, description=_SPLIT)
    key: Annotated[str | None, Field(pattern=rf"^(\.|{SEGMENT})$", description=_KEY)] = None
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)


class PageFields(Strict):
    """The top level of a page: a block with additional fields."""

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
        str, Field(pattern=rf"^{SEGMENT}$", max_length=LONGEST_NAME, description=f"the name of the network: {LETTERS}")
    ]
    extends: str | None = Field(
        None, description="the page that this page changes: beside it, shipped, or a member of a family"
    )
    uses: Any = Field(None, description="pages whose templates can be used here")
    plugins: Any = Field(
        None,
        description="files of operations that the page needs; only `--plugin` loads them",
    )
    member: str | None = Field(None, description="the member of the extended page")
    input: tuple[Count, Count, Count] | None = Field(
        None, description="channels, height and width of an image", examples=[[3, 224, 224]]
    )
    classes: Count | None = Field(None, description="the number of outputs; `$classes` in expressions", examples=[10])
    version: Count | None = Field(None, description="the version that PyTorch saves with the weights; 1 if not given")
    language: Annotated[int, Field(ge=1, le=LANGUAGE)] | None = Field(
        None, description=f"the version of the language in which the page is written; {LANGUAGE} if not given"
    )
    params: Any = Field(None, description=_PARAMETERS)
    members: Any = Field(None, description="the networks of a family, each with its parameter values")
    defaults: Any = Field(
        None, description="default fields of operations for the whole page; a field at a layer takes precedence"
    )
    init: Any = Field(
        None, description="initialization of parameters, by operation or place; the last matching rule applies"
    )
    templates: Any = Field(None, description="blocks with parameters, used by their Capitalized names")
    layers: Any = Field(None, description=_LAYERS)
    branches: Any = Field(None, description=_BRANCHES)
    shortcut: Any = Field(None, description=_SHORTCUT)
    merge: Any = Field(None, description=_MERGE)
    activation: Any = Field(None, description=_ACTIVATION)
    insert: Any = Field(None, description="new layers at points or after layers; other layers keep their names")
    set: Any = Field(None, description="changed fields of layers and blocks, by place")
    replace: Any = Field(None, description="another layer under the same name, by place; `none` removes it")
    variants: Any = Field(None, description="which layers may go where, for `archcli variants`")


MODIFIERS = tuple(ItemFields.model_fields)
BLOCK_FIELDS = tuple(name for name in BlockFields.model_fields if name not in MODIFIERS)

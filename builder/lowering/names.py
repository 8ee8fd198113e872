"""Names of modules: who lives where, which number comes next, and which names PyTorch has taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.diagnostics import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.diagnostics import Collector, Mark
    from builder.graph import Node

TAKEN = frozenset(
    [
        "T_destination",
        "_apply",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_buffers",
        "_call_impl",
        "_compiled_call_impl",
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_get_abs_string_index",
        "_get_backward_hooks",
        "_get_backward_pre_hooks",
        "_get_item_by_idx",
        "_get_name",
        "_is_full_backward_hook",
        "_load_from_state_dict",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_maybe_warn_non_full_backward_hook",
        "_modules",
        "_named_members",
        "_non_persistent_buffers_set",
        "_parameters",
        "_register_load_state_dict_pre_hook",
        "_register_state_dict_hook",
        "_replicate_for_data_parallel",
        "_save_to_state_dict",
        "_slow_forward",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_version",
        "_wrapped_call_impl",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "clear",
        "compile",
        "copy",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "items",
        "keys",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "update",
        "values",
        "xpu",
        "zero_grad",
    ]
)
"""Attributes of ``nn.Module``, ``nn.Sequential`` and ``nn.ModuleDict``, which no child can be called by."""

_HIDDEN = ("__", "_archcli")
"""How names begin that Python changes inside a class, and those of ours."""


@dataclass
class _Module:
    following: int = 0
    children: dict[str, tuple[Mark, bool]] = field(default_factory=dict)


class Modules:
    """The tree of modules as far as keys tell: numbers given, names taken."""

    def __init__(self, problems: Collector) -> None:
        self._modules: dict[str, _Module] = {}
        self._problems = problems

    def next_number(self, module: str) -> str:
        """Return the next number of a module's children and count it as given."""
        entry = self._modules.setdefault(module, _Module())
        entry.following += 1
        return str(entry.following - 1)

    def claim(self, module: str, name: str, mark: Mark, *, shared: bool = False, hint: str | None = None) -> None:
        """Take ``name`` in ``module``; several blocks may share one by ``key:``, anything else only once."""
        if name in TAKEN or name.startswith(_HIDDEN):
            reason = (
                "every module of PyTorch has an attribute" if name in TAKEN else "Python hides a name that begins so:"
            )
            self._problems.error("reserved-name", f"{reason} `{name}`", mark, "choose another name")
        children = self._modules.setdefault(module, _Module()).children
        earlier = children.get(name)
        if earlier is not None and not (shared and earlier[1]):
            notes = (Note(earlier[0], "the first is here"),) if earlier[0] != mark else ()
            message = f"`{join(module, name)}` is already used here"
            self._problems.error("duplicate-name", message, mark, hint or "give one of them another name", notes)
            return
        children.setdefault(name, (mark, shared))


def check_keys(nodes: Iterable[Node], problems: Collector) -> None:
    """Report a layer whose key lies inside another layer's, which is no container.

    What a shortcut holds lives under its block's path, and ``key:`` may have put a layer there.
    """
    layers = {node.key: node for node in nodes if node.key}
    for key, node in layers.items():
        outer = key.rpartition(".")[0]
        while outer and outer not in layers:
            outer = outer.rpartition(".")[0]
        if outer:
            note = Note(layers[outer].mark, f"`{outer}` is this layer")
            hint = "give one of the blocks around them another name"
            problems.error("duplicate-name", f"`{key}` would be inside a layer", node.mark, hint, (note,))


def join(*parts: str) -> str:
    """Return a dotted name of the parts that are not empty."""
    return ".".join(part for part in parts if part)

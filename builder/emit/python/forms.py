"""How each module is written."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from builder.emit.python.modules import Layer, Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.emit.python.modules import ModulePart
    from builder.emit.python.steps import ForwardBody


class ModuleForm(Enum):
    """What a module is in source."""

    CLASS = "a class of its own"
    SEQUENTIAL = "nn.Sequential: children that run one after another, or a container with numbered children"
    DICT = "nn.ModuleDict: a container with named children"
    BARE = "nn.Module: a container that holds bare parameters, which nn.ModuleDict does not take"


def forms(bodies: Mapping[Module, ForwardBody]) -> dict[Module, ModuleForm]:
    """Return the form of every module, containers included."""
    found: dict[Module, ModuleForm] = {}

    def visit(containers: Iterable[ModulePart]) -> None:
        for part in containers:
            if isinstance(part, Module) and part.block is None:
                found[part] = _container_form(part)
                visit(part.children.values())

    for module, body in bodies.items():
        assert module.block is not None
        plain = module.parent is not None and module.block.template is None and is_chain(module, body)
        found[module] = ModuleForm.SEQUENTIAL if plain else ModuleForm.CLASS
        visit(module.children.values())
    return found


def is_chain(module: Module, body: ForwardBody) -> bool:
    """Whether the children run in order, each once and each on its predecessor's value, and nothing else happens."""
    if [step.part for step in body.steps] != list(module.children.values()):
        return False
    if any(isinstance(part, Layer) and not part.node.operation.is_module for part in module.children.values()):
        return False
    value = body.inputs
    for step in body.steps:
        if len(value) != 1 or step.reads != value:
            return False
        value = step.writes
    return len(value) == 1 and body.outputs == value


def _container_form(module: Module) -> ModuleForm:
    if module.is_numbered:
        return ModuleForm.SEQUENTIAL
    children = module.children.values()
    bare = any(isinstance(child, Layer) and not child.node.operation.is_module for child in children)
    return ModuleForm.BARE if bare else ModuleForm.DICT

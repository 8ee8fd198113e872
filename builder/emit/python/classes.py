"""One class for each distinct body, however often it is instantiated.

Two modules share a class if they come from one template, or from blocks of one name, and differ in nothing but numbers.
Numbers that differ between the instances become parameters of the class.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from builder.emit.python.class_count import PARAMETER, ClassCount
from builder.emit.python.forms import ModuleForm
from builder.emit.python.modules import Layer, Module
from builder.emit.python.names import camel, literal, unique, variable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from builder.emit.python.modules import ModulePart
    from builder.emit.python.plan import SourcePlan
    from builder.emit.python.steps import ForwardBody
    from builder.graph import Graph
    from builder.ops.base import Argument, Call

_POSITIONS = {
    "nn.Conv2d": ("in_channels", "out_channels"),
    "nn.Linear": ("in_features", "out_features"),
    "nn.BatchNorm2d": ("channels",),
    "nn.BatchNorm1d": ("features",),
    "nn.LayerNorm": ("features",),
    "LayerNorm2d": ("channels",),
    "SqueezeExcitation": ("channels", "hidden"),
}
"""What the arguments without a keyword are, for the names of parameters."""

_TAPS = ("tapped", "fed")
"""What sets apart a class that gives or takes more than the block's own value."""


class Slot(NamedTuple):
    """One number in a constructor: its value here, whether PyTorch would take it anyway, and a name for it."""

    value: object
    is_default: bool
    name: str


Slots: TypeAlias = list["Slot | tuple[str, Module]"]
"""Numbers in the order of the text; an instance of another class stands for those that it is called with."""


@dataclass(eq=False, slots=True)
class Class:
    """A class of the text. ``fillings`` say what stands at each number: None, a literal or a parameter."""

    base: str
    instances: list[Module]
    traits: tuple[tuple[str, str], ...]
    name: str = ""
    parameters: tuple[str, ...] = ()
    fillings: tuple[str | None, ...] = ()
    arguments: dict[Module, tuple[object, ...]] = field(default_factory=dict)

    @property
    def counts_classes(self) -> bool:
        """Whether this is the network's class and takes the number of classes."""
        return self.model.parent is None and PARAMETER in self.fillings

    @property
    def model(self) -> Module:
        """The instance that the text is written from."""
        return self.instances[0]


def is_number(value: object) -> bool:
    """Whether instances of one class may differ in it; truth values and names make another class."""
    if isinstance(value, tuple):
        return all(is_number(each) for each in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def classes(plan: SourcePlan) -> list[Class]:
    """Return the classes of all modules that need one, the innermost first and the network's last, without names."""
    return _Sorting(plan).run()


def give_names(found: Sequence[Class], taken: set[str]) -> None:
    """Name classes after their base; where several share it, also after the children that only one of them has."""
    alike: dict[str, list[Class]] = defaultdict(list)
    for each in found:
        alike[each.base].append(each)
    for each in found:
        others = [other for other in alike[each.base] if other is not each]
        each.name = unique(each.base + "".join(map(camel, _own(each, others)[:2])), taken)


def _own(cls: Class, others: Sequence[Class]) -> list[str]:
    """Return what sets a class apart from the others: names of children, or what they are where names are shared."""
    shared = [set(other.traits) for other in others]
    names = {name for other in others for name, _ in other.traits}
    own = [
        kind if name in names or name.isdigit() else name
        for name, kind in cls.traits
        if any((name, kind) not in traits for traits in shared)
    ]
    return [each for each in own if each not in _TAPS] or own


class _Sorting:
    """Modules on their way into classes."""

    def __init__(self, plan: SourcePlan) -> None:
        self._plan = plan
        self._classes: dict[Hashable, Class] = {}
        self._of: dict[Module, Class] = {}
        self._slots: dict[Module, Slots] = {}

    def run(self) -> list[Class]:
        """Sort every module by its signature, then find what differs between the instances of each class."""
        for module in self._plan.bodies:
            if self._plan.forms[module] is ModuleForm.CLASS:
                self._sort(module)
        for each in self._classes.values():
            each.base = _common_base(each)
            self._settle(each)
        return list(self._classes.values())

    def _sort(self, module: Module) -> None:
        slots: Slots = []
        children = tuple((name, self._signature(child, slots, "")) for name, child in module.children.items())
        base = _base(module, self._plan.graph)
        assert module.block is not None
        signature = (module.parent is None, module.block.template, base, children, _wiring(self._plan.bodies[module]))
        if signature not in self._classes:
            self._classes[signature] = Class(base, [], self._traits(module))
        cls = self._classes[signature]
        cls.instances.append(module)
        self._of[module] = cls
        self._slots[module] = slots

    def _signature(self, part: ModulePart, slots: Slots, around: str) -> Hashable:
        """Return all about a child but its numbers, which are put into ``slots``."""
        label = around if part.name.isdigit() else f"{around}{part.name}_"
        if isinstance(part, Module) and self._plan.forms[part] is ModuleForm.CLASS:
            slots.append((label, part))
            return id(self._of[part])
        if isinstance(part, Module):
            return tuple((name, self._signature(child, slots, label)) for name, child in part.children.items())
        call = self._plan.call(part)
        slots += [
            Slot(argument.value, argument.is_default, f"{label}{_field(call, position)}")
            for position, argument in enumerate(call.arguments)
            if is_number(argument.value)
        ]
        return call.function, tuple(_structure(argument) for argument in call.arguments)

    def _traits(self, module: Module) -> tuple[tuple[str, str], ...]:
        """Return the children with what each is, and the values that come and go beside the block's own."""
        body = self._plan.bodies[module]
        children = [(name, self._kind(child)) for name, child in module.children.items()]
        return (
            *children,
            *[("tapped", "tapped")] * (len(body.outputs) > 1),
            *[("fed", "fed")] * (len(body.inputs) > 1),
        )

    def _kind(self, part: ModulePart) -> str:
        if isinstance(part, Layer):
            return self._plan.call(part).function.rpartition(".")[2]
        return (part.block.template if part.block is not None else None) or part.name

    def _settle(self, cls: Class) -> None:
        """Find the parameters of a class: equal columns of numbers over its instances are one."""
        rows = [list(self._numbers(module)) for module in cls.instances]
        known = _known_names(cls, self._plan.graph)
        parameters: dict[tuple[object, ...], str] = {}
        taken: set[str] = set()
        fillings: list[str | None] = []
        for column in zip(*rows, strict=True):
            if (filling := _fixed(column, cls)) is not None or all(slot.is_default for slot in column):
                fillings.append(filling)
                continue
            values = tuple((type(slot.value), slot.value) for slot in column)
            if values not in parameters:
                counts = all(isinstance(slot.value, ClassCount) for slot in column)
                name = PARAMETER if counts else known.get(tuple(slot.value for slot in column), column[0].name)
                parameters[values] = unique(variable(name), taken)
            fillings.append(parameters[values])
        cls.parameters = tuple(parameters.values())
        cls.fillings = tuple(fillings)
        for number, module in enumerate(cls.instances):
            cls.arguments[module] = tuple(values[number][1] for values in parameters)  # type: ignore[index]  # pairs of type and value

    def _numbers(self, module: Module) -> Iterator[Slot]:
        for slot in self._slots[module]:
            if isinstance(slot, Slot):
                yield slot
            else:
                label, child = slot
                cls = self._of[child]
                for name, value in zip(cls.parameters, cls.arguments[child], strict=True):
                    yield Slot(value, False, f"{label}{name}")


def _fixed(column: Sequence[Slot], cls: Class) -> str | None:
    """Return what stands at a number in every instance; None where it is left out, or differs between them."""
    first = column[0]
    if all(slot.is_default for slot in column):
        return None
    if isinstance(first.value, ClassCount):
        return PARAMETER if cls.model.parent is None else None
    same = all((type(slot.value), slot.value) == (type(first.value), first.value) for slot in column)
    return literal(first.value) if same else None


def _base(module: Module, graph: Graph) -> str:
    """Return what a class is called after: the network, the template, or the block without its number."""
    assert module.block is not None
    if module.parent is None:
        return network_name(graph)
    if module.block.template is not None:
        return camel(module.block.template)
    *outer, name = module.block.path.split(".")
    while name.isdigit() and outer:
        name = f"{outer.pop()}_block"
    return camel(name.rstrip("0123456789_-") or name)


def _common_base(cls: Class) -> str:
    """Return the base of a class, with the block's number where all its instances are called the same."""
    blocks = [module.block for module in cls.instances if module.block is not None]
    names = {each.name for each in blocks}
    name = names.pop()
    inline = blocks[0].template is None and cls.model.parent is not None
    return camel(name) if inline and not names and not name.isdigit() else cls.base


def network_name(graph: Graph) -> str:
    """Return the name of the network's class: its title, if that only spells the page's name better."""
    title, name = camel(graph.title), camel(graph.name)
    return title if title.lower() == name.lower() else name


def _wiring(body: ForwardBody) -> Hashable:
    """Return how values pass through a forward, each under a number of its own."""
    numbers = {value: number for number, value in enumerate(body.inputs)}
    lines: list[Hashable] = [len(numbers)]
    for step in body.steps:
        reads = tuple(numbers[value] for value in step.reads)
        for value in step.writes:
            numbers[value] = len(numbers)
        place = ".".join(_place(step.part)) if step.part is not None else ""
        text = step.operation.expression(place, *map(str, reads)) if step.operation is not None else place
        lines.append((text, reads, len(step.writes), step.in_place, step.is_head))
    return (*lines, tuple(numbers[value] for value in body.outputs))


def _place(part: ModulePart) -> tuple[str, ...]:
    """Return the names from the module called as one down to ``part``."""
    outer = part.parent
    inner = (part.name,)
    return (*_place(outer), *inner) if outer is not None and outer.block is None else inner


def _field(call: Call, position: int) -> str:
    name = call.arguments[position].name
    known = _POSITIONS.get(call.function, ())
    return name or (known[position] if position < len(known) else "size")


def _structure(argument: Argument) -> Hashable:
    return argument.name, None if is_number(argument.value) else literal(argument.value)


def _known_names(cls: Class, graph: Graph) -> dict[tuple[object, ...], str]:
    """Return names for columns of numbers: arguments of the template, else channels of the block."""
    blocks = [module.block for module in cls.instances if module.block is not None]
    columns = [
        (column[0][0], [value for _, value in column])
        for column in zip(*(each.arguments for each in blocks), strict=True)
    ]
    coming = [graph.shape(each.input).channels for each in blocks]
    leaving = [graph.shape(each.output).channels for each in blocks]
    columns.append(("channels" if coming == leaving else "in_channels", coming))
    columns.append(("out_channels", leaving))
    known: dict[tuple[object, ...], str] = {}
    for name, values in columns:
        frozen = tuple(tuple(value) if isinstance(value, list) else value for value in values)
        if all(is_number(value) for value in frozen):
            known.setdefault(frozen, name)
    return known

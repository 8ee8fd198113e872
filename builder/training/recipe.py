"""How a network is trained, as a YAML file says it. Knows nothing of torch, so that reading one costs no import."""

from __future__ import annotations

from math import floor
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, field_validator, model_validator

from builder.diagnostics import ArchError, Collector, Diagnostic, suggest
from builder.reader import Mapping, Scalar, Value, describe, read_file
from builder.validation import Strict, validate

SHIPPED = Path(__file__).parent / "recipes"

DEFAULT_RECIPES = {
    "cifar10": "lab",
    "cifar100": "lab",
    "fashion_mnist": "lab",
    "svhn": "lab",
    "imagefolder": "lab",
    "digits": "digits",
}
"""Every data set by name, with the recipe that it is trained by unless another is named."""

LearningRate = Annotated[float, Field(gt=0, le=1000)]
WeightDecay = Annotated[float, Field(ge=0, le=1)]
Beta = Annotated[float, Field(ge=0, lt=1)]


class Sgd(Strict):
    """Stochastic gradient descent.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    name: Literal["sgd"]
    lr: LearningRate
    momentum: float = Field(0.0, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: WeightDecay = 0.0

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Sgd:
        if self.nesterov and self.momentum == 0:
            raise ValueError("`nesterov` needs a `momentum` greater than 0")
        return self


class Adam(Strict):
    """Adam.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    name: Literal["adam"]
    lr: LearningRate
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0


class AdamW(Strict):
    """Adam with decoupled weight decay.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    name: Literal["adamw"]
    lr: LearningRate
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    weight_decay: WeightDecay = 0.01


class _Schedule(Strict):
    """What every schedule has: ``warmup`` epochs in which the rate rises in equal steps to its full value."""

    name: str
    warmup: float = Field(0.0, ge=0)


class Constant(_Schedule):
    """The learning rate stays as it is."""

    name: Literal["constant"] = "constant"


class Step(_Schedule):
    """The learning rate is multiplied by ``factor`` after every ``every`` epochs."""

    name: Literal["step"]
    every: int = Field(ge=1)
    factor: float = Field(gt=0, lt=1)


class Cosine(_Schedule):
    """The learning rate falls along half a cosine to 0 at the end. https://arxiv.org/abs/1608.03983, equation 5."""

    name: Literal["cosine"]


class Normalize(Strict):
    """Pixels, first scaled to [0, 1], become (pixel - mean) / std; one number for all channels or one for each."""

    mean: tuple[float, ...] = (0.5,)
    std: tuple[Annotated[float, Field(gt=0)], ...] = (0.5,)

    @model_validator(mode="after")
    def _as_many_means_as_deviations(self) -> Normalize:
        if not self.mean or len(self.mean) != len(self.std):
            raise ValueError(
                f"`mean` has {len(self.mean)} numbers and `std` has {len(self.std)}: one or more, and as many"
            )
        return self


class Augment(Strict):
    """Random changes of training images: mirrored, and shifted by up to ``crop_padding`` pixels with black edges."""

    flip: bool = False
    crop_padding: int = Field(0, ge=0, le=64)

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return self.flip or self.crop_padding > 0


class Recipe(Strict):
    """Everything that decides how a network is trained, besides the network and the data.

    ``size`` is the side of the square images that the network sees; None leaves it to the page's input.
    Images are resized so that their shorter side is ``size / crop_pct`` pixels and ``size`` is cut from the
    centre, as timm calls it: 224 and 0.875 are "resize 256, crop 224".
    ``validation`` is held out of the training set: a number of images, or a fraction below 1.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    epochs: int = Field(ge=1, le=1_000_000)
    batch_size: int = Field(ge=1, le=65_536)
    optimizer: Annotated[Sgd | Adam | AdamW, Field(discriminator="name")]
    schedule: Annotated[Constant | Step | Cosine, Field(discriminator="name")] = Constant()
    init: Literal["page", "kaiming_normal"] = "page"
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    size: int | None = Field(None, ge=1, le=4096)
    crop_pct: float = Field(1.0, gt=0, le=1)
    normalize: Normalize = Normalize()
    augment: Augment = Augment()
    validation: int | float = 0.2
    seed: int = Field(0, ge=0, le=2**63 - 1)

    @field_validator("validation")
    @classmethod
    def _count_or_fraction(cls, value: float) -> float:
        if (isinstance(value, int) and value >= 1) or (isinstance(value, float) and 0 < value < 1):
            return value
        raise ValueError(f"`validation` is a number of images such as 10000 or a fraction such as 0.2, not {value}")

    @property
    def resize(self) -> int | None:
        """Pixels of the shorter side before the centre crop, or None where no size is given."""
        return None if self.size is None else floor(self.size / self.crop_pct)

    def at(self, size: int) -> Recipe:
        """Return this recipe with the image ``size`` of a page's input, unless it has one of its own."""
        return self if self.size is not None else self.model_copy(update={"size": size})

    def to_yaml(self) -> str:
        """Return the recipe as the YAML text that ``load_recipe`` reads, with every default written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def changed_fields(before: Recipe, after: Recipe) -> list[str]:
    """Return the fields in which two recipes differ, as ``--set`` names them; a name says nothing."""
    return _differences(before.model_dump(exclude={"name"}), after.model_dump(exclude={"name"}))


def _differences(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _differences(one, other, f"{prefix}{name}.")
        elif one != other:
            found.append(prefix + name)
    return found


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Read the shipped recipe of that name, or the file at that path.

    Raises ArchError with every mistake of the file, or if there is no such recipe.
    """
    text = str(name_or_path)
    if text in recipe_names():
        return recipe_from(read_file(SHIPPED / f"{text}.yaml", f"{text}.yaml"))
    if Path(text).suffix in {".yaml", ".yml"} or Path(text).is_file():
        return recipe_from(read_file(Path(text)))
    hint = suggest(text, recipe_names(), "shipped are") + "; a file's name ends in .yaml"
    raise ArchError(Diagnostic("unknown-recipe", f"there is no recipe `{text}`", hint=hint))


def recipe_from(mapping: Mapping) -> Recipe:
    """Return the recipe that ``mapping`` holds; raise ArchError with every mistake at its place."""
    problems = Collector()
    for field in ("optimizer", "schedule"):
        _check_choice(field, mapping.get(field), mapping, problems)
    recipe = validate(Recipe, mapping, "a recipe", problems)
    if recipe is not None and recipe.schedule.warmup > recipe.epochs:
        message = f"`warmup` takes {recipe.schedule.warmup:g} epochs, and there are only {recipe.epochs}"
        problems.error("bad-value", message, _at(mapping, "schedule", "warmup").mark)
    problems.raise_found()
    assert recipe is not None, "validate returns None only with a problem"
    return recipe


def recipe_json_schema() -> dict[str, object]:
    """Return the JSON Schema of a recipe, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Recipe.model_json_schema()}


def choices(field: str) -> dict[str, type[Strict]]:
    """Return the models that ``optimizer`` or ``schedule`` may be, by the name that chooses them."""
    members = get_args(Recipe.model_fields[field].annotation)
    return {get_args(member.model_fields["name"].annotation)[0]: member for member in members}


def _at(value: Value, *path: str) -> Value:
    """Return the value at ``path``, or as near to it as the text goes."""
    for step in path:
        inner = value.get(step) if isinstance(value, Mapping) else None
        value = inner or value
    return value


def _check_choice(field: str, value: Value | None, recipe: Mapping, problems: Collector) -> None:
    """Name what is wrong with a choice in its own words; what is said first of a place is what is shown."""
    known = choices(field)
    if value is None:
        return  # missing: validation says whether it may be
    if not isinstance(value, Mapping):
        message = f"`{field}` is a mapping such as {{name: {next(iter(known))}}}, not {describe(value)}"
        problems.error("bad-value", message, value.mark)
        return
    name = value.get("name")
    if not isinstance(name, Scalar) or name.value not in known:
        given = "" if name is None else f", not `{name.plain()}`"
        listed = ", ".join(known)
        hint = suggest(str(name.plain()) if name else "", list(known), "there are")
        message = f"`{field}.name` is one of {listed}{given}"
        problems.error("bad-value", message, recipe.key_mark(field), hint)
        return
    fields = list(known[str(name.value)].model_fields)
    for key, _ in value:
        if key not in fields:
            message = f"`{key}` is not a field of {field} `{name.value}`"
            problems.error("unknown-field", message, value.key_mark(key), suggest(key, fields, "it has"))

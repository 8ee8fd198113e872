"""How a network is trained, as a YAML file says it. Knows nothing of torch, so that reading one costs no import."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import floor
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, field_validator, model_validator

from builder.diagnostics import ArchError, Collector, Diagnostic, RunError, suggest, suggest_value
from builder.files import is_file, other_than_file
from builder.reader import Mapping, Scalar, Value, describe, read_file
from builder.shipped import shipped_recipes
from builder.training.recipe.image_size import Growth, ImageSize
from builder.training.recipe.lookahead import Lookahead
from builder.training.recipe.optimizer import Optimizer
from builder.training.recipe.schedule import Constant, Schedule
from builder.validation import Strict, validate

CHOICES = ("optimizer", "schedule")
"""The fields of a recipe that are one of several things, chosen by ``name``."""


class Normalize(Strict):
    """Pixels, first scaled to [0, 1], become (pixel - mean) / std; one number for all channels or one for each."""

    mean: tuple[float, ...] = Field((0.5,), description="subtracted from each pixel")
    std: tuple[Annotated[float, Field(gt=0)], ...] = Field((0.5,), description="divisor of each pixel")

    @model_validator(mode="after")
    def _as_many_means_as_deviations(self) -> Normalize:
        if not self.mean or len(self.mean) != len(self.std):
            raise ValueError(
                f"`mean` has {len(self.mean)} numbers and `std` has {len(self.std)}: one or more, and as many"
            )
        return self


class Augment(Strict):
    """Random changes of training images, others in every epoch."""

    flip: bool | Literal["alternating"] = Field(
        False,
        description="flip horizontally with probability 1/2; `alternating`: so in the first epoch, then each image "
        "the other way in every epoch",
    )
    crop_padding: int = Field(
        0, ge=0, le=64, description="largest shift of an image in pixels; `padding_mode` says what is then at the edge"
    )
    padding_mode: Literal["constant", "reflect"] = Field(
        "constant", description="the uncovered edge is black, or mirrors the image, as in torchvision's `RandomCrop`"
    )
    cutout: int = Field(
        0, ge=0, le=4096, description="side in pixels of a random square that is covered with the mean color"
    )

    def scaled(self, part: float) -> Augment:
        """Return the same changes of images whose side is that ``part`` of the final one."""
        shift, square = round(part * self.crop_padding), round(part * self.cutout)
        return self.model_copy(update={"crop_padding": shift, "cutout": square})

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return bool(self.flip) or self.crop_padding > 0 or self.cutout > 0


class Recipe(Strict):
    """Everything that decides how a network is trained, besides the network and the data."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=100,
        description="the recipe's name: letters, digits, `_`, `-` and `.`, beginning with a letter or digit",
    )
    epochs: int = Field(ge=1, le=100_000, description="passes over all training images")
    batch_size: int = Field(ge=1, le=65_536, description="images per step")
    drop_last: bool = Field(
        False,
        description="leave out the last batch of an epoch where it has fewer images, as in PyTorch's `DataLoader`",
    )
    optimizer: Annotated[Optimizer, Field(discriminator="name", description="the optimizer and its settings")]
    schedule: Annotated[Schedule, Field(discriminator="name", description="the learning rate schedule")] = Constant()
    clip_norm: float | None = Field(
        None, gt=0, le=1e6, description="clip the global norm of the gradient to this value"
    )
    ema_decay: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of an exponential moving average (EMA) of the weights, which is validated and saved instead",
    )
    lookahead: Lookahead | None = Field(
        None, description="slow weights to which the trained ones return every few steps: `{every: 5, decay: 0.5}`"
    )
    early_stop: int | None = Field(
        None, ge=1, le=1_000_000, description="stop after this many epochs without a better validation accuracy"
    )
    selection: Literal["best", "last"] = Field(
        "best",
        description="weights that are kept and tested: those of the epoch with the best validation accuracy, or of the "
        "last one",
    )
    sync_batchnorm: bool = Field(False, description="compute batch norm statistics over the images of all processes")
    init: Literal["page", "kaiming_normal"] = Field(
        "page",
        description="initial weights: as the page says, or Kaiming normal for all convolutions and linear layers",
    )
    init_streams: Literal["one", "by_name"] = Field(
        "one",
        description="random numbers of the initial weights: one stream through all layers, as in PyTorch, or one for "
        "each layer, by its name, so that layers that two networks share begin equal; the default of studies",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="part of the target that is distributed evenly over all classes"
    )
    size: ImageSize | None = Field(
        None,
        description="side of the square images in pixels, by default that of the page's input; or how it grows: "
        "`{from: 64, to: 96, until: 0.7}`, and then pixels of `augment` are meant at the final size",
    )
    crop_pct: float = Field(
        1.0,
        gt=0,
        le=1,
        description="images are resized to `size / crop_pct`, and `size` is cut from the center: 224 and 0.875 are "
        "`resize 256, crop 224`",
    )
    whiten: bool = Field(
        False,
        description="the first convolution whitens the patches of the training images that it sees, and is not trained",
    )
    test_time_flip: bool = Field(
        False,
        description="validation, test and prediction use the mean of the logits of an image and of its mirror image",
    )
    test_time_shift: int = Field(
        0,
        ge=0,
        le=64,
        description="pixels by which the image is also shifted to two corners for that mean, where the unshifted one "
        "counts half; the uncovered edge mirrors it",
    )
    normalize: Normalize = Field(Normalize(), description="normalization of the pixels")
    augment: Augment = Field(Augment(), description="random augmentation of training images")
    validation: int | float = Field(
        0.2, description="training images held out for validation: a number, or a fraction below 1"
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="seed of all random numbers")

    @field_validator("validation")
    @classmethod
    def _count_or_fraction(cls, value: float) -> float:
        if (isinstance(value, int) and value >= 1) or (isinstance(value, float) and 0 < value < 1):
            return value
        raise ValueError(f"`validation` is a number of images such as 10000 or a fraction such as 0.2, not {value}")

    @property
    def side(self) -> int | None:
        """Side of the images that the network is judged by, in pixels, or None where no size is given."""
        return self.size.to if isinstance(self.size, Growth) else self.size

    @property
    def test_time(self) -> str:
        """What the answers of validation, test and prediction are means over, in words; nothing where over nothing."""
        flips = "flips" if self.test_time_flip else ""
        shifts = f"shifts of {self.test_time_shift} px" if self.test_time_shift else ""
        named = " and ".join(each for each in (flips, shifts) if each)
        return f"test-time {named}" if named else ""

    @property
    def resize(self) -> int | None:
        """Pixels of the shorter side before the center crop, or None where no size is given."""
        return None if self.side is None else floor(self.side / self.crop_pct)

    @property
    def grows(self) -> bool:
        """Whether training images have several sizes: a single epoch has the final one."""
        return isinstance(self.size, Growth) and self.size.start < self.size.to and self.epochs > 1

    @property
    def training_sides(self) -> tuple[int, ...]:
        """The sides of training images that differ from the final one, in the order in which they are used."""
        return tuple(side for side in dict.fromkeys(self.sides) if side != self.side)

    @property
    def sides(self) -> tuple[int, ...]:
        """The side of the training images of every epoch where they grow, else nothing."""
        if not isinstance(self.size, Growth) or not self.grows:
            return ()
        return tuple(self.size.side(epoch, self.epochs) for epoch in range(1, self.epochs + 1))

    def at(self, size: int) -> Recipe:
        """Return this recipe with the image ``size`` of a page's input, unless it has one of its own."""
        return self if self.size is not None else self.model_copy(update={"size": size})

    def in_epoch(self, epoch: int) -> Recipe:
        """Return the recipe of the training images of ``epoch`` (from 1), which has one size."""
        if not isinstance(self.size, Growth) or not self.grows:
            return self
        side = self.size.side(epoch, self.epochs)
        return self.model_copy(update={"size": side, "augment": self.augment.scaled(side / self.size.to)})

    def to_yaml(self) -> str:
        """Return the recipe as the YAML text that ``load_recipe`` reads, with every default written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def check_edges(recipe: Recipe) -> None:
    """Raise RunError where an edge would mirror more of an image than there is; the ``recipe`` has its size."""
    side = recipe.side
    if side is None:
        return
    only = f"and images of {side} px have only {side - 1} beside an edge to mirror"
    wide = recipe.augment.crop_padding
    if recipe.augment.padding_mode == "reflect" and wide >= side:
        hint = "choose a smaller one, or `--set padding_mode=constant`"
        raise RunError(f"`crop_padding` is {wide}, {only}", hint)
    if recipe.test_time_shift >= side:
        raise RunError(f"`test_time_shift` is {recipe.test_time_shift}, {only}", "choose a smaller one")


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


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Read the shipped recipe of that name, or the file at that path.

    Raises ArchError with every mistake of the file, or if there is no such recipe.
    """
    text = str(name_or_path)
    shipped = shipped_recipes()
    if text in shipped:
        return recipe_from(read_file(shipped[text], f"{text}.yaml"))
    if Path(text).suffix in {".yaml", ".yml"} or is_file(Path(text)):
        return recipe_from(_read(Path(text)))
    other = other_than_file(Path(text))
    if text and other is not None:
        raise ArchError(Diagnostic("unknown-recipe", f"{text} is not a recipe: {other}", hint="name a file"))
    hint = suggest(text, list(shipped), "shipped are") + "; a file's name ends in .yaml"
    raise ArchError(Diagnostic("unknown-recipe", f"there is no recipe `{text}`", hint=hint))


def _read(path: Path) -> Mapping:
    """Return what the file holds; where that is no mapping, say what one of a recipe is."""
    try:
        return read_file(path)
    except ArchError as error:
        raise ArchError(*(_of_recipe(each) for each in error.diagnostics)) from None


def _of_recipe(mistake: Diagnostic) -> Diagnostic:
    if mistake.code != "not-a-mapping":
        return mistake
    hint = "write `name: …`, `epochs: …`, `optimizer: …` at the left margin"
    return replace(mistake, message=mistake.message.replace("a page", "a recipe", 1), hint=hint)


def recipe_from(mapping: Mapping) -> Recipe:
    """Return the recipe that ``mapping`` holds; raise ArchError with every mistake at its place."""
    problems = Collector()
    for field in CHOICES:
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
    """Return the models that one of ``CHOICES`` may be, by the name that chooses them."""
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
        given = value.value if isinstance(value, Scalar) else None
        hint = f"write `{field}: {{name: {given}}}`, or `--set {field}.name={given}`" if given in known else None
        problems.error("bad-value", message, value.mark, hint)
        return
    name = value.get("name")
    if not isinstance(name, Scalar) or name.value not in known:
        given = "" if name is None else f", not `{name.plain()}`"
        listed = ", ".join(known)
        hint = suggest_value(str(name.plain()) if name else "", list(known), "there are")
        message = f"`{field}.name` is one of {listed}{given}"
        problems.error("bad-value", message, recipe.key_mark(field), hint)
        return
    fields = list(known[str(name.value)].model_fields)
    for key, _ in value:
        if key not in fields:
            message = f"`{key}` is not a field of {field} `{name.value}`"
            problems.error("unknown-field", message, value.key_mark(key), partial(suggest, key, fields, "it has"))

"""A run and its results as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.commands.answers import confusion_of
from builder.quantities import duration, human, plural, shape
from builder.runs.weights import described
from builder.tables import table

if TYPE_CHECKING:
    from builder.commands.answers import Confusion
    from builder.commands.evaluate import Evaluated
    from builder.commands.train import Beginning, Trained
    from builder.training.folder.summary import Summary
    from builder.training.progress import EpochDone, GoingOn, ImagesInMainMemory, LookingBack, SizeChosen, StepChosen
    from builder.training.recipe.recipe import Recipe


def beginning(value: Beginning, *, verbose: bool = False) -> str:
    """Return the first lines of a run: network, data, recipe, device, and why they were chosen.

    ``verbose`` adds the names of the weights that were loaded and the whole recipe, defaults written out.
    """
    images = ", ".join(f"{count:,} {name}" for name, count in value.images.items())
    reason = f"the default for {value.data}" if value.recipe_is_default else "as asked for"
    lines = [
        ("network", f"{value.network}: {shape(value.input)}, {human(value.parameters)} parameters, {_classes(value)}"),
        ("data", f"{value.data}: {images} images"),
        ("recipe", f"{value.recipe.name}, {reason}: {_recipe(value.recipe)}"),
        ("device", f"{_processes(value.processes)}{value.device}, {value.precision}: {value.precision_reason}"),
    ]
    if value.weights is not None:
        lines.append(("weights", described(value.weights, verbose=verbose)))
    if value.run is not None:
        lines.append(("run", str(value.run)))
    lines.extend(("log", f"{each.name}, which is run" if each.file else each.name) for each in value.logs)
    lines.extend(("note", each) for each in value.notes)
    said = [f"{name:<9}{what}" for name, what in lines]
    return "\n".join([*said, "", value.recipe.to_yaml()] if verbose else said)


def _processes(count: int) -> str:
    return f"{count} processes, the first on " if count > 1 else ""


def _classes(value: Beginning) -> str:
    if value.classes == value.page_classes:
        return f"{value.classes} classes"
    return f"{value.classes} classes as {value.data} has (the page says {value.page_classes})"


def pixels(recipe: Recipe) -> str:
    """Return the side of a recipe's images, or from what to what it grows."""
    sides = (*recipe.training_sides, recipe.side)
    return f"{sides[0]} px" if len(sides) == 1 else f"{sides[0]} to {sides[-1]} px"


def _recipe(recipe: Recipe) -> str:
    grows = f", images grow from {pixels(recipe)}" if recipe.sides else ""
    judged = f", {recipe.test_time}" if recipe.test_time else ""
    warmup = f" after {recipe.schedule.warmup:g} of warm-up" if recipe.schedule.warmup else ""
    return (
        f"{plural(recipe.epochs, 'epoch')}, batch {recipe.batch_size}, "
        f"{recipe.optimizer.name} {recipe.optimizer.lr:g}, {recipe.schedule.name}{warmup}{grows}{judged}"
    )


def images_in_main_memory(event: ImagesInMainMemory) -> str:
    """Return why computing waits for images, and what would help; an Apple GPU never says how much memory is free."""
    where = f"the {event.images:,} images of {event.split} stay in main memory"
    why = "the device has too little, or does not say how much is free"
    return f"images   {where} ({why}); each batch is copied, and a smaller `--set size=…` would be faster"


def going_on(event: GoingOn) -> str:
    """Return where a run goes on, and what its user must know about that."""
    after = f", after step {event.step:,}" if event.step else ""
    lines = [f"goes on  in epoch {event.epoch}{after}"]
    if event.damage:
        lines.append(f"warning: {event.damage}; it was set aside, and the run continues from the previous checkpoint")
    if event.changed:
        changed = "; ".join(event.changed)
        lines.append(f"warning: the results will differ in their last bits, because this has changed: {changed}")
    return "\n".join(lines)


def step_chosen(event: StepChosen) -> str:
    """Return how steps are taken, and why, or how long it took to make ready for that."""
    return f"step     {event}, recorded in {event.seconds:.1f} s" if event.seconds else f"step     {event}"


def size_chosen(event: SizeChosen) -> str:
    """Return from which epoch on the training images, which grow, have which side."""
    return f"size     {event.side} px from epoch {event.epoch} on"


def looking_back(event: LookingBack) -> str:
    """Return what was found, and what is done to say more of it."""
    steps = plural(event.steps, "step")
    return f"{event.message}; repeating {steps} since the last checkpoint to find where it began"


def slower(seconds: float, fastest: float, command: str) -> str:
    """Return that an epoch took much longer than the fastest one, and the command that continues in one thread."""
    return (
        f"slower   this epoch took {duration(seconds)}, the fastest one {duration(fastest)}: other programs use the "
        f"processor; stop with Ctrl-C and continue with {command}"
    )


def epoch(done: EpochDone, epochs: int, room: int | None = None) -> str:
    """Return one epoch's losses and accuracies, in fewer words where there is ``room`` for few characters only."""
    row = done.metrics
    head = f"epoch {row.epoch:>{len(str(epochs))}}/{epochs}"
    best = "  best" if done.best else ""
    time = duration(row.seconds)
    train = (f"train loss {row.train_loss:.4f} accuracy {row.train_accuracy:7.2%}",
             f"train {row.train_loss:.4f} {row.train_accuracy:7.2%}")  # fmt: skip
    validation = (f"validation loss {row.val_loss:.4f} accuracy {row.val_accuracy:7.2%}",
                  f"validation {row.val_loss:.4f} {row.val_accuracy:7.2%}")  # fmt: skip
    forms = (
        f"{head}  {train[0]}  {validation[0]}  {time}{best}",
        f"{head}  {train[1]}  {validation[1]}  {time}{best}",
        f"{head}  {validation[1]}{best}",
        f"{row.epoch}/{epochs}  {row.val_accuracy:.2%}{best}",
    )
    longest = 0 if done.best else len("  best")  # so that all lines of a run have one form
    return next((form for form in forms if room is None or len(form) + longest <= room), forms[-1])


def trained(value: Trained) -> str:
    """Return the result as a table and, last, the folder of the run; nothing to add where nothing was trained."""
    found = value.summary
    if found is None:
        return "nothing was trained or written (--dry-run)"
    rows = [
        ("best validation accuracy", f"{found.best_val_accuracy:.2%}", f"epoch {found.best_epoch} of {found.epochs}"),
        ("last validation accuracy", f"{found.final.val_accuracy:.2%}", _stopped(found)),
    ]
    if found.test_accuracy is not None:
        tested = found.best_epoch if value.beginning.recipe.selection == "best" else found.final.epoch
        rows.append(("test accuracy", f"{found.test_accuracy:.2%}", f"of epoch {tested}, read once"))
    speed = f"{found.images_per_second:,.0f} images/s" if found.images_per_second else ""
    rows.append(("training time", duration(found.seconds), speed))
    return table([value.beginning.network, "", ""], rows, right=[1]) + f"\n{value.beginning.run}"


def _stopped(found: Summary) -> str:
    """Return that a run ended before its last epoch, nothing where it did not."""
    return "" if found.final.epoch == found.epochs else f"stopped early, after epoch {found.final.epoch}"


def evaluated(value: Evaluated) -> str:
    """Return accuracy and loss, what was loaded if that was asked for, and each class with what it was taken for.

    Up to a dozen classes are a whole matrix; of more, those are listed that are most often confused.
    """
    images = f"{value.network} on {value.images:,} {value.split} images of {value.data}"
    judged = f" ({value.test_time})" if value.test_time else ""
    lines = [f"{images}: accuracy {value.accuracy:.2%}, loss {value.loss:.4f}{judged}"]
    if value.weights is not None:
        lines.append(f"weights  {described(value.weights)}")
    confusion = confusion_of(value.confusion, tuple(value.class_accuracy))
    shares = ["–" if share is None else f"{share:.2%}" for share in value.class_accuracy.values()]
    parts = ["\n".join(lines), _matrix(confusion, shares) if len(shares) <= _SHOWN else _found(confusion, shares)]
    pairs = _confused(confusion)
    if pairs:
        parts.append(table(["class", "taken for", "images", "of its images"], pairs, right=[2, 3]))
    if value.pictures:
        parts.append("\n".join(str(path) for path in value.pictures))
    return "\n\n".join(parts)


_SHOWN = 12  # classes of a matrix that fits a terminal
_PAIRS = 5  # of classes that are most often confused


def _matrix(confusion: Confusion, shares: list[str]) -> str:
    """Return a line for each class: how many of its images got each answer, answers by their number."""
    numbered = [str(number) for number in range(len(confusion.rows))]
    names = [
        name if name == number else f"{number} {name}" for number, name in zip(numbered, confusion.rows, strict=True)
    ]
    head = ["class", "found", *numbered, *confusion.columns[len(numbered) :]]
    rows = [
        [name, share, *(f"{count:,}" if count else "·" for count in row)]
        for name, share, row in zip(names, shares, confusion.counts, strict=True)
    ]
    return table(head, rows, right=range(1, len(head)))


def _found(confusion: Confusion, shares: list[str]) -> str:
    return table(["class", "found"], list(zip(confusion.rows, shares, strict=True)), right=[1])


def _confused(confusion: Confusion) -> list[list[str]]:
    """Return which classes are most often taken for which others."""
    pairs = [
        (count, name, answer, sum(row))
        for name, row in zip(confusion.rows, confusion.counts, strict=True)
        for answer, count in zip(confusion.columns, row, strict=True)
        if count and answer != name
    ]
    most = sorted(pairs, key=lambda pair: -pair[0])[:_PAIRS]
    return [[name, answer, f"{count:,}", f"{count / total:.1%}"] for count, name, answer, total in most]

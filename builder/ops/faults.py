"""What can be wrong with an operation that a user wrote, found while a page is read and not in the middle of a run."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

from builder.diagnostics import Mark, Source
from builder.ops.base import Call, Parameter, SavedTensors, ShapeError
from builder.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.ops.base import Operation

_IN_SOURCE = ("nn", "torch", "F")
"""What the source of a network imports where its text names it."""

_OURS = "builder.ops."


class FaultyPluginError(Exception):
    """A plugin's own code fails, or answers with something that its signature does not promise."""

    def __init__(self, message: str, mark: Mark | None = None) -> None:
        """Take what happened and, where it is known, the line of the plugin."""
        super().__init__(message)
        self.message = message
        self.mark = mark


def output(operation: Operation, *inputs: Shape) -> Shape:
    """Return the shape that ``operation`` gives; a plugin's is also asked for all that later rooms will ask it.

    Raises ShapeError as the operation does, and FaultyPluginError where a plugin's code is wrong.
    """
    if is_ours(operation):
        return operation.output(*inputs)
    try:
        for question, answer, kind in _answers(operation, inputs):
            _expect(operation, question, answer, kind)
        _check_call(operation, inputs)
        return operation.output(*inputs)
    except (ShapeError, FaultyPluginError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's code raises is an answer for the user
        fault = told(error, *_file_of(operation))
        raise FaultyPluginError(f"the plugin's `{operation.kind}` fails: {fault.message}", fault.mark) from None


def is_ours(operation: Operation) -> bool:
    """Return whether an operation is one that is always there, and tested beside its module."""
    return type(operation).__module__.startswith(_OURS)


def _expect(operation: Operation, question: str, answer: object, kind: type) -> None:
    """Raise FaultyPluginError where ``answer`` is of another type than ``kind``; a truth value is no number."""
    if not isinstance(answer, kind) or isinstance(answer, bool):
        wanted = f"`{kind.__name__}`, and it returns `{answer!r}`"
        raise FaultyPluginError(f"`{question}` of the plugin's `{operation.kind}` must return {wanted}")


def _answers(operation: Operation, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, Any, type]]:
    """Yield every question with its answer and the type that it should have, the shape first."""
    yield "output", operation.output(*inputs), Shape
    yield "parameters", operation.parameters(*inputs), tuple
    for each in operation.parameters(*inputs):
        yield "parameters", each, Parameter
    yield "macs", operation.macs(*inputs), int
    yield "saved_tensors", operation.saved_tensors(inputs, (True,) * len(inputs), in_place=False), SavedTensors
    yield "label", operation.label(*inputs), str
    if operation.is_module:
        yield "call", operation.call(*inputs), Call


def _check_call(operation: Operation, inputs: tuple[Shape, ...]) -> None:
    """Raise FaultyPluginError where the call names a class that neither PyTorch nor the definition has."""
    if not operation.is_module:
        return
    function = operation.call(*inputs).function
    if function.partition(".")[0] not in (*_IN_SOURCE, *defined_names(operation.definition)):
        message = (
            f"`call` of the plugin's `{operation.kind}` names `{function}`, which is neither in `nn` nor in `torch`"
        )
        raise FaultyPluginError(f"{message}, and `definition` does not define it")


def defined_names(definition: str | None) -> list[str]:
    """Return the classes and functions that a piece of source defines."""
    return re.findall(r"^(?:class|def) (\w+)", definition or "", re.MULTILINE)


def told(error: BaseException, file: str, text: str) -> FaultyPluginError:
    """Return an exception in words, with the last line of ``file`` that it passed."""
    message = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename == file:
        number, column = error.lineno or 1, error.offset or 1
        return FaultyPluginError(f"{type(error).__name__}: {error.msg}", Mark(Source(file, text), number, column))
    passed = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if not passed or passed[-1] is None:
        return FaultyPluginError(message)
    source = Source(file, text)
    line = source.line(passed[-1])
    indent = len(line) - len(line.lstrip())
    return FaultyPluginError(message, Mark(source, passed[-1], indent + 1, max(1, len(line.strip()))))


def _file_of(operation: Operation) -> tuple[str, str]:
    """Return name and text of the file that an operation comes from."""
    import inspect  # noqa: PLC0415 - needed only where something is wrong
    from pathlib import Path  # noqa: PLC0415 - the same

    file = inspect.getfile(type(operation))
    return file, Path(file).read_text("utf-8")

"""The reference of all commands as a page of documentation, written from what their help says."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from typer.core import TyperGroup

from builder.cli.program import Program, ProgramWithDefault, described, examples, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer
    from typer._click.core import Command as AnyCommand  # types only: typer gives them no public name
    from typer._click.core import Context

_HEAD = """\
# Command reference

Written by `archcli --markdown`; a test keeps it up to date.
It says what `archcli COMMAND -h` says. [Commands, by example](commands.md) shows what they print.
"""


def command_reference(context: typer.Context) -> str:
    """Return the reference as Markdown; ``context`` is that of the whole program."""
    program = context.command
    assert isinstance(program, Program), "the reference is that of the whole program"
    lines = [_HEAD]
    for name in program.list_commands(context):
        command = program.commands[name]
        inner = type(context)(command, parent=context, info_name=name)
        if isinstance(command, TyperGroup):
            lines += _group(command, inner)
        else:
            lines += _command(command, inner)
    return "\n".join(lines)


def _group(group: TyperGroup, context: Context) -> Iterator[str]:
    """Yield a section for each command of a group; the one that need not be named has the group's own name."""
    default = group.default if isinstance(group, ProgramWithDefault) else None
    for name, command in group.commands.items():
        if name == default:
            yield from _command(command, context)
        else:
            yield from _command(command, type(context)(command, parent=context, info_name=name))


def _command(command: AnyCommand, context: Context) -> Iterator[str]:
    """Yield the section of a command: what it does, how it is called, what it takes, examples."""
    path = context.command_path
    text = [line for line in inspect.cleandoc(command.help or "").splitlines() if not line.startswith("$ ")]
    yield from (f"## {path.partition(' ')[2]}", "", _escaped("\n".join(text).strip()), "")
    params = [each for each in command.params if not getattr(each, "hidden", False)]
    arguments = " ".join(usage_of(each) for each in params if each.param_type_name == "argument")
    yield from ("```", " ".join(f"{path} {arguments} [OPTIONS]".split()), "```", "")
    yield from (f"- `{usage_of(each)}`: {_escaped(described(each))}" for each in params)
    shown = examples(command)
    if shown:
        yield from ("", "Examples:", "", "```", *shown, "```")
    yield ""


def _escaped(text: str) -> str:
    """Return a text with the signs escaped that Markdown would read, outside of code."""
    parts = re.split(r"(`[^`]*`)", text.replace("  [", " ["))
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_])", r"\\\1", part).replace("<", "&lt;") for part in parts
    )

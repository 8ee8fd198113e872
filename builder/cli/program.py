"""A program and its commands as typer's classes: how their help reads, and how a wrong command line ends."""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from builder.choices import DATA_VARIABLE
from builder.cli import usage
from builder.commands.terminal.console import say
from builder.commands.terminal.exit_codes import INVALID, exit_codes
from builder.diagnostics import ArchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typer._click.core import Command as AnyCommand  # types only: typer gives them no public name
    from typer._click.core import Context, Parameter
    from typer._click.formatting import HelpFormatter

_PROMPT = "$ "
"""What a line of a docstring begins with that is an example."""


def examples(command: AnyCommand) -> list[str]:
    """Return the command lines that a command's help shows, as they are typed; a comment may follow behind ``#``."""
    lines = inspect.cleandoc(command.help or "").splitlines()
    return [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]


class Command(TyperCommand):
    """A command whose help names what it takes in the user's words, and ends with examples.

    The examples are the lines of its function's docstring that begin with ``$``.
    """

    allow_extra_args = True  # they are refused in our words

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the words of a command line; raise ArchError for what a command does not take."""
        with _in_our_words(self, ctx, args):
            _check_once(self, ctx, args)
            rest = super().parse_args(ctx, list(args))
        if rest and not ctx.resilient_parsing:
            raise ArchError(usage.superfluous(rest, ctx))
        return rest

    def invoke(self, ctx: Context) -> Any:
        """Run the command; leave by SystemExit with a message that names the variables that wrong values are from."""
        with exit_codes(_from_environment(self, ctx)):
            return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        """Return what stands behind the command's name in its line of usage."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return [*(usage_of(each) for each in arguments), "[OPTIONS]"]

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write what the command does."""
        _write_text(self, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write arguments and options."""
        _write_parameters(self, ctx, formatter)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the examples."""
        _write_examples(self, formatter, "Examples")


class Program(TyperGroup):
    """A group of commands, in sections; the one at the top turns a wrong command line into a message."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - click's signature; we always leave by SystemExit
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run what the command line asks for, and leave by SystemExit with one of the codes of ``exit_codes``."""
        with exit_codes():
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        sys.exit(code if isinstance(code, int) else 0)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the words before the command's name; without any, show the help and leave as after wrong usage."""
        if not args and not ctx.resilient_parsing:
            say(ctx.get_help())
            ctx.exit(INVALID)
        with _in_our_words(self, ctx, args):
            return super().parse_args(ctx, list(args))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """Return the command that ``args`` begin with and the rest; raise ArchError where there is none."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            raise ArchError(usage.unknown_command(args[0], self.commands, ctx.command_path))
        return super().resolve_command(ctx, args)

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what the program is for, and for the whole of it the first steps."""
        _write_text(self, formatter)
        if ctx.parent is None:
            _write_examples(self, formatter, "First steps")

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands by section, and the options last."""
        self.format_commands(ctx, formatter)
        _write_parameters(self, ctx, formatter)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write a line for each command, under the heading of its section.

        Groups of commands come first, as others ask for what they make; those that are a command themselves last, as
        they look after what others have made.
        """
        sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                rows = sections[panel if isinstance(panel, str) else "Commands"]
                row = (name.ljust(self._widest), command.get_short_help_str(limit=200))
                is_first = isinstance(command, Program) and not isinstance(command, ProgramWithDefault)
                rows.insert(0 if is_first else len(rows), row)
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what holds for all commands, or the examples of a group."""
        super().format_epilog(ctx, formatter)
        if ctx.parent is not None:
            _write_examples(self, formatter, "Examples")

    @property
    def _widest(self) -> int:
        """The width of the column of names, which all sections share."""
        return max(map(len, self.commands))


class ProgramWithDefault(Program):
    """A group of commands whose command ``list`` need not be named; its help is that command's too."""

    default = "list"

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the words of a command line; where they name no command and ask for no help, it is the default one."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named or ctx.resilient_parsing else [self.default, *args])

    def collect_usage_pieces(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return what stands behind the group's name in its line of usage."""
        others = "|".join(name for name in self.commands if name != self.default)
        return [f"[{others}]", "[FOLDER]", "[OPTIONS]"]

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands, then what the default one takes."""
        self.format_commands(ctx, formatter)
        _write_parameters(self.commands[self.default], ctx, formatter)


def _from_environment(command: AnyCommand, ctx: Context) -> dict[str, str]:
    """Return the values that stand for options that were not given, by the variables that they are from."""
    found: dict[str, str] = {}
    for param in command.params:
        variable = DATA_VARIABLE if param.name == "data_dir" else param.envvar  # the default of some is another's
        source = ctx.get_parameter_source(param.name or "")
        if isinstance(variable, str) and source is not None and source.name != "COMMANDLINE":
            found |= {variable: value} if (value := os.environ.get(variable)) else {}
    return found


@contextmanager
def _in_our_words(command: AnyCommand, ctx: Context, args: Sequence[str]) -> Iterator[None]:
    """Raise as ArchError what typer finds wrong; a shell that asks for completions is answered by typer itself."""
    try:
        yield
    except TyperException as error:
        if ctx.resilient_parsing:
            raise
        example = next((line.partition("  #")[0] for line in examples(command)), None)
        raise ArchError(usage.diagnosis(error, ctx, args, example)) from None


def _check_once(command: AnyCommand, ctx: Context, args: Sequence[str]) -> None:
    """Raise ArchError for an option that takes one value and is given two."""
    if ctx.resilient_parsing:
        return
    _, _, order = command.make_parser(ctx).parse_args(list(args))
    counted = Counter(each for each in order if each.param_type_name == "option" and not each.multiple)
    for param, times in counted.items():
        values = usage.values_of(param, args)
        if times > 1 and len(set(values)) != 1 and not getattr(param, "is_flag", False):
            raise ArchError(usage.given_twice(param, values))


def _write_text(command: AnyCommand, formatter: HelpFormatter) -> None:
    lines = inspect.cleandoc(command.help or "").splitlines()
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text("\n".join(line for line in lines if not line.startswith(_PROMPT)).strip())


def _write_examples(command: AnyCommand, formatter: HelpFormatter, title: str) -> None:
    """Write the examples as they are typed: a line that is broken could not be copied."""
    shown = examples(command)
    if shown:
        with formatter.section(title):
            for line in shown:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def _write_parameters(command: AnyCommand, ctx: Context, formatter: HelpFormatter) -> None:
    params = [each for each in command.get_params(ctx) if not getattr(each, "hidden", False)]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [(usage_of(each), described(each)) for each in params if each.param_type_name == kind]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def usage_of(param: Parameter) -> str:
    """Return how an argument or option is written."""
    if param.param_type_name == "argument":
        name = f"{param.metavar or param.name}{'...' if param.nargs != 1 else ''}"
        return name if param.required else f"[{name}]"
    names = ", ".join(sorted(param.opts, key=len))
    return names if getattr(param, "is_flag", False) else f"{names} {param.metavar}"


def described(param: Parameter) -> str:
    """Return what is said of an argument or option, with its default."""
    shown = getattr(param, "show_default", True)
    default = shown if isinstance(shown, str) else param.default if shown else None
    extra = ["repeatable"] if param.multiple else []
    extra += [f"default: {default}"] if default is not None and default is not False and default != () else []
    variable = getattr(param, "envvar", None)
    extra += [f"or {variable}"] if variable else []
    extra += ["required"] if param.required and param.param_type_name == "option" else []
    return (getattr(param, "help", None) or "") + (f"  [{'; '.join(extra)}]" if extra else "")

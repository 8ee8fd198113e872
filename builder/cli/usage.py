"""What is wrong with a command line, said as a page's mistakes are: message, help, nearest right name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.diagnostics import Diagnostic, nearest, suggest, suggest_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typer._click.core import Command, Context, Parameter  # types only: typer gives them no public name
    from typer.exceptions import TyperException

_KINDS = {"int": "a whole number", "float": "a number"}
"""What pydantic's names of mistakes begin with, and what was expected then."""

_BOUNDS = {"greater_than": "at least", "less_than": "at most"}
"""The same for a number beyond a bound."""


def unknown_command(name: str, known: Mapping[str, Command], group: str) -> Diagnostic:
    """Return the answer to a command that ``group`` does not have."""
    for other, command in known.items():
        if name in getattr(command, "commands", ()):
            return Diagnostic("usage", f"`{group}` has no command `{name}`", None, f"it is `{group} {other} {name}`")
    return Diagnostic("usage", f"`{group}` has no command `{name}`", None, suggest(name, list(known), "commands are"))


def superfluous(words: Sequence[str], ctx: Context) -> Diagnostic:
    """Return the answer to words that a command takes no more of."""
    given = ", ".join(f"`{word}`" for word in words)
    return Diagnostic("usage", f"`{ctx.command_path}` does not take {given}", None, _all_options(ctx))


def values_of(param: Parameter, args: Sequence[str]) -> list[str]:
    """Return the values that an option is given, where they can be told apart from its name."""
    found = []
    for word, following in zip(args, [*args[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if word in param.opts:
            found.append(following)
        elif equals and name in param.opts:
            found.append(value)
    return found


def given_twice(param: Parameter, values: Sequence[str]) -> Diagnostic:
    """Return the answer to an option that takes one value and has two: the last one would win without a word."""
    given = " and ".join(f"`{value}`" for value in values) or "twice"
    return Diagnostic("usage", f"`{_name(param)}` takes one value, and is given {given}", None, "give it once")


def diagnosis(error: TyperException, ctx: Context, args: Sequence[str], example: str | None) -> Diagnostic:
    """Return what typer found wrong with ``args`` as a mistake of ours; ``example`` is a right use of the command.

    Typer gives its exceptions no public names, so they are told apart by what they carry.
    """
    facts = vars(error)
    if "possibilities" in facts:
        return _unknown_option(_as_typed(str(facts["option_name"]), args), ctx)
    if "option_name" in facts:
        return _option_without_value(str(facts["option_name"]), _plain(error), ctx)
    if "param_type" in facts:
        return _missing(facts["param"], ctx, example)
    if facts.get("param") is not None:
        return _bad_value(facts["param"], error, ctx)
    return Diagnostic("usage", _plain(error), None, _all_options(ctx))


def _as_typed(name: str, args: Sequence[str]) -> str:
    """Return the whole word that an option stands in: of ``-epochs`` typer only names ``-e``."""
    if name.startswith("--"):
        return name
    return next((word for word in args if word.startswith(name)), name)


def _unknown_option(name: str, ctx: Context) -> Diagnostic:
    options = [param for param in ctx.command.get_params(ctx) if not _is_argument(param)]
    known = [each for param in options for each in param.opts]
    close = nearest(name, known)
    if close is not None:
        hint = f"did you mean `{close}`?"
    elif any("--set" in param.opts and param.metavar == "NAME=VALUE" for param in options):
        field = name.strip("-").partition("=")[0].replace("-", "_")
        hint = f"{_all_options(ctx)}; a field of the recipe is set by `--set {field}=VALUE`"
    else:
        hint = _all_options(ctx)
    return Diagnostic("usage", f"`{ctx.command_path}` has no option `{name}`", None, hint)


def _option_without_value(name: str, message: str, ctx: Context) -> Diagnostic:
    param = next((each for each in ctx.command.get_params(ctx) if name in each.opts), None)
    if param is None or "not take" in message:
        return Diagnostic("usage", f"`{name}` takes no value", None, f"write `{name}` alone")
    return Diagnostic("usage", f"`{name}` needs a value", None, f"write `{name} {param.metavar}`")


def _missing(param: Parameter, ctx: Context, example: str | None) -> Diagnostic:
    wanted = param.metavar if _is_argument(param) else f"`{_name(param)} {param.metavar}`"
    hint = f"for example `{example}`" if example else _all_options(ctx)
    return Diagnostic("usage", f"`{ctx.command_path}` needs {wanted}", None, hint)


def _bad_value(param: Parameter, error: TyperException, ctx: Context) -> Diagnostic:
    """Return the answer to a value that cannot be taken; what pydantic found is the cause of typer's error."""
    details = _details(error)
    name, value, kind = _name(param), str(details.get("input")), str(details.get("type", ""))
    choices = (param.metavar or "").split("|")
    if kind == "value_error" and len(choices) > 1:
        message = f"`{ctx.command_path}` does not take `{value}`" if _is_argument(param) else None
        hint = suggest_value(value, choices, "it takes")
        return Diagnostic("usage", message or f"`{value}` is not a value of `{name}`", None, hint)
    bound = next((word for begin, word in _BOUNDS.items() if kind.startswith(begin)), None)
    if bound is not None:
        (limit,) = details["ctx"].values()
        return Diagnostic("usage", f"`{name}` is {bound} {limit:g}, not {value}")
    wanted = _KINDS.get(kind.partition("_")[0])
    if wanted is not None:
        return Diagnostic("usage", f"`{name}` takes {wanted}, not `{value}`", None, f"as in `{name} 1`")
    return Diagnostic("usage", f"`{name}`: {_plain(error)}", None, _all_options(ctx))


def _details(error: TyperException) -> Mapping[str, Any]:
    errors = getattr(error.__cause__, "errors", None)
    found: Sequence[Mapping[str, Any]] = errors() if errors is not None else ()
    return found[0] if found else {}


def _plain(error: TyperException) -> str:
    """Return typer's own sentence in our form: no capital, no full stop, nothing of Python's."""
    text = error.message.removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]


def _name(param: Parameter) -> str:
    return param.metavar or param.name if _is_argument(param) else max(param.opts, key=len)


def _is_argument(param: Parameter) -> bool:
    return param.param_type_name == "argument"


def _all_options(ctx: Context) -> str:
    return f"`{ctx.command_path} -h` shows what it takes"

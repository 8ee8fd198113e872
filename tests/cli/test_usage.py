"""A wrong command line is answered as a wrong page is: code, message, help, nearest right name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer.main

import cli

if TYPE_CHECKING:
    from tests.command_line import Archcli

WRONG = {
    "chekc": ("`archcli` has no command `chekc`", "did you mean `check`?"),
    "plan digits_placement": ("`archcli` has no command `plan`", "it is `archcli study plan`"),
    "study pln x": ("`archcli study` has no command `pln`", "did you mean `plan`?"),
    "zzz": ("`archcli` has no command `zzz`", "commands are: `init`, `import`, "),
    "--vrsion": ("`archcli` has no option `--vrsion`", "did you mean `--version`?"),
    "show alexnet --jsn": ("`archcli show` has no option `--jsn`", "did you mean `--json`?"),
    "train alexnet --epoch 3": ("`archcli train` has no option `--epoch`", "did you mean `--epochs`?"),
    "train alexnet -epochs 3": ("`archcli train` has no option `-epochs`", "did you mean `--epochs`?"),
    "train alexnet --momentum 0.9": (
        "`archcli train` has no option `--momentum`",
        "`archcli train -h` shows what it takes; a field of the recipe is set by `--set momentum=VALUE`",
    ),
    "bench alexnet --weight-decay=0": (
        "`archcli bench` has no option `--weight-decay`",
        "`archcli bench -h` shows what it takes; a field of the recipe is set by `--set weight_decay=VALUE`",
    ),
    "variants alexnet --zzz": ("`archcli variants` has no option `--zzz`", "`archcli variants -h` shows what it takes"),
    "show alexnet --zzz": ("`archcli show` has no option `--zzz`", "`archcli show -h` shows what it takes"),
    "show": ("`archcli show` needs FILE", "for example `archcli show resnet18`"),
    "check": ("`archcli check` needs FILE", "for example `archcli check alexnet resnet`"),
    "export alexnet": (
        "`archcli export` needs `--to python|safetensors|torch|onnx|pt2`",
        "for example `archcli export alexse_both --to python -o alexse_both.py`",
    ),
    "show alexnet resnet18": ("`archcli show` does not take `resnet18`", "`archcli show -h` shows what it takes"),
    "train alexnet --data": ("`--data` needs a value", "write `--data cifar10|"),
    "show alexnet --json=yes": ("`--json` takes no value", "write `--json` alone"),
    "train alexnet --data digitz": ("`digitz` is not a value of `--data`", "did you mean `digits`?"),
    "train alexnet --precision int4": (
        "`int4` is not a value of `--precision`",
        "it takes: `auto`, `fp32`, `tf32`, `bf16`",
    ),
    "schema pag": ("`archcli schema` does not take `pag`", "did you mean `page`?"),
    "train alexnet --seed a": ("`--seed` takes a whole number, not `a`", "as in `--seed 1`"),
    "train alexnet --lr high": ("`--lr` takes a number, not `high`", "as in `--lr 1`"),
    "train alexnet --epochs 0": ("`--epochs` is at least 1, not 0", None),
    "train alexnet --threads 1025": ("`--threads` is at most 1024, not 1025", None),
    "train alexnet --lr 0.1 --lr 0.2": ("`--lr` takes one value, and is given `0.1` and `0.2`", "give it once"),
    "train alexnet --data=digits --data svhn": (
        "`--data` takes one value, and is given `digits` and `svhn`",
        "give it once",
    ),
    "export alexnet --to python -o a.py --output b.py": (
        "`--output` takes one value, and is given `a.py` and `b.py`",
        "give it once",
    ),
    "variants alexnet -oa -ob": ("`--output` takes one value, and is given twice", "give it once"),
    "study plan digits_placement --workers 1 --workers 2": (
        "`--workers` takes one value, and is given `1` and `2`",
        "give it once",
    ),
    "bench alexnet --seconds 0": ("`--seconds` is at least 0.1, not 0", None),
}


class TestMessages:
    """What stands on stderr; stdout stays empty and the exit code is 2."""

    @pytest.mark.parametrize("line", WRONG)
    def test_message_and_help(self, line: str, archcli: Archcli) -> None:
        """The message says what is wrong, the help what to write."""
        message, hint = WRONG[line]
        outcome = archcli(*line.split())
        assert (outcome.code, outcome.out) == (2, "")
        first, *rest = outcome.err.splitlines()
        assert first == f"error[usage]: {message}"
        assert [each.startswith(f"  help: {hint}") for each in rest] == ([True] if hint else [])
        assert not rest or rest[0] == f"  help: {hint}" or hint.endswith((", ", "|"))

    def test_the_first_example_that_is_shown_is_a_command_without_its_comment(self, archcli: Archcli) -> None:
        """It can be copied as it stands."""
        assert "#" not in archcli("resume").err

    def test_characters_that_move_the_cursor_are_not_printed(self, archcli: Archcli) -> None:
        """What is quoted comes from outside."""
        assert "\x1b" not in archcli("show", "alexnet", "--x\x1b[31m").err

    def test_no_option_with_one_value_takes_two(self, archcli: Archcli) -> None:
        """Of any command: the first would be forgotten without a word."""
        tried, silent = 0, []
        for name, command in self.commands():
            for param in command.params:
                if param.param_type_name == "option" and not param.multiple and not getattr(param, "is_flag", False):
                    tried += 1
                    option = max(param.opts, key=len)
                    outcome = archcli(*name.split(), option, "1", option, "2")
                    if (outcome.code, "is given `1` and `2`" in outcome.err) != (2, True):
                        silent.append((name, option, outcome))
        assert (tried > 60, silent) == (True, [])

    def test_the_same_value_twice_is_harmless(self, archcli: Archcli) -> None:
        """And so is a flag: both come from an alias that is used with more options."""
        assert archcli("show", "alexnet", "--json", "--json").code == 0
        assert (
            archcli("train", "alexnet_tiny", "--data", "digits", "--data", "digits", "--dry-run", "-q", "-q").code == 0
        )

    @staticmethod
    def commands() -> list[tuple[str, typer.core.TyperCommand]]:
        """Return every command by the words that call it."""
        found = []
        for name, command in typer.main.get_command(cli.app).commands.items():
            inner = getattr(command, "commands", None)
            found += [(name, command)] if inner is None else [(f"{name} {each}", inner[each]) for each in inner]
        return found

    def test_every_option_is_found_again_without_its_last_letter(self, archcli: Archcli) -> None:
        """Whatever option of whatever command was meant, an option of that command is offered."""
        lost = []
        for name, command in typer.main.get_command(cli.app).commands.items():
            for param in command.params:
                long = max(param.opts, key=len)
                if long.startswith("--") and len(long) > 5 and not hasattr(command, "commands"):
                    outcome = archcli(name, long[:-1])
                    if outcome.code != 2 or "did you mean `--" not in outcome.err:
                        lost.append((name, long, outcome))
        assert lost == []

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

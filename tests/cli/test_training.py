"""The options of the commands that train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

import cli

if TYPE_CHECKING:
    from tests.command_line import Archcli


class TestShortForms:
    """``--epochs``, ``--lr`` and ``--batch-size`` say what ``--set`` says."""

    @pytest.mark.parametrize(
        ("short", "long"),
        [
            (("--epochs", 3), "epochs=3"),
            (("--lr", "1e-5"), "lr=0.00001"),
            (("--batch-size", 8), "batch_size=8"),
            (("--seed", 5), "seed=5"),
        ],
    )
    def test_it_is_the_same_recipe(self, short: tuple[object, ...], long: str, archcli: Archcli) -> None:
        """Nothing else of what would be done differs."""
        dry = ("train", "alexnet_tiny", "--data", "digits", "--device", "cpu", "--dry-run", "--json")
        one, other = archcli(*dry, *short), archcli(*dry, "--set", long)
        assert (one.code, json.loads(one.out)) == (0, json.loads(other.out))
        assert json.loads(one.out) != json.loads(archcli(*dry).out)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--set", "lr=0.1", "--lr", "0.2"), "`optimizer.lr` is set to 0.1 and to 0.2"),
            (("--lr", "0.2", "--set", "optimizer.lr=0.1"), "`optimizer.lr` is set to 0.1 and to 0.2"),
            (("--set", "epochs=2", "--epochs", "3"), "`epochs` is set to 2 and to 3"),
            (("--set", "batch_size=2", "--batch-size", "3"), "`batch_size` is set to 2 and to 3"),
            (("--set", "seed=2", "--seed", "3"), "`seed` is set to 2 and to 3"),
            (("--set", "lr=0.1", "--set", "lr=0.2"), "`optimizer.lr` is set to 0.1 and to 0.2"),
        ],
    )
    def test_two_values_of_a_field_are_refused(self, words: tuple[str, ...], said: str, archcli: Archcli) -> None:
        """With both: the last one would win without a word."""
        outcome = archcli("train", "alexnet_tiny", "--data", "digits", "--device", "cpu", "--dry-run", *words)
        assert (outcome.code, said in outcome.err) == (2, True), outcome.err
        equal = ("--set", "epochs=3", "--epochs", "3")
        assert archcli("train", "alexnet_tiny", "--data", "digits", "--device", "cpu", "--dry-run", *equal).code == 0


class TestEnvironment:
    """A server's own places, once for all commands."""

    @pytest.mark.parametrize(
        ("variable", "option", "value"),
        [
            ("ARCHCLI_DATA", "data_dir", Path("here")),
            ("ARCHCLI_RUNS", "runs_dir", Path("here")),
            ("ARCHCLI_DEVICE", "device", "here"),
        ],
    )
    def test_a_variable_is_the_default_of_an_option(
        self, variable: str, option: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An option on the command line wins."""
        monkeypatch.setenv(variable, "here")
        train = typer.main.get_command(cli.app).commands["train"]
        assert train.make_context("train", ["alexnet"]).params[option] == value
        typed = ["alexnet", f"--{option.replace('_', '-')}", "there"]
        assert train.make_context("train", typed).params[option] == type(value)("there")

    @pytest.mark.parametrize(
        ("variable", "value", "words"),
        [
            ("ARCHCLI_DEVICE", "tpu", ("train", "alexnet_tiny", "--data", "digits", "--dry-run")),
            ("ARCHCLI_DEVICE", "tpu", ("study", "plan", "digits_placement")),
            ("ARCHCLI_RUNS", "no/where", ("runs",)),
            ("ARCHCLI_DATA", "no/where", ("train", "alexnet_tiny", "--dry-run")),
            ("ARCHCLI_DATA", "no/where", ("evaluate", "alexnet_tiny", "--data", "imagefolder", "--weights", "w.pth")),
        ],
    )
    def test_a_wrong_value_names_the_variable(
        self, variable: str, value: str, words: tuple[str, ...], archcli: Archcli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who ran the command may never have seen it."""
        monkeypatch.setenv(variable, value)
        outcome = archcli(*words)
        assert outcome.code in {1, 2}
        assert f"help: `{variable}` says `{value}`: change or unset it" in outcome.err

    def test_of_an_option_that_is_typed_no_variable_is_named(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its value is the one that counts."""
        monkeypatch.setenv("ARCHCLI_RUNS", "no/where")
        outcome = archcli("runs", "no/where")
        assert "cannot list no/where" in outcome.err
        assert "ARCHCLI_RUNS" not in outcome.err

"""What a shell is offered for the word that is being typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from builder.cli import completion
from builder.commands.explain import explanations
from builder.shipped import shipped_names

ROOT = Path(__file__).parents[2]
ASKED = """
import runpy, sys
sys.argv = ["archcli"]
try:
    runpy.run_path({cli!r}, run_name="__main__")
except SystemExit as left:
    heavy = [name for name in ("pydantic", "torch", "rich", "yaml") if sys.modules.get(name) is not None]
    print(left.code or 0, heavy, file=sys.stderr)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with runs, a study and pages, in which the test stands."""
    for name in ("runs/alexnet-001", "runs/mine-001", "study-runs/question-001", "pages", "empty"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("mine.yaml", "notes.txt", ".hidden.yaml", "pages/one.yaml", "pages/two.yaml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(shell: str, line: str) -> list[str]:
    """Return what the program offers a shell for the last word of ``line``."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    ran = subprocess.run(
        [sys.executable, "-c", ASKED.format(cli=str(ROOT / "cli.py"))],
        env={**os.environ, **asked, completion.VARIABLE: f"complete_{shell}", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stderr == "0 []\n", ran.stderr
    if shell == "zsh":
        return re.findall(r'^(?:.*\()?"([^"]+)"', ran.stdout, re.MULTILINE)
    return [each.partition("\t")[0] for each in ran.stdout.splitlines()]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
class TestShells:
    """Each shell gets names, and no answer waits for pydantic, torch, rich or YAML."""

    def test_names_of_networks(self, shell: str) -> None:
        """Members of a family too."""
        assert ask(shell, "archcli show resnet11") == ["resnet110", "resnet110_a"]
        assert ask(shell, "archcli show resnet18") == ["resnet18", "resnet18d"]

    def test_runs_behind_values_that_stand_already(self, shell: str) -> None:
        """What stands on the line is read for it, and not checked."""
        line = "archcli evaluate --data digits --split validation runs/"
        assert ask(shell, line) == ["runs/alexnet-001", "runs/mine-001"]

    def test_recipes_and_studies(self, shell: str) -> None:
        """Where the option or the command takes one."""
        assert ask(shell, "archcli train alexnet --recipe di") == ["digits", "digits32"]
        assert ask(shell, "archcli study run digits") == ["digits_placement", "digits_search"]
        assert ask(shell, "archcli report study-runs/q") == ["study-runs/question-001"]

    def test_commands_options_and_choices(self, shell: str) -> None:
        """As the command has them."""
        assert ask(shell, "archcli ch") == ["check"]
        assert ask(shell, "archcli study st") == ["status"]
        assert ask(shell, "archcli train alexnet --dev") == ["--device"]
        assert ask(shell, "archcli train alexnet --data cifar") == ["cifar10", "cifar100"]
        assert ask(shell, "archcli train alexnet --device c") == ["cpu", "cuda"]


@pytest.mark.usefixtures("home")
class TestAnswers:
    """Which names and paths are offered where."""

    def test_a_page_is_a_name_or_a_file(self) -> None:
        """Folders are offered to go on from; what is neither YAML nor a folder is not, nor what is hidden."""
        offered = completion.page("")
        assert offered[: len(shipped_names())] == sorted(shipped_names())
        assert offered[len(shipped_names()) :] == ["empty/", "mine.yaml", "pages/", "runs/", "study-runs/"]

    def test_a_folder_that_is_alone_is_opened(self) -> None:
        """Else the shell would end the word behind it."""
        assert completion.page("pag") == ["pages/one.yaml", "pages/two.yaml"]
        assert completion.page("emp") == []

    def test_hidden_files_are_offered_to_who_asks_for_them(self) -> None:
        """By their dot."""
        assert completion.page(".h") == [".hidden.yaml"]

    def test_absolute_paths_stay_absolute(self, home: Path) -> None:
        """The answer begins with what was typed."""
        assert completion.page(f"{home}/mi") == [f"{home}/mine.yaml"]

    def test_runs_come_first(self) -> None:
        """A run may lie elsewhere too."""
        assert completion.run("") == ["runs/alexnet-001", "runs/mine-001", "empty/", "pages/", "runs/", "study-runs/"]
        assert completion.run("runs/m") == ["runs/mine-001"]

    def test_where_nothing_was_run_nothing_is_offered(self, home: Path) -> None:
        """A folder that is not there is no mistake."""
        (home / "runs").rename(home / "elsewhere")
        assert completion.page_or_run("run") == []
        assert completion.run("nowhere/") == []

    def test_images_are_files_of_any_kind_of_image(self, home: Path) -> None:
        """In upper and lower case, behind a run that stands already."""
        for name in ("pages/cat.JPG", "pages/dog.png"):
            (home / name).touch()
        assert completion.image("pages/") == ["pages/cat.JPG", "pages/dog.png"]
        assert ask("bash", "archcli predict runs/mine-001 pages/d") == ["pages/dog.png"]

    def test_codes_are_those_that_can_be_explained(self) -> None:
        """They are found without YAML."""
        assert completion.code("") == list(explanations())
        assert completion.code("unknown-f") == ["unknown-field"]

    def test_what_can_be_checked(self) -> None:
        """Networks and studies by name, recipes as files."""
        assert completion.checkable("digits_s") == ["digits_search"]
        assert completion.checkable("mi") == ["mine.yaml"]


class TestInstallation:
    """``--show-completion`` and ``--install-completion``."""

    @pytest.fixture
    def bash(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment in which ``archcli`` is a command and the home folder is empty."""
        (tmp_path / "bin").mkdir()
        command = tmp_path / "bin" / "archcli"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
        command.chmod(0o755)
        return {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}

    @pytest.mark.parametrize(
        "source",
        ['eval "$(archcli --show-completion)"', "archcli --install-completion > /dev/null; . ~/.bashrc"],
        ids=["shown", "installed"],
    )
    def test_bash_completes_by_the_script(self, source: str, bash: dict[str, str]) -> None:
        """The script that is shown or installed is run by bash itself, which then asks for a word."""
        asked = 'COMP_WORDS=(archcli show alexnet_t); COMP_CWORD=2; _archcli_completion archcli; echo "${COMPREPLY[@]}"'
        ran = subprocess.run(
            ["bash", "--norc", "-c", f"{source}\n{asked}\ntrue"], env=bash, capture_output=True, text=True, check=False
        )
        assert (ran.stdout, ran.stderr) == ("alexnet_tiny\n", "")

"""Where PyTorch is not installed: what checks, draws and plans works, and the rest says which command installs it.

The fast tests refuse to import what the light installation lacks. ``make light`` makes that installation, in
environments of its own, and runs the same commands there: ``ARCHCLI_LIGHT`` is the folder of its programs, and
``ARCHCLI_LIGHT_STUDIES`` that of one with numpy, scipy and filelock besides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cli
from builder.runs.images import load_shared
from builder.study.page.page import read_study
from builder.study.plan.counts import counted
from builder.training.data.named import load
from builder.training.recipe.data_sets import DATA_SETS
from tests.command_line import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "tests" / "kept" / "study"
SPACE = "--insert se --among block*.pre_activation"
STUDIES_NEED = {"filelock", "numpy", "scipy"}
TRAINING_NEEDS = {
    "torch",
    "torchvision",
    "sklearn",
    "matplotlib",
    "PIL",
    "safetensors",
    "optuna",
    "dask",
    "distributed",
}

LIGHT = (
    "--version",
    "--help",
    "init mine",
    "check mine.yaml alexnet digits_placement",
    "show mine.yaml",
    "show resnet18 --json",
    "show alexse_both --resolved",
    "draw mine.yaml",
    "draw alexnet alexse_both -o two.svg -o two.png -o two.tex -o two.dot --level block",
    f"variants alexnet {SPACE}",
    f"variants alexnet {SPACE} -o pages --draw variants.svg",
    f"variants alexnet {SPACE} --csv",
    f"variants alexnet --insert gct --among block*.out --plugin {ROOT / 'docs' / 'examples' / 'gct.py'}",
    "diff alexnet alexse_both",
    "export mine.yaml --to python",
    "export mine.yaml --to python -o mine.py",
    "schema",
    "schema recipe",
    "schema study",
    "schema --markdown",
    "explain",
    "explain unknown-field",
    "explain --markdown",
)
"""What the light installation does: every command ends with 0."""

WITH_STUDIES = (
    "study plan digits_placement",
    "study plan digits_placement --json",
    "study plan digits_search",
    f"study plan {STUDY}",
    f"study status {STUDY}",
    f"report {STUDY} -o report",
)
"""What it does with numpy, scipy and filelock besides."""

NEEDING_TORCH = (
    "train alexnet --data digits",
    "train alexnet --dry-run",
    "evaluate alexnet --weights none.safetensors",
    "predict alexnet image.png --weights none.safetensors",
    "bench alexnet",
    "export alexnet --to safetensors",
    "export alexnet --to torch",
    "export alexnet --to pt2",
    "import torchvision:resnet18",
    "study run digits_placement",
    f"study run {STUDY}",
    f"study plan {ROOT / 'tests' / 'journeys' / 'folder_study.yaml'}",
)
"""What needs PyTorch, where numpy, scipy and filelock are there."""

ELSEWHERE = {"resume", "compare", "doctor", "live"}
"""Commands that are tried by themselves: below, for they first need something that is not there, or in their room."""

SCRIPT = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, ROOT)
import cli

for command in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.app(command, prog_name="archcli")
        except SystemExit as left:
            code = left.code or 0
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def without(absent: Iterable[str], commands: Iterable[str], place: Path) -> dict[str, Outcome]:
    """Return how commands end in one process that can't import ``absent``."""
    script = SCRIPT.replace("ABSENT", repr(set(absent))).replace("ROOT", repr(str(ROOT)))
    listed = list(commands)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=place, input=json.dumps([each.split() for each in listed]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {each: Outcome(*json.loads(line)) for each, line in zip(listed, done.stdout.splitlines(), strict=True)}


def installed(variable: str, commands: Iterable[str], place: Path) -> dict[str, Outcome]:
    """Return how commands end in the installation that ``variable`` names, each in a process of its own."""
    folder = os.environ.get(variable)
    if folder is None:
        pytest.skip(f"`make light` makes the installation that {variable} names")
    found = {}
    for each in commands:
        command = [str(Path(folder).resolve() / "archcli"), *each.split()]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        found[each] = Outcome(done.returncode, done.stdout, done.stderr)
    return found


def failed(outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes of commands that did not do what they were asked for."""
    return {command: outcome for command, outcome in outcomes.items() if outcome.code != 0 or not outcome.out}


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Give how everything ends with pydantic, PyYAML, Typer and graphviz-pure alone."""
    commands = (*LIGHT, "report here", "train alexnet", "study plan digits_placement", "resume here", "doctor")
    return without(TRAINING_NEEDS | STUDIES_NEED, commands, tmp_path_factory.mktemp("light"))


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Give how everything ends with numpy, scipy and filelock besides."""
    place = tmp_path_factory.mktemp("studies")
    found = without(TRAINING_NEEDS, (*WITH_STUDIES, *NEEDING_TORCH), place)
    assert not (place / "study-runs").exists(), "nothing is planned without PyTorch"
    return found


class TestLight:
    """The light installation."""

    @pytest.mark.parametrize("command", LIGHT)
    def test_checks_draws_and_enumerates(self, command: str, light: dict[str, Outcome]) -> None:
        """With no word about what is not there."""
        assert (light[command].code, light[command].err) == (0, "")
        assert light[command].out

    @pytest.mark.parametrize("command", ["report here", "study plan digits_placement", "resume here"])
    def test_names_what_a_study_needs(self, command: str, light: dict[str, Outcome]) -> None:
        """Some megabytes, and what brings everything."""
        outcome = light[command]
        assert (outcome.code, outcome.out) == (1, "")
        assert (
            ", which is not installed\n  help: `pip install filelock numpy scipy` for plans and reports" in outcome.err
        )

    def test_names_what_training_needs(self, light: dict[str, Outcome]) -> None:
        """In two lines, and it is no mistake in archcli."""
        said = "error: this needs PyTorch (the package `torch`), which is not installed\n  help: pip install "
        assert light["train alexnet"].code == 1
        assert light["train alexnet"].err.startswith(said)

    def test_is_looked_at_by_doctor(self, light: dict[str, Outcome]) -> None:
        """Which says that there is no device, and that figures can be drawn."""
        assert light["doctor"].code == 1
        assert "No module named 'torch'" in light["doctor"].out
        assert "SVG" in light["doctor"].out


class TestStudies:
    """With numpy, scipy and filelock besides."""

    @pytest.mark.parametrize("command", WITH_STUDIES)
    def test_are_planned_and_told(self, command: str, studies: dict[str, Outcome]) -> None:
        """The plan, how far a study is, and its report with all its figures."""
        assert (studies[command].code, studies[command].err) == (0, "")
        assert studies[command].out

    def test_a_plan_says_what_is_not_measured(self, studies: dict[str, Outcome]) -> None:
        """It has everything but times and images, and lies in no folder."""
        text = studies["study plan digits_placement"].out
        assert "cells    40 = 4 networks × 10 seeds, on the test split\n" in text
        assert "data     digits: each cell has 1,200 train, 300 validation, 297 test images" in text
        assert "compare  the effects of 2 factors: 2 main effects and 1 interaction of two factors" in text
        assert "seeds    3 of each network are needed" in text
        assert "time     not measured\n" in text
        said = "nothing is measured or written down: that needs PyTorch, which is not installed\n  help: pip install "
        assert said in text
        found = json.loads(studies["study plan digits_placement --json"].out)
        assert (found["folder"], found["plan"]["seconds"], found["plan"]["data"]["fingerprint"]) == (None, None, "")

    @pytest.mark.parametrize("command", NEEDING_TORCH)
    def test_what_needs_torch_names_it(self, command: str, studies: dict[str, Outcome]) -> None:
        """With the command that installs it, and neither a traceback nor a report."""
        outcome = studies[command]
        assert (outcome.code, outcome.out) == (1, "")
        said = "error: this needs PyTorch (the package `torch`), which is not installed\n  help: pip install "
        assert said in outcome.err
        assert "mistake in archcli" not in outcome.err

    def test_every_command_is_tried(self) -> None:
        """One that comes anew has to be put into one of the lists."""
        commands = {each.callback.__name__ for each in cli.app.registered_commands if each.callback}
        commands |= {f"study {each.name}" for each in cli.study_app.registered_commands}
        tried = {
            " ".join(each.split()[: 2 if each.startswith("study ") else 1])
            for each in (*LIGHT, *WITH_STUDIES, *NEEDING_TORCH, *ELSEWHERE)
        }
        assert {each.replace("init_page", "init").rstrip("_") for each in commands} <= tried


class TestCounts:
    """How many images there are, known without loading them."""

    def test_are_those_of_the_data(self) -> None:
        """Those of the digits, which are always there."""
        digits = load("digits", Path("data"))
        assert digits.test is not None
        assert DATA_SETS["digits"].counts == (len(digits.train), len(digits.test), len(digits.classes))
        assert [name for name, each in DATA_SETS.items() if each.counts is None] == ["imagefolder"]

    @pytest.mark.parametrize("test", [None, 7, 297])
    def test_are_drawn_as_images_are(self, test: int | None, tmp_path: Path) -> None:
        """Test images of a study, all or as many as it says."""
        page = tmp_path / "study.yaml"
        page.write_text("name: one\nbase: alexnet_tiny\nseeds: 3\n"
                        f"data: {{name: digits{f', test: {test}' if test else ''}}}\n")  # fmt: skip
        drawn = load_shared("digits", Path("data"), None, test)
        assert drawn.test is not None
        assert counted(read_study(page))[:2] == (len(drawn.train), len(drawn.test))


@pytest.mark.slow
class TestInstalled:
    """The same commands in real installations."""

    def test_the_light_one(self, tmp_path: Path) -> None:
        """Pydantic, PyYAML, Typer and graphviz-pure with what they need, and archcli."""
        outcomes = installed("ARCHCLI_LIGHT", LIGHT, tmp_path)
        assert failed(outcomes) == {}
        train = installed("ARCHCLI_LIGHT", ["train alexnet"], tmp_path)["train alexnet"]
        assert (train.code, train.err.splitlines()[-1]) == (1, "  help: pip install archcli-cnn")

    def test_the_one_for_studies(self, tmp_path: Path) -> None:
        """With numpy, scipy and filelock besides; what needs PyTorch says so."""
        outcomes = installed("ARCHCLI_LIGHT_STUDIES", WITH_STUDIES, tmp_path)
        assert failed(outcomes) == {}
        needing = installed("ARCHCLI_LIGHT_STUDIES", NEEDING_TORCH, tmp_path)
        assert {outcome.err.splitlines()[-1] for outcome in needing.values()} == {"  help: pip install archcli-cnn"}
        assert {outcome.code for outcome in needing.values()} == {1}

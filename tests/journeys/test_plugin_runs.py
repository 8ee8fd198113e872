"""``--plugin`` on every command that takes a page, and what a run keeps of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import Archcli

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TINY = """\
name: tiny
input: [1, 16, 16]
classes: 10
layers:
  conv: {conv: {out: 8, kernel: 3, padding: 1}}
  gct: gct
  relu: relu
  pool: {adaptiveavgpool: {size: 1}}
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a plugin, a page that calls it and a base."""
    shutil.copy(EXAMPLES / "gct.py", tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestCommands:
    """Each of them knows the operation with ``--plugin``, and none without."""

    @pytest.mark.parametrize(
        "command",
        [
            "check tiny.yaml",
            "show tiny.yaml",
            "show tiny.yaml --resolved",
            "draw tiny.yaml -o tiny.svg",
            "diff tiny.yaml alexnet",
            "export tiny.yaml --to python",
            "train tiny.yaml --data digits --dry-run",
            "variants alexnet --insert gct --among block*.out",
            "variants tiny.yaml --insert tanh --among conv",
        ],
    )
    def test_with_it_and_without(self, home: Path, archcli: Archcli, command: str) -> None:
        """Without it the word is unknown, and nothing is run because a page says so."""
        with_it = archcli(*command.split(), "--plugin", "gct.py")
        assert (with_it.code, with_it.err.partition("error")[1]) == (0, "")
        without = archcli(*command.split())
        assert without.code == 2
        assert "`gct` is not an operation" in without.err

    def test_schema(self, home: Path, archcli: Archcli) -> None:
        """Editors complete what the user wrote."""
        assert '"fields of gct"' in archcli("schema", "--plugin", "gct.py").out
        assert '"fields of gct"' not in archcli("schema").out

    def test_the_figure_shows_its_label(self, home: Path, archcli: Archcli) -> None:
        """As a gate, with the words of the class."""
        archcli("draw", "tiny.yaml", "--plugin", "gct.py", "-o", "tiny.svg")
        assert "GCT 8" in (home / "tiny.svg").read_text("utf-8")

    def test_a_broken_plugin_is_answered_once(self, home: Path, archcli: Archcli) -> None:
        """Also where several pages are checked."""
        (home / "gct.py").write_text("x = \n")
        outcome = archcli("check", "tiny.yaml", "alexnet", "--plugin", "gct.py")
        assert (outcome.code, outcome.err.count("error[bad-plugin]")) == (2, 1)
        assert "gct.py:1:" in outcome.err


class TestRun:
    """A run keeps a copy; whoever opens the run names it again."""

    @pytest.fixture
    def run(self, home: Path, archcli: Archcli) -> Path:
        """Train for one short epoch."""
        options = ("--data", "digits", "--subset", 200, "--set", "epochs=1", "--device", "cpu")
        assert archcli("train", "tiny.yaml", "--plugin", "gct.py", *options).code == 0
        return Path("runs/tiny-001")

    def test_it_is_kept_and_named_again(self, run: Path, archcli: Archcli) -> None:
        """Code that lies in a folder is never run because the folder was opened."""
        copy = run / "plugins" / "gct.py"
        assert copy.read_bytes() == (EXAMPLES / "gct.py").read_bytes()
        assert list(json.loads((run / "plugins.json").read_text())) == ["gct.py"]
        for command in (
            ("evaluate", run, "--device", "cpu"),
            ("predict", run, run / "mistakes-test.png", "--device", "cpu"),
            ("export", run, "--to", "python"),
            ("resume", run, "--set", "epochs=2", "--device", "cpu"),
        ):
            refused = archcli(*command)
            assert refused.code == 1
            assert f"{run} was trained with gct.py, and archcli runs only plugins that you name" in refused.err
            assert f"name it: --plugin {copy}" in refused.err
            assert archcli(*command, "--plugin", copy).code == 0

    def test_it_is_compared_without_it(self, run: Path, archcli: Archcli) -> None:
        """What is not the page is checked all the same, and one line says that the page is not."""
        outcome = archcli("compare", run)
        assert outcome.code == 0
        assert f"warning: {run}: page.yaml can't be checked: it is read only with the run's plugins\n" in outcome.err
        (run / "recipe.yaml").write_text((run / "recipe.yaml").read_text().replace("lr: 0.004", "lr: 0.1"))
        refused = archcli("compare", run)
        assert (refused.code, "`optimizer.lr` differs" in refused.err) == (1, True)

    def test_another_one_is_refused(self, run: Path, home: Path, archcli: Archcli) -> None:
        """The weights would mean something else."""
        (home / "gct.py").write_text((EXAMPLES / "gct.py").read_text("utf-8").replace("1 + torch", "2 + torch"))
        refused = archcli("evaluate", run, "--plugin", "gct.py")
        assert refused.code == 1
        assert f"{run} was trained with gct.py, and gct.py is another one" in refused.err

    def test_a_run_without_one_takes_none(self, run: Path, home: Path, archcli: Archcli) -> None:
        """It would be said of a run what was not true of it."""
        (run / "plugins.json").unlink()
        refused = archcli("evaluate", run, "--plugin", "gct.py")
        assert (refused.code, "leave out `--plugin`" in refused.err) == (1, True)

"""The code that decides a study's results: all of it, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import builder
from builder.study.workers.code import changed_code, code_version, plugins_of, version_with

PACKAGE = Path(builder.__file__).parent
NO_MATTER = (
    "runs/logs/", "runs/settings.py", "study/workers/logs.py", "extras.py",  # what a cell is told of elsewhere
    "training/figures/", "training/speed/", "training/progress.py", "study/statistics/",
    "spec/schema", "spec/space.py",  # the face of `spec` imports them, and nobody who trains asks for it
)  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package, to be edited."""
    return Path(shutil.copytree(PACKAGE, tmp_path_factory.mktemp("edited") / "builder"))


def changed_by(copy: Path, name: str, before: str, after: str) -> list[str]:
    """Return the files that count as changed when ``name`` of the copy is edited for a moment."""
    path = copy / name
    text = path.read_text("utf-8")
    assert text.count(before) >= 1
    path.write_text(text.replace(before, after), "utf-8")
    try:
        return changed_code(code_version(), code_version.__wrapped__(copy))
    finally:
        path.write_text(text, "utf-8")


class TestCodeVersion:
    """Digests by file."""

    def test_all_that_is_imported_to_train_is_in_it(self) -> None:
        """Python itself says what that is; from packages on the way to a module nothing is asked."""
        script = (
            "import sys, json, builder.study.workers.trial\n"
            "print(json.dumps([module.__file__ for name, module in sys.modules.items()"
            " if name.startswith('builder.')]))"
        )
        ran = subprocess.run([sys.executable, "-c", script], cwd=PACKAGE.parent, capture_output=True, check=True)
        imported = {Path(path).relative_to(PACKAGE).as_posix() for path in json.loads(ran.stdout)}
        left = imported - set(code_version())
        assert {name for name in left if not name.startswith(NO_MATTER) and not name.endswith("__init__.py")} == set()

    @pytest.mark.parametrize(
        ("name", "before", "after"),
        [
            ("costs.py", "return", "return 2 *"),
            ("training/steps/optimizers.py", "fused=True", "fused=False"),
            ("training/recipe/optimizer.py", '"SGD"', '"Adam"'),
            ("training/device/precision.py", "SMALL_STEP = 100_000_000", "SMALL_STEP = 1"),
            ("training/data/named.py", "DIGITS_TEST = 297", "DIGITS_TEST = 298"),
            ("training/weights/initialization.py", "kaiming_normal_", "kaiming_uniform_"),
            ("emit/python/initialization.py", "return", "return 2 *"),
        ],
    )
    def test_what_changes_bits_is_in_it(self, copy: Path, name: str, before: str, after: str) -> None:
        """Costs choose the precision; recipes, images and initial weights lie outside of the trainer."""
        assert changed_by(copy, name, before, after) == [name]

    @pytest.mark.parametrize(
        ("name", "before", "after"),
        [
            ("training/figures/benchmark.py", '"""', '"""x'),
            ("training/figures/curves.py", "return", "return None or"),
            ("training/speed/tutorial.py", "shuffle=True", "shuffle=False"),
            ("study/statistics/answer.py", "return", "return None or"),
            ("study/report/compose.py", "return", "return None or"),
            ("emit/diagram/drawing.py", "return", "return None or"),
            ("commands/show.py", "return", "return None or"),
            ("training/trainer.py", '"""T', '"""Here t'),
            ("training/steps/step.py", "AUXILIARY_WEIGHT = 0.3", "AUXILIARY_WEIGHT = 0.3  # much of it;"),
        ],
    )
    def test_what_changes_none_is_not(self, copy: Path, name: str, before: str, after: str) -> None:
        """What draws, measures, judges and tells; and words about the code, wherever they stand."""
        assert changed_by(copy, name, before, after) == []

    def test_a_file_that_is_new_or_gone_is_named(self) -> None:
        """As is one that is other."""
        assert changed_code({"a.py": "1", "b.py": "1", "c.py": "1"}, {"b.py": "2", "c.py": "1", "d.py": "1"}) == [
            "a.py",
            "b.py",
            "d.py",
        ]

    def test_plugins_are_in_it_by_their_names(self) -> None:
        """They are run, so they decide."""
        version = version_with([PACKAGE.parent / "docs/examples/gct.py"])
        assert list(plugins_of(version)) == ["gct.py"]
        assert changed_code(code_version(), version) == ["plugin gct.py"]

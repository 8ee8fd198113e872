"""The project itself: what is shipped, what is pinned, where things may lie."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections import Counter
from functools import cache
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


def normalized(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files() -> list[Path]:
    """Return what belongs to the project, without what tools and runs leave behind."""
    left_behind = {"build", "dist", "runs", "study-runs", "data"}
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.relative_to(ROOT).parts[0] not in left_behind
        and not any(
            part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info")
            for part in path.relative_to(ROOT).parts
        )
    ]


TESTS = ROOT / "tests"
NOT_OF_A_ROOM = {
    "archs": "the shipped pages",
    "benchmarks": "the scripts that measure",
    "journeys": "what a user does, across all rooms",
    "kept": "files of an earlier version, as data",
    "language": "what a page may say, across reader, spec and lowering",
}
"""Folders of tests that mirror no room, and what they are about."""

OF_A_WHOLE_ROOM = {
    "live/test_in_browser.py": "the page in a real browser, while a file is edited",
    "ops/test_against_torch.py": "every operation beside PyTorch's module",
    "runtime/test_generated.py": "networks that nobody wrote, built",
    "runtime/test_joins.py": "networks that read earlier values, built",
    "runtime/test_operations.py": "every operation, built",
    "study/report/test_page_in_browser.py": "the page in a real browser",
    "study/test_edited.py": "every file of a study's folder, changed by hand",
    "study/statistics/test_simulated.py": "simulated studies through all of the statistics",
    "test_archcli.py": "the package that the top level becomes",
    "test_cli.py": "cli.py as a process",
    "test_project.py": "the project itself",
}
"""Test files that are about more than one module."""


class TestTests:
    """The tests themselves."""

    def test_they_lie_as_the_code_does(self) -> None:
        """``tests/ROOM/test_NAME.py`` is about the module or room ``builder/ROOM/NAME``."""
        lost = [
            str(path.relative_to(TESTS))
            for path in files()
            if path.is_relative_to(TESTS) and path.name.startswith("test_")
            if not self.has_a_place(path.relative_to(TESTS))
        ]
        assert lost == []

    @staticmethod
    def has_a_place(path: Path) -> bool:
        """Return whether what a file of tests is about can be told from where it lies."""
        if path.parts[0] in NOT_OF_A_ROOM or path.as_posix() in OF_A_WHOLE_ROOM or path.stem == "test_builder":
            return True
        about = ROOT / "builder" / path.parent / path.stem.removeprefix("test_")
        return about.with_suffix(".py").is_file() or about.is_dir()

    def test_no_exception_outlives_its_reason(self) -> None:
        """Every exception names something that is there."""
        assert [name for name in (*NOT_OF_A_ROOM, *OF_A_WHOLE_ROOM) if not (TESTS / name).exists()] == []

    def test_no_folder_is_too_full_to_be_read(self) -> None:
        """A room of more than 24 modules is several rooms."""
        modules = [path for path in files() if path.is_relative_to(ROOT / "builder") and path.suffix == ".py"]
        counts = Counter(path.parent for path in modules)
        assert {str(folder): count for folder, count in counts.items() if count > 24} == {}


class TestWheel:
    """The wheel's contents are written by hand in pyproject.toml, and nothing is forgotten there."""

    def test_every_package_is_listed(self) -> None:
        """A folder of ``builder`` that is not listed would be missing for everybody who installs the wheel."""
        folders = {path.parent.relative_to(ROOT) for path in files() if path.is_relative_to(ROOT / "builder")}
        found = {".".join(folder.parts) for folder in folders}
        assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | {"archcli", "archcli.archs", "archcli.studies"}

    def test_every_kind_of_file_is_taken_along(self) -> None:
        """Pages and recipes are data, and lie where package-data looks for them."""
        kinds = {(path.parent.name, path.suffix) for path in files() if path.suffix == ".yaml"}
        shipped = {(package.rpartition(".")[2], ".yaml") for package in PROJECT["tool"]["setuptools"]["package-data"]}
        assert {kind for kind in kinds if kind[0] in {"archs", "shipped", "studies"}} <= shipped

    def test_the_top_holds_the_package_archcli_and_nothing_else(self) -> None:
        """Every other module would be swept into it."""
        assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py", "cli.py"}


class TestPins:
    """Ranges stand in pyproject.toml, exact versions in constraints.txt."""

    @pytest.mark.parametrize(
        "requirement",
        [*PROJECT["project"]["dependencies"], *chain(*PROJECT["project"]["optional-dependencies"].values())],
    )
    def test_every_requirement_is_pinned(self, requirement: str) -> None:
        """What is asked for by range is installed in one version."""
        name = re.split(r"[><=~! \[]", requirement)[0]
        if name == PROJECT["project"]["name"]:  # an extra that is made of others
            return
        assert normalized(name) in {normalized(pinned) for pinned in PINS}

    def test_versions_are_exact_and_no_place_is_named(self) -> None:
        """Which index serves a file is the installer's choice."""
        assert all(re.fullmatch(r"[\w.+-]+", version) for version in PINS.values())


def imported() -> set[str]:
    """Return the distributions that the package imports anywhere."""
    known_as = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}
    names = set()
    for path in files():
        if path.suffix == ".py" and (path.is_relative_to(ROOT / "builder") or path.parent == ROOT):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.partition(".")[0])
    foreign = (
        names - set(sys.stdlib_module_names) - {"archcli", "builder", "_typeshed"}
    )  # the last is the type checker's
    return {known_as.get(name, name) for name in foreign}


class TestVersionsOfPython:
    """Classifiers say what was tried."""

    def test_each_is_in_the_table_of_the_guide(self) -> None:
        """With what ran on it."""
        named = [each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if ":: 3." in each]
        rows = re.findall(r"^\| (3\.\d+) \|", (ROOT / "docs" / "install.md").read_text("utf-8"), re.MULTILINE)
        assert named == rows


class TestDependencies:
    """What is imported is asked for, and nothing else."""

    def test_imports_and_requirements_agree(self) -> None:
        """``graphviz-pure`` is a program, which is run."""
        extras = PROJECT["project"]["optional-dependencies"]
        wanted = [*PROJECT["project"]["dependencies"], *extras["live"], *extras["studies"], *extras["onnx"]]
        asked = {normalized(re.split(r"[><=~! \[]", each)[0]) for each in wanted}
        brought_by_pydantic = {"pydantic_core", "typing_extensions"}
        assert imported() - brought_by_pydantic == asked - {"graphviz-pure"}

    def test_every_pinned_version_runs_on_the_oldest_python(self) -> None:
        """Debian 12 has Python 3.11.2: what asks for a later patch can't be installed there."""
        oldest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
        installed = {normalized(each.metadata["Name"]): each for each in metadata.distributions()}
        needs = {
            name: found.metadata.get("Requires-Python") for name in PINS if (found := installed.get(normalized(name)))
        }
        assert len(needs) > len(PINS) / 2
        assert {name: each for name, each in needs.items() if each and oldest not in SpecifierSet(each)} == {}


class TestOrder:
    """The house rules that a machine can check."""

    def test_no_room_is_called_utils(self) -> None:
        """A name that says nothing gathers what belongs elsewhere."""
        assert [path for path in files() if path.stem in {"utils", "helpers", "common", "misc"}] == []

    def test_commands_never_import_torch_themselves(self) -> None:
        """Not even inside a function, where ruff does not look; only to name a type."""
        for_types = re.compile(r"(?ms)^if TYPE_CHECKING:.*?(?=^\S)")
        wrong = [
            path.name
            for room in ("cli", "commands")
            for path in (*(ROOT / "builder" / room).rglob("*.py"), *ROOT.glob("*.py"))
            if re.search(r"\b(import|from) torch", for_types.sub("", path.read_text("utf-8")))
        ]
        assert wrong == []

    def test_a_run_is_opened_in_one_place(self) -> None:
        """What reads a run without comparing it with its checkpoints is called by ``builder/runs/open.py`` alone.

        A file of weights by itself belongs to no run that it could be compared with; a list of runs compares metrics,
        of which alone it tells, with what the checkpoints have seen of them.
        """
        unchecked = {"read_record", "read_checkpoint_record", "operations_of_run"}
        callers = {
            (path.relative_to(ROOT / "builder").as_posix(), name)
            for path in sources()
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call) and (name := ast.unparse(node.func).rpartition(".")[2]) in unchecked
        }
        others = {(path, "read_checkpoint_record") for path in ("runs/weights.py", "training/folder/header.py")}
        assert callers - others == {("runs/open.py", name) for name in unchecked}

    def test_every_exception_to_a_rule_has_a_reason(self) -> None:
        """A bare ``noqa`` or ``type: ignore`` tells the next reader nothing."""
        silencers = re.compile(r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[\w, -]+\])?)(.*)")
        bare = [
            f"{path.relative_to(ROOT)}:{number}"
            for path in files()
            if path.suffix == ".py" and path != Path(__file__)
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
            if (found := silencers.search(line)) and len(found[1].strip(" -#")) < 8
        ]
        assert bare == []

    def test_links_between_pages_lead_somewhere(self) -> None:
        """Every relative link of a Markdown file has a target."""
        links = [
            (path, target)
            for path in files()
            if path.suffix == ".md" and not path.is_relative_to(TESTS / "kept")
            for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
            if not target.startswith(("http", "mailto"))
        ]
        assert [f"{path.name}: {target}" for path, target in links if not (path.parent / target).exists()] == []


class TestPictures:
    """``docs/figures`` holds what a page shows; what the site draws while it is built is not kept beside it."""

    def test_every_picture_is_shown_by_a_page(self) -> None:
        """Another would be committed again with every change of the drawing."""
        text = "".join(path.read_text("utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
        folder = ROOT / "docs" / "figures"
        pictures = [path for path in files() if path.is_relative_to(folder) and path.suffix in {".svg", ".png"}]
        assert [str(path) for path in pictures if path.relative_to(ROOT / "docs").as_posix() not in text] == []


class TestGuide:
    """``docs/testing.md`` names files and tests that there are."""

    def test_every_row_names_a_test(self) -> None:
        """Else the table would outlive what it tells of."""
        text = (ROOT / "docs" / "testing.md").read_text("utf-8")
        rows = re.findall(r"^\|.*`(tests/[\w/]+\.py)`(?:, `(\w+)`)? \|$", text, re.MULTILINE)
        assert len(rows) > 30
        assert [(file, name) for file, name in rows if not (ROOT / file).is_file()] == []
        defined = re.compile(r"^ *(?:class|def) (\w+)", re.MULTILINE)
        named = [(file, name) for file, name in rows if name]
        assert [each for each in named if each[1] not in defined.findall((ROOT / each[0]).read_text("utf-8"))] == []


WORDS_OF_OUR_OWN = {
    "Team": "process group",
    "said_by_first": "broadcast_from_rank0",
    "Tally": "sums that all_reduce adds up",
    "whole": "all_reduce",
    "_go_on": "_resume",
    "Try": "Trial",
    "Tries": "Trials",
    "Tried": "PastTrial",
    "Misfit": "ShapeError",
    "Kept": "SavedTensors",
    "keeps": "saved_tensors",
    "Request": "TrainOptions",
    "Question": "EvaluateOptions",
    "Asked": "VariantsOptions",
    "Options": "DrawOptions",
}
"""Names of classes, functions and fields that this project once had, and the field's word for each."""

MODULES_OF_OUR_OWN = {
    "datasets": "named",
    "durable": "files",
    "failing": "exit_codes",
    "fitting": "out_of_memory",
    "following": "training_progress",
    "framing": "resize_cache",
    "graphed": "cuda_graph",
    "initialisers": "initializers",
    "measuring": "bench_progress",
    "outcome": "result",
    "overlay": "comparison_curves",
    "rewinding": "step_state",
    "standing": "status",
    "team": "distributed",
    "tries": "trials",
    "watching": "study_progress",
}
"""Names of modules that this project once had, and what the modules are called now."""


def sources() -> list[Path]:
    """Return the modules that are shipped."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / "builder")] + [
        ROOT / "cli.py"
    ]


@cache
def parsed(path: Path) -> ast.Module:
    """Return the tree of a module."""
    return ast.parse(path.read_text("utf-8"))


def messages(tree: ast.AST) -> list[str]:
    """Return the texts of a module in one line each, without its docstrings: what users may read."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in texts if isinstance(node.value, str) and "\n" not in node.value]


def defined(tree: ast.AST) -> set[str]:
    """Return the names of the classes, functions and fields that a module defines."""
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)} | {
        node.target.id
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


BRITISH = (
    "(?:behavi|col|fav|flav|harb|hon|lab|neighb|rum)our",
    "(?:cent|fib|kilomet|lit|millimet|theat)re(?:s|d)?\\b",
    "grey",
    "(?:label|model|signal|travel)l(?:ed|ing|er)(?!by)",
    "(?:character|emphas|equal|final|general|initial|local|maxim|memor|minim|normal)is(?:e|ed|er|es|ing|ation)s?\\b",
    "(?:optim|organ|parallel|quant|random|real|recogn|serial|special|stabil)is(?:e|ed|er|es|ing|ation)s?\\b",
    "(?:standard|summar|synchron|util|visual)is(?:e|ed|er|es|ing|ation)s?\\b",
    "analys(?:e|ed|ing)\\b",
    "catalogue",
    "defence",
    "licence",
    "spelt",
    "towards",
    "artefact",
)
"""Spellings of American texts' other half, as patterns."""


class TestWords:
    """Code and texts say what the field says."""

    def test_no_definition_has_a_word_of_our_own(self) -> None:
        """A reader who knows PyTorch or Optuna knows the names."""
        found = [
            f"{path.relative_to(ROOT)}: {name}, better {WORDS_OF_OUR_OWN[name]}"
            for path in sources()
            for name in sorted(defined(parsed(path)) & set(WORDS_OF_OUR_OWN))
        ]
        assert found == []

    def test_no_module_has_a_word_of_our_own(self) -> None:
        """A module is named by the thing that it is about, not by a participle that needs explaining."""
        assert [path.name for path in sources() if path.stem in MODULES_OF_OUR_OWN] == []

    def test_hardly_any_class_has_the_name_of_another(self) -> None:
        """Fewer than ten public names stand twice, so that a search for a class finds one."""
        names = Counter(
            node.name
            for path in sources()
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        )
        assert len([name for name, count in names.items() if count > 1]) < 10

    def test_messages_about_pages_are_plain(self) -> None:
        """``is not a``, ``its input is``, ``remove``: what a reader who learned English later reads once."""
        odd = re.compile(r"(?<![Tt]here )\bis no \w|\bcomes? in\b|\bstands?\b|\baway\b|\bspeaks? of\b|\bsays nothing\b")
        rooms = ("spec", "lowering", "variants", "ops", "reader.py", "validation.py", "expressions.py")
        found = [
            f"{path.relative_to(ROOT)}: {text}"
            for path in sources()
            if path.relative_to(ROOT).parts[1:2] in {(room,) for room in rooms}
            for text in messages(parsed(path))
            if odd.search(text)
        ]
        assert found == []

    def test_there_is_one_spelling(self) -> None:
        """American, as PyTorch's; measured results and files of an earlier version keep theirs."""
        other = re.compile("|".join(BRITISH), re.IGNORECASE)
        read_from_users = ROOT / "builder" / "spec" / "fields.py"  # it answers whoever writes `initialisation`
        kept = (TESTS / "kept", ROOT / "docs" / "results", read_from_users, Path(__file__))
        texts = {".py", ".md", ".yaml", ".toml", ".css", ".js", ".html"}
        found = [
            f"{path.relative_to(ROOT)}: {word}"
            for path in files()
            if path.suffix in texts and not any(path.is_relative_to(each) for each in kept)
            for word in other.findall(path.read_text("utf-8"))
        ]
        assert found == []


ROOMS = (
    "archs/test_sources.py",
    "benchmarks/test_yardstick.py",
    "cli/test_forms.py",
    "commands/test_explain.py",
    "emit/diagram/test_drawing.py",
    "importing/test_trace.py",
    "journeys/test_wrong_names.py",
    "language/test_foreign_words.py",
    "live/test_guard.py",
    "lowering/test_names.py",
    "ops/test_base.py",
    "runs/test_settings.py",
    "runtime/test_by_name.py",
    "spec/test_schema.py",
    "study/test_statistics.py",
    "tables/test_model.py",
    "training/test_saving.py",
    "variants/test_distance.py",
)
"""A quick file of tests of each room."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository without what the tools left in it."""
    copy = tmp_path_factory.mktemp("project") / "checkout"
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return copy


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Return a new environment that borrows our dependencies, although not ourselves."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return tmp_path / "env"


@pytest.mark.slow
class TestInstallation:
    """The command is the same from a wheel, from an editable install and from a checkout."""

    @pytest.mark.parametrize("mode", ["wheel", "editable"])
    def test_the_command_works_once_installed(
        self, mode: str, checkout: Path, environment: Path, tmp_path: Path
    ) -> None:
        """Shipped pages are found, also from a folder that has none."""
        pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--no-deps", "-q"]
        subprocess.run([*pip, checkout] if mode == "wheel" else [*pip, "-e", checkout], check=True)
        self.check_command([environment / "bin" / "archcli"], tmp_path)
        where = subprocess.run(
            [environment / "bin" / "python", "-c", "import builder; print(builder.__file__)"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert Path(where.stdout).is_relative_to(environment if mode == "wheel" else checkout)

    def test_a_wheel_holds_every_page_and_recipe(self, checkout: Path, tmp_path: Path) -> None:
        """Nothing that the command needs lies only in the repository, and nothing else goes along."""
        pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", tmp_path]
        subprocess.run([*pip, checkout], check=True)
        (wheel,) = tmp_path.glob("*.whl")
        shutil.unpack_archive(wheel, tmp_path / "content", "zip")
        content = {str(path.relative_to(tmp_path / "content")) for path in (tmp_path / "content").rglob("*")}
        expected = {
            (f"archcli/{path.relative_to(ROOT)}" if path.parent.name != "shipped" else str(path.relative_to(ROOT)))
            for path in files()
            if path.parent in {ROOT / "archs", ROOT / "studies", ROOT / "builder" / "training" / "recipe" / "shipped"}
            and path.suffix == ".yaml"
        }
        assert expected
        own = {"archcli/__init__.py", "archcli/__main__.py", "archcli/cli.py"}
        own |= {"builder/py.typed", "builder/study/report/page.css", "builder/study/report/figure.css"}
        own |= {str(path.relative_to(ROOT)) for path in files() if path.parent == ROOT / "builder" / "live" / "static"}
        assert expected | own <= content
        tops = {name.split("/")[0] for name in content}
        assert {top for top in tops if not top.endswith(".dist-info")} == {"archcli", "builder"}

    def test_the_command_works_without_installation(self, checkout: Path, tmp_path: Path) -> None:
        """``python cli.py`` is enough for somebody who only has a look."""
        self.check_command([sys.executable, checkout / "cli.py"], tmp_path)

    def test_an_sdist_is_whole(self, checkout: Path, tmp_path: Path) -> None:
        """``check`` works in what is unpacked, and a file of tests of each room passes there."""
        command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path]
        subprocess.run([*command, checkout], check=True, capture_output=True)
        (archive,) = tmp_path.glob("*.tar.gz")
        shutil.unpack_archive(archive, tmp_path, filter="data")
        unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
        self.check_command([sys.executable, unpacked / "cli.py"], tmp_path)
        rooms = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py") if path.parent != TESTS}
        assert {name.partition("/")[0] for name in ROOMS} == rooms
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/{name}" for name in ROOMS)],
            cwd=unpacked, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-3000:]

    @staticmethod
    def check_command(command: list[str | Path], folder: Path) -> None:
        """Run the command on a shipped page from a folder of its own."""
        ran = subprocess.run([*command, "check", "alexnet"], cwd=folder, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "alexnet: ok" in ran.stdout

"""Every mistake of every file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
PAGE = """\
name: small
input: [3, 32, 32]
classes: 10
layers:
  conv1: {conv: {out: 8, kernel: 3}}
  pool: adaptiveavgpool
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return the path of a page that is right."""
    path = tmp_path / "small.yaml"
    path.write_text(PAGE)
    return path


class TestCheck:
    """A file is right, or all of its mistakes are shown."""

    def test_a_right_page_is_named_with_its_price(self, archcli: Archcli, page: Path) -> None:
        """The line says what the file is."""
        outcome = archcli("check", page)
        assert outcome == (0, f"{page}: ok (small, 314 parameters)\n", "")

    def test_a_shipped_name_is_as_good_as_a_path(self, archcli: Archcli) -> None:
        """Nobody needs to know where the pages lie."""
        assert archcli("check", "alexse_both").out == "alexse_both: ok (alexse_both, 57.07 M parameters)\n"

    def test_a_file_of_python_is_no_page(self, archcli: Archcli, tmp_path: Path) -> None:
        """It is not read as YAML."""
        path = tmp_path / "net.py"
        path.write_text("class Net(nn.Module):\n")
        outcome = archcli("check", path)
        assert outcome.code == 2
        assert "is a network in Python, not a page" in outcome.err

    def test_a_recipe_is_checked_too(self, archcli: Archcli, tmp_path: Path) -> None:
        """A file that speaks of epochs is how a network is trained, and no network."""
        recipe = tmp_path / "mine.yaml"
        recipe.write_text("name: mine\nepochs: 3\nbatch_size: 8\noptimizer: {name: sgd, lr: 0.1}\n")
        assert archcli("check", recipe) == (0, f"{recipe}: ok (mine)\n", "")
        recipe.write_text("name: mine\nepochs: 0\nbatch_size: 8\noptimizer: {name: sgd, lr: 0.1}\n")
        outcome = archcli("check", recipe)
        assert (outcome.code, outcome.out) == (2, f"{recipe}: 1 mistake\n")
        assert f"{recipe}:2:9" in outcome.err

    def test_a_study_is_told_from_other_files_by_its_words(self, archcli: Archcli, tmp_path: Path) -> None:
        """No page and no recipe has seeds; a shipped study is known by its name."""
        study = tmp_path / "mine.yaml"
        study.write_text("name: mine\nnetworks: [alexnet_tiny]\nseeds: 0\n")
        outcome = archcli("check", study, "--json")
        assert (outcome.code, json.loads(outcome.out)["files"][0]["kind"]) == (2, "study")
        shipped = archcli("check", "digits_placement", "--json")
        assert (shipped.code, json.loads(shipped.out)["files"][0]["kind"]) == (0, "study")

    @pytest.mark.parametrize("network", ["alexse_both", "archs/resnet.yaml"])
    def test_a_network_imports_no_code_of_recipes_and_studies(self, network: str) -> None:
        """What a file is stands in its words, which need no more than the reader."""
        script = (
            "import sys\n"
            "from builder.commands import check\n"
            f"assert check.run([{network!r}]).is_valid\n"
            "print([name for name in sys.modules if name.startswith(('builder.study', 'builder.training'))])"
        )
        ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (ran.stdout, ran.stderr) == ("[]\n", "")

    def test_a_family_is_every_member(self, archcli: Archcli, page: Path) -> None:
        """A mistake that only one member makes is found without naming that member."""
        page.write_text(
            PAGE.replace(
                "layers:", "params: {kernel: 3}\nmembers:\n  small1: {}\n  small2: {kernel: 5}\nlayers:"
            ).replace("kernel: 3}}", "kernel: $kernel}}")
        )
        assert archcli("check", page).out == f"{page}: ok (small, 2 members)\n"
        page.write_text(page.read_text().replace("small2: {kernel: 5}", "small2: {kernel: 50}"))
        outcome = archcli("check", page)
        assert outcome.code == 2
        assert f"note: of this member\n  --> {page}:7:3\n" in outcome.err

    def test_what_all_members_have_is_told_of_none(self, archcli: Archcli, page: Path) -> None:
        """It is the page's own, and said once."""
        page.write_text(PAGE.replace("layers:", "members:\n  small1: {}\n  small2: {}\nlayers:").replace("out", "outt"))
        outcome = archcli("check", page)
        assert (outcome.err.count("error["), "of this member" in outcome.err) == (PAGE.count("out"), False)

    @pytest.mark.parametrize("count", [7_000, 9_000])
    def test_members_with_mistakes_count_too(self, archcli: Archcli, page: Path, count: int) -> None:
        """A hundred members of a large network with a mistake: three are walked, and the answer says where it ended."""
        members = "".join(f"  m{number}: {{w: {number}}}\n" for number in range(100))
        large = f"  - {{relu: {{}}, repeat: {count // 3}}}\n" * 3
        page.write_text(f"{PAGE.partition('layers:')[0]}params: {{w: int}}\nmembers:\n{members}layers:\n{large}")
        outcome = archcli("check", page)
        assert outcome.code == 2
        message = "the members of `small` have more than 20,000 layers, blocks and entries in all"
        assert f"{message}\n  --> {page}:8:3\n" in outcome.err
        assert outcome.err.count("error[") == 2

    def test_what_is_read_for_each_member_counts(self, archcli: Archcli, page: Path) -> None:
        """A hundred and fifty parameters have a value in each of as many members."""
        params = "".join(f"  p{number}: 1\n" for number in range(150))
        members = "".join(f"  m{number}: {{p0: {number}}}\n" for number in range(150))
        page.write_text(PAGE.replace("layers:", f"params:\n{params}members:\n{members}layers:"))
        outcome = archcli("check", page)
        assert outcome.code == 2
        assert outcome.err.count("error[too-many-layers]") == outcome.err.count("error[") == 1

    def test_shipped_pages_are_right(self, archcli: Archcli) -> None:
        """A network, a family, and a page that only holds templates for others; the example in the help checks all."""
        outcome = archcli("check", *(Path("archs", f"{name}.yaml") for name in ("alexnet", "vgg", "gates")))
        assert (outcome.code, outcome.err) == (0, "")
        assert "archs/gates.yaml: ok (gates, templates)" in outcome.out

    @pytest.mark.parametrize(
        ("data", "changes", "said"),
        [
            ("digits, subset: 1400", "batch_size: 8", "`subset` asks for 1,400 training images"),
            ("digits, test: 1000", "batch_size: 8", "digits has 297 test images, and `test` asks for 1,000"),
            ("digits", "batch_size: 1", "in a batch of one image has one value per channel"),
        ],
    )
    def test_a_study_whose_cells_cannot_run_is_wrong(
        self, archcli: Archcli, tmp_path: Path, data: str, changes: str, said: str
    ) -> None:
        """Too few images, and a batch norm that sees one value."""
        (tmp_path / "one.yaml").write_text(
            "name: one\ninput: [3, 32, 32]\nclasses: 10\n"
            "layers: [{conv: {out: 8, kernel: 32}}, batchnorm, flatten, {linear: {out: $classes}}]\n"
        )
        study = tmp_path / "study.yaml"
        study.write_text(f"name: few\nbase: one\ndata: {{name: {data}}}\nset: {{size: 32, {changes}}}\nseeds: 3\n")
        outcome = archcli("check", study)
        assert outcome.code == 2
        assert said in outcome.err

    def test_every_mistake_of_every_file_is_shown(self, archcli: Archcli, page: Path, tmp_path: Path) -> None:
        """A wrong file does not hide the next one, nor a mistake its neighbor."""
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(PAGE.replace("out: 8", "outt: 8").replace("flatten: flatten", "flatten: flaten"))
        outcome = archcli("check", wrong, page, "alexnett")
        assert outcome.code == 2
        assert f"{page}: ok" in outcome.out
        assert f"{wrong}: 2 mistakes" in outcome.out  # one unknown field, one unknown layer
        for place in (f"{wrong}:5:18", f"{wrong}:7:12"):
            assert place in outcome.err
        assert "did you mean `alexnet`?" in outcome.err

    def test_a_mistake_of_a_shared_base_is_shown_once(self, archcli: Archcli, page: Path, tmp_path: Path) -> None:
        """Two pages that extend a wrong one are both wrong, for one reason."""
        page.write_text(PAGE.replace("out: 8", "out: 0"))
        for name in ("a", "b"):
            (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nextends: small.yaml\n")
        outcome = archcli("check", tmp_path / "a.yaml", tmp_path / "b.yaml")
        assert outcome.code == 2
        assert outcome.err.count("error[") == 1

    def test_json_holds_verdicts_with_places(self, archcli: Archcli, page: Path) -> None:
        """Nothing is on stderr then, so that an editor reads one stream."""
        page.write_text(PAGE.replace("out: 8", "out: 0"))
        outcome = archcli("check", page, "--json")
        assert (outcome.code, outcome.err) == (2, "")
        (file,) = json.loads(outcome.out)["files"]
        assert file["kind"] == "network"
        assert (file["mistakes"][0]["mark"]["line"], file["mistakes"][0]["mark"]["column"]) == (5, 23)

"""Mistakes in the forms that services for continuous integration read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder.commands.check import Checked, FileVerdict
from builder.commands.text import ci
from builder.diagnostics import Diagnostic, Mark, Note, Source

if TYPE_CHECKING:
    from tests.command_line import Archcli

WRONG = """\
name: wrong
input: [1, 16, 16]
classes: 10
layers:
  block:
    layers:
      - conv: {out: 24, kernel: 3, padding: 1}
    shortcut: identity
  flatten: flatten
  fc: {linear: {out: $classes}}
"""
HOSTILE = '50 %\n::warning::, "x": `y`\r'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a page whose shortcut does not fit."""
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text(WRONG)
    return tmp_path


def checked(*mistakes: Diagnostic) -> Checked:
    """Return what ``check`` found in one file."""
    return Checked((FileVerdict("a.yaml", "network", mistakes),))


class TestGithub:
    """Annotations of GitHub Actions."""

    def test_a_mistake_is_shown_at_its_line(self, archcli: Archcli) -> None:
        """With its notes and its help; people still read it on stderr, and the step fails."""
        outcome = archcli("check", "wrong.yaml", "--github")
        assert outcome.code == 2
        assert outcome.err.startswith("error[shapes-differ]: block: ")
        assert outcome.out == (
            "::error title=shapes-differ,file=wrong.yaml,line=8,col=15,endColumn=23::"
            "block: the layers give 24×16×16 and the shortcut 1×16×16, which cannot be added"
            "%0Anote: 24×16×16 comes from here: wrong.yaml:7:9%0Anote: 1×16×16 comes from here: wrong.yaml:2:1"
            "%0Ahelp: `shortcut: auto` adds the 1×1 convolution that fits\n"
        )

    def test_a_right_page_has_none(self, archcli: Archcli) -> None:
        """Nothing but the end of a line is printed."""
        assert archcli("check", "alexnet", "--github") == (0, "\n", "")

    def test_a_shared_mistake_is_shown_once(self, archcli: Archcli) -> None:
        """Of two pages that extend the same."""
        for name in ("one", "two"):
            Path(f"{name}.yaml").write_text(f"name: {name}\nextends: wrong.yaml\n")
        assert archcli("check", "one.yaml", "two.yaml", "--github").out.count("::error") == 1

    def test_no_text_is_a_command_of_its_own(self) -> None:
        """Ends of lines, and what separates properties, are escaped."""
        mark = Mark(Source("a,b:c.yaml", "x"), 1, 1)
        (line,) = ci.github(checked(Diagnostic("code", HOSTILE, mark, HOSTILE))).splitlines()
        assert line.startswith("::error title=code,file=a%2Cb%3Ac.yaml,line=1,col=1,endColumn=2::50 %25%0A::warning::")


class TestSarif:
    """SARIF 2.1.0."""

    def test_a_mistake_is_a_result_with_its_place_and_rule(self, archcli: Archcli) -> None:
        """Columns are counted as ours are: in characters, from 1, the end behind the last."""
        outcome = archcli("check", "wrong.yaml", "--sarif")
        assert outcome.code == 2
        log: dict[str, Any] = json.loads(outcome.out)
        (run,), (result,) = log["runs"], log["runs"][0]["results"]
        (rule,) = run["tool"]["driver"]["rules"]
        assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
        assert rule["id"] == result["ruleId"] == "shapes-differ"
        assert rule["shortDescription"]["text"]
        assert result["message"]["text"].startswith("block: the layers give")
        (place,) = [each["physicalLocation"] for each in result["locations"]]
        assert place["artifactLocation"]["uri"] == "wrong.yaml"
        assert place["region"] == {"startLine": 8, "startColumn": 15, "endColumn": 23}
        assert [each["physicalLocation"]["region"]["startLine"] for each in result["relatedLocations"]] == [7, 2]

    def test_without_mistakes_it_has_no_results(self, archcli: Archcli) -> None:
        """Which tells the service that all is mended."""
        assert json.loads(archcli("check", "alexnet", "--sarif").out)["runs"][0]["results"] == []

    def test_a_name_becomes_an_address(self) -> None:
        """With spaces escaped; an absolute path gets its scheme."""
        marks = [Mark(Source(name, "x"), 1, 1) for name in ("my page.yaml", "/a b/c.yaml")]
        log = json.loads(ci.sarif(checked(*(Diagnostic("code", "no", mark) for mark in marks))))
        places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
        assert [each["artifactLocation"]["uri"] for each in places] == ["my%20page.yaml", "file:///a%20b/c.yaml"]

    def test_two_forms_are_one_too_many(self, archcli: Archcli) -> None:
        """As everywhere."""
        assert (
            "`--github` and `--sarif` are two forms of one result" in archcli("check", "a", "--github", "--sarif").err
        )

    def test_a_mistake_without_a_place_is_told_too(self) -> None:
        """And one with a code that nothing explains."""
        note = Note(Mark(Source("b.yaml", "x"), 1, 1), "here")
        log = json.loads(ci.sarif(checked(Diagnostic("nowhere", "no", None, None, (note,)))))
        assert log["runs"][0]["tool"]["driver"]["rules"] == [{"id": "nowhere"}]
        assert "locations" not in log["runs"][0]["results"][0]

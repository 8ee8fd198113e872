"""What each address answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.live import app

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from builder.live.app import Served

SPACE = {"insert": ["se: {reduction: 4}"], "places": ["block.pre_activation"]}


class TestReading:
    """Nothing is written by looking."""

    def test_the_page_and_what_it_asks_for(self, client: TestClient) -> None:
        """Everything that it names is there, and nothing of it lies elsewhere."""
        assert "<title>archcli live</title>" in client.get("").text
        for name in ("live.css", "icon.svg", *(path.name for path in app.STATIC.glob("*.js"))):
            assert client.get(name).status_code == 200
        texts = [path.read_text("utf-8").replace("http://www.w3.org", "") for path in app.STATIC.iterdir()]
        assert not any("://" in text for text in texts)

    def test_the_pages(self, client: TestClient) -> None:
        """With their networks."""
        found = client.get("view").json()
        assert [each["network"]["name"] for each in found["pages"]] == ["small"]

    def test_the_figure(self, client: TestClient) -> None:
        """As the controls ask for it."""
        assert "<title>block</title>" in client.get("figure", params={"level": "block"}).json()["svg"]
        assert "#16181d" in client.get("figure", params={"theme": "dark"}).json()["svg"].lower()

    @pytest.mark.parametrize(
        ("name", "known"), [("level", "layer, block"), ("theme", "light, dark"), ("width", "89mm")]
    )
    def test_a_control_that_does_not_exist(self, client: TestClient, name: str, known: str) -> None:
        """Is told which there are."""
        answer = client.get("figure", params={name: "x"})
        assert answer.status_code == 422
        assert known in answer.json()["problems"][0]["hint"]

    def test_variants_and_their_figures(self, client: TestClient) -> None:
        """Each by its name."""
        found = client.get("space", params={"space": json.dumps(SPACE)}).json()
        assert [each["name"] for each in found["variants"]] == ["small", "small_se_block"]
        asked = {"space": json.dumps(SPACE), "name": "small_se_block"}
        drawn = client.get("variant.svg", params=asked)
        assert (drawn.headers["content-type"], "SE" in drawn.text) == ("image/svg+xml", True)
        assert client.get("variant.svg", params=asked | {"name": "other"}).status_code == 404

    def test_a_space_is_found_once(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its figures do not look for it again."""
        asked = {"space": json.dumps(SPACE), "name": "small"}
        client.get("space", params=asked)
        monkeypatch.setattr(app, "find_space", None)
        assert client.get("variant.svg", params=asked).status_code == 200

    @pytest.mark.parametrize("number", [-1, 1])
    def test_a_page_that_is_not_there(self, client: TestClient, number: int) -> None:
        """Is a problem of whoever asks."""
        answer = client.get("space", params={"space": json.dumps(SPACE | {"page": number})})
        assert answer.json()["problems"][0]["message"] == f"there is no page {number}"


class TestWriting:
    """Only what a button says."""

    def test_variants(self, client: TestClient, page: Path) -> None:
        """Below the folder in which the server runs."""
        answer = client.post("write-variants", json={"space": SPACE, "folder": "out"})
        assert answer.json()["files"][-1].endswith("out/small_se_block.yaml")
        assert (page.parent / "out" / "small_se_block.yaml").is_file()

    def test_nowhere_else(self, client: TestClient, page: Path) -> None:
        """And nothing of it is written."""
        answer = client.post("write-variants", json={"space": SPACE, "folder": "../out"})
        assert answer.status_code == 422
        assert not (page.parent.parent / "out").exists()

    def test_a_study_is_planned_and_then_written(self, client: TestClient, page: Path) -> None:
        """Looking at it writes nothing."""
        sent = {"space": SPACE, "study": {"name": "asked"}}
        assert client.post("study", json=sent).json()["cells"].startswith("20 = 2 networks × 10 seeds")
        assert not Path("asked.yaml").exists()
        assert client.post("write-study", json=sent).json()["files"] == ["asked.yaml"]
        assert client.post("write-study", json=sent).json()["problems"][0]["message"] == "asked.yaml already exists"

    @pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b" " * 200_000])
    def test_requests_that_are_none(self, client: TestClient, body: bytes) -> None:
        """Are a problem of whoever asks, also large ones."""
        assert client.post("study", content=body).status_code == 422

    def test_hours_are_measured_of_files_here_only(self, client: TestClient) -> None:
        """Nothing is started for another."""
        assert client.post("measure", json={"file": "/etc/passwd"}).status_code == 422


class TestServed:
    """What the server knows."""

    def test_the_folder_is_that_in_which_it_started(self, served: Served, page: Path) -> None:
        """Files are written below it."""
        assert served.here == page.parent


class TestLight:
    """Where only what `check` needs is installed, and the extra."""

    def test_the_numbers_of_a_study_say_what_they_need(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything else works without it."""
        monkeypatch.setitem(sys.modules, "builder.live.study_page", None)
        monkeypatch.setattr(app, "missing_package", lambda _: ("this needs `scipy`", "pip install archcli-cnn"))
        answer = client.post("study", json={"space": SPACE, "study": {"name": "asked"}})
        assert answer.json()["problems"] == [{"message": "this needs `scipy`", "hint": "pip install archcli-cnn"}]

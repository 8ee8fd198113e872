"""A page that is edited, and a client of the server that follows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from builder.live.app import Served, application
from builder.live.follower import Follower
from builder.live.pages import first_look
from builder.live.space import find_space, question
from builder.ops import OPERATIONS
from tests.command_line import PAGE

if TYPE_CHECKING:
    from pathlib import Path

    from builder.live.space import SpaceQuestion
    from builder.variants import Variants

TOKEN, PORT = "a-token", 8123


def space(page: str = "small.yaml", **more: object) -> tuple[SpaceQuestion, Variants]:
    """Return a question about a page and its variants."""
    asked = question(json.dumps({"insert": ["se: {reduction: 4}"], "places": ["block.pre_activation"], **more}))
    return asked, find_space(asked.options(page, ())).found


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a page in the folder in which everything runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(PAGE, "utf-8")
    return path


@pytest.fixture
def served(page: Path) -> Served:
    """Return what a server of the page knows."""
    return Served(Follower(first_look([page.name]), OPERATIONS), OPERATIONS)


@pytest.fixture
def client(served: Served) -> TestClient:
    """Return a browser's requests, below the token; nothing is watched."""
    asked = application(served, token=TOKEN, port=PORT)
    address = f"http://127.0.0.1:{PORT}"
    return TestClient(asked, base_url=f"{address}/{TOKEN}/", headers={"origin": address})

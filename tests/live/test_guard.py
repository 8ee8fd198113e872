"""Who is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.conftest import PORT

if TYPE_CHECKING:
    from starlette.testclient import TestClient


class TestGuard:
    """A browser on this machine, with the token, on a page of this server."""

    @pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}"])
    def test_the_address_that_was_printed(self, client: TestClient, host: str) -> None:
        """Or the machine's own name for itself, through a tunnel."""
        assert client.get("", headers={"host": host, "origin": f"http://{host}"}).status_code == 200

    @pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", ""])
    def test_another_host(self, client: TestClient, host: str) -> None:
        """A foreign name that leads to this machine is how a web page would get around the browser's rule."""
        assert client.get("", headers={"host": host}).status_code == 421

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://127.0.0.1:{PORT + 1}"])
    def test_a_foreign_origin(self, client: TestClient, origin: str) -> None:
        """Reads nothing and writes nothing."""
        assert client.get("view", headers={"origin": origin}).status_code == 403
        assert client.post("write-variants", json={}, headers={"origin": origin}).status_code == 403

    def test_nothing_is_written_for_nobody(self, client: TestClient) -> None:
        """A browser names the origin of every request that writes."""
        del client.headers["origin"]
        assert client.post("write-variants", json={}).status_code == 403

    def test_another_site_embeds_nothing(self, client: TestClient) -> None:
        """An image or a script of this server on a foreign page has no origin, but a site."""
        del client.headers["origin"]
        assert client.get("live.js", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.get("live.js", headers={"sec-fetch-site": "same-origin"}).status_code == 200

    def test_a_link_may_be_followed(self, client: TestClient) -> None:
        """From a terminal or a message to the page itself."""
        del client.headers["origin"]
        followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert client.get("", headers=followed).status_code == 200

    @pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/view", "/a-toke", "/%2e%2e/a-token/"])
    def test_a_wrong_token(self, client: TestClient, path: str) -> None:
        """Says where the right one is."""
        answer = client.get(f"http://127.0.0.1:{PORT}{path}")
        assert (answer.status_code, "see the terminal" in answer.text) == (404, True)

    def test_only_own_scripts_and_styles(self, client: TestClient) -> None:
        """And no address leaks to another page."""
        headers = client.get("").headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers

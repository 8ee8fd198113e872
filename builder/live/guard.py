"""Who is answered: only a browser on this machine that was given the address, and a page that this server sent it."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing but what this server sends: https://www.w3.org/TR/CSP3."""

HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",  # the address holds the token
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Refuses a request with another host (a name that was made to lead here), a foreign origin or no token."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        """Guard ``app``, which is at ``/TOKEN/`` on ``port`` of this machine."""
        self._app = app
        self._token = token
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        """Return the answer to a request that is not to be answered, None for one that is."""
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("this is not the address that was printed\n", 421)
        if not self._is_own(headers, scope["method"]):
            return PlainTextResponse("only pages of this server may ask it\n", 403)
        token = scope["path"].split("/")[1]
        if not compare_digest(token.encode(), self._token.encode()):
            return PlainTextResponse("the address ends with a token, and this is not it: see the terminal\n", 404)
        return None

    def _is_own(self, headers: Headers, method: str) -> bool:
        """Return whether a request comes from an own page, or is one that any page may make: a link that is followed.

        https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site
        """
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers['host']}":
            return False
        if method not in ("GET", "HEAD"):
            return origin is not None
        site = headers.get("sec-fetch-site", "none")
        return site in ("same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"

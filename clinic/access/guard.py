"""The gate before every page: sizes, rates, names of hosts, sign-in, and headers on the way out."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from clinic.access.limits import LARGEST_BODY, LARGEST_RECORD, LONGEST_QUERY, RateLimit
from clinic.access.security import HEADERS, NEVER_STORED, SESSION_COOKIE, Access, Seal, same_secret

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG = logging.getLogger("calcirisk.clinic")
_OPEN_PATHS = ("/sign-in", "/static/", "/language/")
_MACHINE_PATHS = ("/cds-services",)
_BODY_SECONDS = 10.0
# At once; whoever comes beyond gets a page that says so, at once.
_MOST_AT_ONCE = 256


class _RefusedError(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class Guard:
    """Wraps the application; ``refusal`` writes the page that says why a request was refused."""

    app: App
    access: Access
    seal: Seal
    refusal: Callable[[int], bytes]
    rate: RateLimit = field(default_factory=lambda: RateLimit(per_second=30, burst=120))
    sign_in_rate: RateLimit = field(default_factory=lambda: RateLimit(per_second=0.2, burst=5))
    most_at_once: int = _MOST_AT_ONCE
    _at_once: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        if self._at_once >= self.most_at_once:
            await _answer(send, 503, self.refusal(503))
            return
        self._at_once += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self._at_once -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        # a browser that asks for the head alone gets that of the page
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _guarded_headers(message.get("headers", []), scope["path"])
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            if self._must_sign_in(scope):
                await _answer(send_guarded, 303, b"", ((b"location", b"/sign-in"),))
                return
            body = await asyncio.wait_for(_read_body(scope, receive), _BODY_SECONDS)
            await self.app(scope, _replay(body, receive), send_guarded)
        except _RefusedError as refused:
            await _answer(send_guarded, refused.status, self.refusal(refused.status))
        except TimeoutError:
            await _answer(send_guarded, 408, self.refusal(408))
        # whatever went wrong, its message could hold a patient's value: where, never what
        except Exception as error:  # noqa: BLE001
            place = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("%s in %s, line %s", type(error).__name__, place.name, place.lineno)
            if not started:
                await _answer(send_guarded, 500, self.refusal(500))

    def _must_sign_in(self, scope: Scope) -> bool:
        """Raises _RefusedError for a request that nobody may make."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        if not self.access.accepts_host(headers.get(b"host", "")):
            raise _RefusedError(400)
        if len(scope["query_string"]) > LONGEST_QUERY or len(path) > LONGEST_QUERY:
            raise _RefusedError(414)
        client = headers.get(self.access.user_header.encode(), "")
        if not self.access.behind_proxy:
            client = (scope.get("client") or ("", 0))[0]
        elif not client.strip():
            raise _RefusedError(403)
        if not self.rate.allows(client):
            raise _RefusedError(429)
        if path == "/sign-in" and method == "POST" and not self.sign_in_rate.allows(client):
            raise _RefusedError(429)
        if method not in ("GET", "HEAD") and not self._same_origin(headers):
            raise _RefusedError(403)
        if self.access.token is None or path.startswith(_OPEN_PATHS):
            return False
        if path.startswith(_MACHINE_PATHS):
            # a record system keeps no cookie: it sends the same token with each request
            kind, _, given = headers.get(b"authorization", "").partition(" ")
            if kind.lower() != "bearer" or not same_secret(given, self.access.token):
                raise _RefusedError(401)
            return False
        return not self.seal.accepts_session(_read_cookie(headers.get(b"cookie", "")))

    def _same_origin(self, headers: dict[bytes, str]) -> bool:
        origin = headers.get(b"origin")
        if origin is None or self.access.behind_proxy:
            return True
        return origin.partition("://")[2] == headers.get(b"host", "")


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    largest = LARGEST_RECORD if scope["path"].startswith(_MACHINE_PATHS) else LARGEST_BODY
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            if not value.isdigit():
                raise _RefusedError(400)
            # so long a number would not even be read
            if len(value) > len(str(largest)) or int(value) > largest:
                raise _RefusedError(413)
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > largest:
            raise _RefusedError(413)
        if not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def _guarded_headers(headers: list[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
    added = [*HEADERS] if path.startswith("/static/") else [*HEADERS, NEVER_STORED]
    names = {name.encode() for name, _ in added}
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    return [*kept, *((name.encode(), value.encode()) for name, value in added)]


async def _answer(
    send: Send, status: int, body: bytes, further: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *further,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _read_cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""

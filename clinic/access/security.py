"""Who may reach the pages, and what a browser may do with them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass, field

from features.errors import ConfigError

SHORTEST_TOKEN = 24
SESSION_COOKIE, FORM_COOKIE = "calcirisk_session", "calcirisk_form"
LANGUAGE_COOKIE = "calcirisk_language"
SESSION_SECONDS = 8 * 3600
IDLE_SECONDS = 30 * 60

# Nothing but our own style sheet and script; no inline style or script, no frames, no plugins.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("content-security-policy", CONTENT_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    # not no-referrer: browsers would then send no Origin with our own forms
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)
NEVER_STORED = ("cache-control", "no-store")


@dataclass(frozen=True)
class Access:
    """Where the pages listen and how people prove who they are.

    ``token``: a secret asked for before the first page. ``behind_proxy``: a reverse proxy has
    checked the person and names them in ``user_header``; nobody else may reach the port.
    """

    host: str = "127.0.0.1"
    port: int = 8400
    token: str | None = field(default=None, repr=False)
    behind_proxy: bool = False
    user_header: str = "x-forwarded-user"

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"The token of the pages must have at least {SHORTEST_TOKEN} characters. "
                'Make one with: python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        if not self.is_loopback and self.token is None and not self.behind_proxy:
            raise ConfigError(
                f"Listening on {self.host} would show patients to everybody on the network. Set a "
                "token (CALCIRISK_CLINIC_TOKEN), put a reverse proxy that signs people in before "
                "it (--behind-proxy), or listen on 127.0.0.1"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the pages."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def accepts_host(self, header: str) -> bool:
        """Whether a request names a host we are known by: stops foreign names for our address."""
        if not self.is_loopback or self.behind_proxy:
            return True
        name = header.rsplit(":", 1)[0] if not header.endswith("]") else header
        return name in ("127.0.0.1", "localhost", "[::1]", self.host)


class Seal:
    """Signs what a browser keeps, with a secret that lives as long as the process."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)
        # of each open session the last time that it was used
        self._used: dict[str, float] = {}

    def sign(self, purpose: str, text: str) -> str:
        """A signature of the text for one purpose."""
        message = f"{purpose}\0{text}".encode("utf-8", "replace")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Whether the signature is ours; takes the same time whatever it is."""
        expected = self.sign(purpose, text).encode()
        return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))

    def open_session(self) -> str:
        """What the browser of somebody who knew the token keeps."""
        now = time.time()
        self._used = {name: t for name, t in self._used.items() if now - t < IDLE_SECONDS}
        issued = f"{int(now)}-{secrets.token_hex(8)}"
        self._used[issued] = now
        return f"{issued}.{self.sign('session', issued)}"

    @staticmethod
    def name_session(cookie: str) -> str:
        """What a session is called where its cookie must not stand."""
        return cookie.partition(".")[0].partition("-")[2]

    def close_session(self, cookie: str) -> None:
        """From now on nobody gets in with it."""
        self._used.pop(cookie.partition(".")[0], None)

    def accepts_session(self, cookie: str) -> bool:
        """Whether the session is ours, open, not too old and not left idle; counts as use."""
        issued, _, signature = cookie.partition(".")
        if not self.verify("session", issued, signature):
            return False
        now, used = time.time(), self._used.get(issued)
        if used is None or now - used > IDLE_SECONDS:
            self._used.pop(issued, None)
            return False
        self._used[issued] = now
        return now - int(issued.partition("-")[0]) < SESSION_SECONDS


def same_secret(given: str, expected: str) -> bool:
    """Whether two secrets are equal, told in the same time whatever is given."""
    pair = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, expected)]
    return hmac.compare_digest(*pair)

"""What every page shares: the model, the patients, the words, and how a page is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clinic.access.audit import AuditTrail
from clinic.access.security import FORM_COOKIE, SESSION_COOKIE, Access, Seal
from clinic.drawing.waterfall import signed
from clinic.texts import PageTexts, load_texts
from clinic.wording import percent, tenths
from features.dictionary.units import show_unit

if TYPE_CHECKING:
    from clinic.model_facts import ModelFacts
    from clinic.patient.assessor import Assessor
    from clinic.population import Population
    from clinic.scored_patients.store import PatientStore

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Site:
    """Made once at start-up, read by every request.

    ``explain_population``: gives the population once it is explained, None where there is none.
    """

    access: Access
    store: PatientStore
    assessor: Assessor
    facts: ModelFacts
    explain_population: Callable[[], Population | None]
    seal: Seal = field(default_factory=Seal)
    texts: PageTexts = field(default_factory=load_texts)
    audit: AuditTrail = field(default_factory=AuditTrail)

    @property
    def population(self) -> Population | None:
        """What marks risk among the scored patients; waits until it is explained."""
        return self.explain_population()

    def note(self, request: Request, did: str, patient: str = "") -> None:
        """Keep in the audit trail who did what with whose data, before it is shown."""
        self.audit.record(self._who(request), did, patient)

    def _who(self, request: Request) -> str:
        if self.access.behind_proxy:
            return request.headers.get(self.access.user_header, "")
        client = request.client.host if request.client else ""
        if self.access.token is None:
            return f"somebody at {client}"
        return (
            f"session {self.seal.name_session(request.cookies.get(SESSION_COOKIE, ''))}, {client}"
        )

    def render(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page with the token that its forms send back."""
        cookie = request.cookies.get(FORM_COOKIE, "")
        fresh = not (len(cookie) == 32 and cookie.isalnum())
        if fresh:
            cookie = secrets.token_hex(16)
        page = self.write(
            template,
            csrf=self.seal.sign("form", cookie),
            path=request.url.path,
            signed_in=bool(self.access.token) and SESSION_COOKIE in request.cookies,
            **values,
        )
        response = HTMLResponse(page, status)
        if fresh:
            self.set_cookie(response, FORM_COOKIE, cookie)
        return response

    def write(self, template: str, **values: Any) -> str:
        """The text of a page."""
        shared = {"t": self.texts, "facts": self.facts, "csrf": "", "path": "", "signed_in": False}
        return environment().get_template(template).render({**shared, **values})

    def refuse(self, status: int) -> bytes:
        """The page that says why there is none; nothing of the request is in it."""
        known = f"refused.{status}" in self.texts.texts
        return self.write("refused.html", reason=str(status) if known else "other").encode()

    def set_cookie(self, response: Response, name: str, value: str) -> None:
        """A cookie that no script can read and no other site can send."""
        secure = self.access.behind_proxy
        response.set_cookie(name, value, httponly=True, samesite="strict", secure=secure, path="/")


def site_of(request: Request) -> Site:
    """The site that a request asks."""
    site: Site = request.app.state.site
    return site


@cache
def environment() -> Environment:
    """Templates that escape everything and fail where a value is missing."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["unit"] = show_unit
    made.globals |= {"percent": percent, "signed": signed, "tenths": tenths}
    return made

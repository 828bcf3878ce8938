"""What every page shares: the model, the patients, the words, and how a page is written."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clinic.access.audit import AuditTrail
from clinic.access.security import FORM_COOKIE, LANGUAGE_COOKIE, SESSION_COOKIE, Access, Seal
from clinic.words.texts import PageTexts, known_languages, load_texts

if TYPE_CHECKING:
    from clinic.model_facts import ModelFacts
    from clinic.patient.assessor import Assessor
    from clinic.population import Population
    from clinic.scored_patients.store import PatientStore

FOLDER = Path(__file__).parent
# Where a patient is entered: what was typed is read as the language of its form writes numbers.
ENTRY = "/new"
_OURS = re.compile(r"other=[0-9a-f]{24}|years=\d{1,3}", re.ASCII)


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
    audit: AuditTrail = field(default_factory=AuditTrail)

    @property
    def texts(self) -> PageTexts:
        """The words of the pages."""
        return self.assessor.texts

    def speaking(self, language: str) -> Site:
        """The same site in another language."""
        assessor = replace(self.assessor, texts=load_texts(language))
        return replace(self, assessor=assessor)

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
        entered = request.method == "POST" and request.url.path == ENTRY
        page = self.write(
            template,
            spoken={} if entered else known_languages(),
            back=f"{request.url.path}{_query(request)}",
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
        shared = {
            "t": self.texts,
            "facts": self.facts,
            "csrf": "",
            "path": "",
            "signed_in": False,
            "spoken": {},
        }
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
    """The site that a request asks, in the language that its reader chose."""
    spoken: Mapping[str, Site] = request.app.state.sites
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return spoken.get(chosen, request.app.state.site)


def site_in(request: Request, language: str) -> Site:
    """The site in a language that it speaks, whatever the reader prefers."""
    spoken: Mapping[str, Site] = request.app.state.sites
    return spoken[language]


def _query(request: Request) -> str:
    """What a link back keeps of the question: nothing that a stranger could have written."""
    asked = request.url.query
    return f"?{asked}" if request.method == "GET" and _OURS.fullmatch(asked) else ""


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
    made.filters["phrase"] = lambda statement, texts: texts.phrase(statement)
    return made

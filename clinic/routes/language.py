"""Choosing the language of the pages."""

from __future__ import annotations

import re

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse

from clinic.access.security import LANGUAGE_COOKIE
from clinic.site import site_of
from clinic.words.texts import known_languages

router = APIRouter()

# One of our own pages: never another host (//host) and nothing that a browser reads as one.
_OURS = re.compile(r"(?:/[\w.-]+)+(?:\?[\w.&=%+-]*)?", re.ASCII)


@router.get("/language/{code}")
def choose_language(request: Request, code: str, back: str = "/patients") -> RedirectResponse:
    """Remember the choice in this browser and go back to the page; it changes nothing else."""
    if code not in known_languages() or not _OURS.fullmatch(back):
        raise HTTPException(404)
    response = RedirectResponse(back, 303)
    site_of(request).set_cookie(response, LANGUAGE_COOKIE, code)
    return response

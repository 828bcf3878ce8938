"""Signing in with the token, where one is asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from clinic.access.security import SESSION_COOKIE, same_secret
from clinic.forms import Form, read_form
from clinic.site import site_of

router = APIRouter()


@router.get("/sign-in")
def ask_for_token(request: Request) -> HTMLResponse:
    """The page that asks for the token; none where there is no token."""
    site = site_of(request)
    if site.access.token is None:
        raise HTTPException(404)
    return site.render(request, "sign_in.html", wrong=False)


@router.post("/sign-in", response_model=None)
def check_token(
    request: Request, form: Annotated[Form, Depends(read_form)]
) -> HTMLResponse | RedirectResponse:
    """Let in whoever knows the token."""
    site = site_of(request)
    if site.access.token is None:
        raise HTTPException(404)
    if not same_secret(form.get("token"), site.access.token):
        return site.render(request, "sign_in.html", 403, wrong=True)
    response = RedirectResponse("/patients", 303)
    site.set_cookie(response, SESSION_COOKIE, site.seal.open_session())
    return response


@router.post("/sign-out")
def sign_out(request: Request, form: Annotated[Form, Depends(read_form)]) -> RedirectResponse:
    """Close the session, here and wherever else its cookie was copied to."""
    site_of(request).seal.close_session(request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response

"""The application: a site's pages behind their guard."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from clinic.access.guard import Guard
from clinic.routes import (
    cds_hooks,
    comparison,
    language,
    new_patient,
    patient,
    patients,
    population,
    sign_in,
)
from clinic.site import FOLDER, Site, site_of
from clinic.words.texts import known_languages


def create_app(site: Site) -> Guard:
    """All pages of a site; nothing about them is published (no schema, no docs)."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.site = site
    app.state.sites = {code: site.speaking(code) for code in known_languages()}
    for pages in (patients, patient, comparison, new_patient, population, sign_in, language):
        app.include_router(pages.router)
    app.include_router(cds_hooks.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")

    def refuse(request: Request, error: Exception) -> HTMLResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, RequestValidationError):
            status = 400
        return HTMLResponse(site_of(request).refuse(status), status)

    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, refuse)
    return Guard(app, site.access, site.seal, site.refuse)

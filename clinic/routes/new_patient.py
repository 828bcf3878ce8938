"""A new patient: entered, assessed, shown, and forgotten."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from clinic.forms import Form, read_form
from clinic.new_patient import WRITTEN_IN, read_entry
from clinic.patient.leaflets import make_leaflet
from clinic.patient.suppositions import suppose_calcium
from clinic.routes.patient import choose_horizon
from clinic.site import site_in, site_of
from models.plain_language.leaflet import known_languages
from models.plain_language.texts import REFERENCE

router = APIRouter()


@router.get("/new")
def show_form(request: Request) -> HTMLResponse:
    """The empty form."""
    site = site_of(request)
    entry = read_entry({}, site.assessor.scorer.dictionary, site.texts)
    return site.render(request, "new_patient.html", entry=entry)


@router.post("/new")
def assess_entry(request: Request, form: Annotated[Form, Depends(read_form)]) -> HTMLResponse:
    """The patient's page, or the form again with errors beside its fields; nothing is kept."""
    # what was typed means what it means in the language of the form that it was typed into
    written_in = form.get(WRITTEN_IN) or REFERENCE
    if written_in not in known_languages():
        raise HTTPException(400)
    site = site_in(request, written_in)
    given = {name: form.get(name) for name in form.fields if name != "csrf"}
    entry = read_entry(given or {"": ""}, site.assessor.scorer.dictionary, site.texts)
    if entry.covariates is None or form.get("step") == "edit":
        status = 422 if entry.covariates is None else 200
        return site.render(request, "new_patient.html", status, entry=entry)
    horizon = choose_horizon(site, form.get("years"))
    view = site.assessor.assess(entry.covariates, horizon, form.all("option"), entry.units)
    today = date.today().isoformat()
    language = form.get("language") or written_in
    if form.get("step") == "leaflet":
        return site.render(
            request,
            "leaflet.html",
            leaflet=make_leaflet(view, site.facts.simulated, today, language),
            languages=known_languages(),
            icons=view.overview.icons,
            replay=entry.replay,
            stored=False,
        )
    template = "print.html" if form.get("step") == "print" else "patient.html"
    return site.render(
        request,
        template,
        heading=site.texts("patient.new"),
        action="/new",
        replay=entry.replay,
        stored=False,
        view=view,
        horizons=site.assessor.horizons,
        scenarios=()
        if view.calcium.score is not None
        else suppose_calcium(site.assessor.scorer, entry.covariates, horizon),
        inputs_on=site.texts.date(today),
    )

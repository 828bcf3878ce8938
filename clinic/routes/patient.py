"""The page of one scored patient, and its sheet for printing."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from clinic.forms import Form, read_form
from clinic.patient.leaflets import make_leaflet
from clinic.patient.suppositions import suppose_calcium
from clinic.scored_patients.store import Listed
from clinic.site import Site, site_of
from models.plain_language.leaflet import known_languages

router = APIRouter()


@router.get("/patients/{key}")
def show_patient(request: Request, key: str, years: str = "") -> HTMLResponse:
    """One patient; ``years``: the horizon that reasons and treatments are for."""
    return _render(request, key, years, (), "patient.html")


@router.post("/patients/{key}")
def combine_treatments(
    request: Request, key: str, form: Annotated[Form, Depends(read_form)]
) -> HTMLResponse:
    """The same page with the chosen treatments taken together."""
    return _render(request, key, form.get("years"), form.all("option"), "patient.html")


@router.get("/patients/{key}/print")
def print_patient(request: Request, key: str, years: str = "") -> HTMLResponse:
    """One A4 page."""
    return _render(request, key, years, (), "print.html")


@router.get("/patients/{key}/leaflet")
def show_leaflet(request: Request, key: str, language: str = "") -> HTMLResponse:
    """One page in plain words for the patient."""
    site = site_of(request)
    found = _find(site, key)
    if found is None or found[1] is None:
        raise HTTPException(404)
    site.note(request, "leaflet", found[0].patient_id)
    view = site.assessor.assess(found[1], site.assessor.horizons[-1])
    date = site.store.facts.get("scored_on", "")
    return site.render(
        request,
        "leaflet.html",
        leaflet=make_leaflet(view, site.facts.simulated, date, language or site.texts.language),
        languages=known_languages(),
        icons=view.overview.icons,
        action=f"/patients/{key}",
        stored=True,
    )


def choose_horizon(site: Site, years: str) -> float:
    """The horizon asked for, or the last of the model; 404 for one that it does not show."""
    horizons = {f"{horizon:g}": horizon for horizon in site.assessor.horizons}
    if years and years not in horizons:
        raise HTTPException(404)
    return horizons[years] if years else site.assessor.horizons[-1]


def _render(
    request: Request, key: str, years: str, chosen: tuple[str, ...], template: str
) -> HTMLResponse:
    site = site_of(request)
    horizon = choose_horizon(site, years)
    found = _find(site, key)
    if found is None:
        raise HTTPException(404)
    patient, covariates = found
    site.note(request, template.removesuffix(".html"), patient.patient_id)
    if covariates is None:
        return site.render(request, "patient_without_data.html", 200, patient=patient)
    view = site.assessor.assess(covariates, horizon, chosen)
    return site.render(
        request,
        template,
        heading=patient.patient_id,
        action=f"/patients/{patient.key}",
        replay=(),
        stored=True,
        view=view,
        horizons=site.assessor.horizons,
        scenarios=()
        if view.calcium.score is not None
        else suppose_calcium(site.assessor.scorer, covariates, horizon),
        inputs_on=site.texts.date(site.store.facts.get("scored_on", "")),
    )


def _find(site: Site, key: str) -> tuple[Listed, pd.DataFrame | None] | None:
    patient = site.store.find(key)
    return None if patient is None else (patient, site.store.read_covariates(key))

"""Two scored patients, or two dates of one, side by side."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from clinic.forms import Form, read_form
from clinic.patient.comparison import compare
from clinic.scored_patients.store import Listed
from clinic.site import Site, site_of
from clinic.words.values import ValueWriter

router = APIRouter()

_SHOWN = 20


@router.get("/patients/{key}/compare")
def choose_other(request: Request, key: str, other: str = "") -> HTMLResponse:
    """Beside the patient with the key ``other``; without one, a search for whom to compare with."""
    return _render(request, key, other, ())


@router.post("/patients/{key}/compare")
def find_other(
    request: Request, key: str, form: Annotated[Form, Depends(read_form)]
) -> HTMLResponse:
    """Patients whose identifier begins as typed; sent as a form so that no URL holds it."""
    site = site_of(request)
    site.note(request, "search")
    found = site.store.find_patients(form.get("identifier"), _SHOWN).patients
    return _render(request, key, "", tuple(one for one in found if one.key != key))


def _render(request: Request, key: str, other: str, found: tuple[Listed, ...]) -> HTMLResponse:
    site = site_of(request)
    first, second = _find(site, key), _find(site, other) if other else None
    compared = None
    for one in (first, second):
        if one is not None:
            site.note(request, "comparison", one.patient_id)
    if second is not None:
        known = _read(site, first), _read(site, second)
        views = [site.assessor.assess(one, site.assessor.horizons[-1]) for one in known]
        writer = ValueWriter(site.assessor.scorer.dictionary, site.texts)
        compared = compare(views[0], views[1], writer, known)
    return site.render(
        request, "comparison.html", first=first, second=second, compared=compared, found=found
    )


def _read(site: Site, one: Listed) -> pd.DataFrame:
    covariates = site.store.read_covariates(one.key)
    if covariates is None:
        raise HTTPException(404)
    return covariates


def _find(site: Site, key: str) -> Listed:
    found = site.store.find(key)
    if found is None:
        raise HTTPException(404)
    return found

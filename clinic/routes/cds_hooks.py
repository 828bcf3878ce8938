"""CDS Hooks: what a record system asks when a chart is opened. JSON in, JSON out, nothing kept."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from clinic.cds_hooks import SERVICE, discovery, read_prefetch, write_cards
from clinic.site import Site
from features.errors import CalciriskError

router = APIRouter()


@router.get("/cds-services")
def list_services(request: Request) -> JSONResponse:
    """Discovery."""
    site: Site = request.app.state.site
    return JSONResponse(discovery(site.texts, site.assessor.scorer.about.any_death))


@router.post(f"/cds-services/{SERVICE}")
async def view_patient(request: Request) -> JSONResponse:
    """Cards for ``patient-view``; 400 for another hook, 412 where no patient was sent along.

    Or one whose row a file would reject: the answer then says why.
    """
    try:
        asked = json.loads(await request.body())
    except (ValueError, UnicodeDecodeError):
        raise HTTPException(400) from None
    if not isinstance(asked, dict) or asked.get("hook") != "patient-view":
        raise HTTPException(400)
    context, prefetch = asked.get("context"), asked.get("prefetch")
    if not isinstance(context, dict) or not isinstance(asked.get("hookInstance"), str):
        raise HTTPException(400)
    if not isinstance(prefetch, dict):
        raise HTTPException(412)
    base = str(request.base_url).rstrip("/")
    # a record system has no preference of its own: the language that the server was given
    site: Site = request.app.state.site
    patient = str(context.get("patientId", ""))
    site.note(request, "card", patient)
    return await run_in_threadpool(_answer, site, prefetch, patient, base)


def _answer(site: Site, prefetch: dict[str, Any], patient: str, base: str) -> JSONResponse:
    assessor = site.assessor
    try:
        chart = read_prefetch(prefetch, assessor.scorer.dictionary, date.today())
    except CalciriskError as error:
        return JSONResponse({"error": str(error)}, 412)
    if chart is None:
        raise HTTPException(412)
    view = assessor.assess(chart.covariates, assessor.horizons[-1])
    listed = [p for p in site.store.find_patients(patient, 2).patients if p.patient_id == patient]
    link = f"{base}/patients/{listed[0].key}" if listed else f"{base}/new"
    outcome = site.facts.outcome(site.texts)
    cards = write_cards(view, link, site.facts.simulated, outcome, site.texts, chart.measured_on)
    return JSONResponse(cards)

"""The list of scored patients."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from clinic.forms import Form, read_form
from clinic.scored_patients.store import FLAGS, ListPage
from clinic.site import site_of

router = APIRouter()

PAGE_SIZE = 50


@router.get("/")
def go_to_list() -> RedirectResponse:
    """The front page is the list."""
    return RedirectResponse("/patients", 303)


@router.get("/patients")
def list_patients(
    request: Request,
    sort: str = "",
    order: str = "",
    after: str = "",
    before: str = "",
    category: str = "",
    flag: str = "",
) -> HTMLResponse:
    """A page of patients; the highest risk comes first unless another order is asked for."""
    store = site_of(request).store
    sort = sort or store.horizons[-1]
    descending = order != "up"
    try:
        page = store.list_patients(sort, descending, PAGE_SIZE, after, before, category, flag)
    except KeyError:
        raise HTTPException(404) from None
    return _render(request, page, sort, descending, category=category, flag=flag)


@router.post("/patients")
def find_patients(request: Request, form: Annotated[Form, Depends(read_form)]) -> HTMLResponse:
    """Patients whose identifier begins as typed; sent as a form so that no URL holds it."""
    page = site_of(request).store.find_patients(form.get("identifier"), PAGE_SIZE)
    return _render(request, page, "", False, found=True)


def _render(
    request: Request,
    page: ListPage,
    sort: str,
    descending: bool,
    found: bool = False,
    category: str = "",
    flag: str = "",
) -> HTMLResponse:
    site = site_of(request)
    site.note(request, "search" if found else "list")
    return site.render(
        request,
        "patients.html",
        page=page,
        sort=sort,
        descending=descending,
        found=found,
        category=category,
        flag=flag,
        flags=tuple(FLAGS),
        store=site.store,
        bounds=site.assessor.guideline.earlier.bounds,
        years=[name.removeprefix("risk_").removesuffix("y") for name in site.store.horizons],
        size=PAGE_SIZE,
    )

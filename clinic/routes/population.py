"""What marks risk among the scored patients, and how each variable does."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from clinic.site import site_of

router = APIRouter()


@router.get("/population")
def show_population(request: Request) -> HTMLResponse:
    """Beeswarm, groups, and a table of all variables."""
    site = site_of(request)
    population, dictionary = site.population, site.assessor.scorer.dictionary
    if population is None:
        return site.render(request, "population.html", population=None)
    return site.render(
        request,
        "population.html",
        population=population,
        swarm=population.draw_swarm(dictionary, site.texts),
        groups=population.draw_groups(site.texts),
        rows=population.tell_variables(site.texts),
    )


@router.get("/population/{name}")
def show_variable(request: Request, name: str) -> HTMLResponse:
    """How the contribution of one variable goes with its value."""
    site = site_of(request)
    population, dictionary = site.population, site.assessor.scorer.dictionary
    if population is None or name not in dictionary or name not in population.points:
        raise HTTPException(404)
    names = list(population.variables["variable"])
    place = names.index(name)
    _, halves = population.tell_partner(name, dictionary, site.texts)
    return site.render(
        request,
        "variable.html",
        variable=dictionary[name],
        row=population.tell_variables(site.texts)[place],
        groups=population.tell_dependence(name, dictionary, site.texts),
        halves=halves,
        drawn=population.draw_dependence(name, dictionary, site.texts),
        before=dictionary[names[place - 1]] if place else None,
        after=dictionary[names[place + 1]] if place + 1 < len(names) else None,
    )

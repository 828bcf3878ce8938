"""The leaflet of an assessed patient: the same numbers, in the patient's words."""

from __future__ import annotations

from clinic.patient.assessor import Assessment
from clinic.patient.overview import one_of_each
from clinic.patient.themes import OWN
from clinic.words.texts import load_texts
from models.plain_language.leaflet import (
    Helping,
    Leaflet,
    LeafletFacts,
    can_be_told,
    known_languages,
    write_leaflet,
)
from models.plain_language.texts import REFERENCE

_MOST_REASONS, _MOST_OPTIONS, _LEAST_POINTS = 3, 4, 0.1


def make_leaflet(view: Assessment, simulated: bool, date: str, language: str) -> Leaflet:
    """The leaflet in a language that is shipped, else in English."""
    spoken = language if language in known_languages() else REFERENCE
    at = next(risk for risk in view.risks if risk.years == view.horizon)
    # what was filled in is no reason that a patient could read
    themes = [
        theme
        for theme in view.overview.every_theme
        if theme.is_reason and min(theme.points, theme.known) >= _LEAST_POINTS
    ]
    # nor is what a guideline would defer an advice to a patient
    offered = [row for row in view.treatments.offered if row.change is not None and not row.against]
    told = can_be_told([row.name for row in offered])
    rows = [row for row in one_of_each(view.treatments.offered) if row.name in told]
    facts = LeafletFacts(
        view.horizon,
        at.risk,
        at.interval,
        view.overview.average,
        view.calcium.score,
        tuple(t.label if t.name.startswith(OWN) else t.name for t in themes[:_MOST_REASONS]),
        tuple(
            Helping(row.name, 100 * row.change.reduction.estimate, bool(row.harm))
            for row in rows[:_MOST_OPTIONS]
            if row.change is not None
        ),
        simulated,
        load_texts(spoken).date(date),
        view.calcium.part,
        view.calcium.trace,
        view.treatments.on_any_death,
        view.calcium.diseased,
    )
    return write_leaflet(facts, spoken)

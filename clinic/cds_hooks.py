"""CDS Hooks 2.0 (HL7): a record's request becomes an assessment, and that becomes cards.

https://cds-hooks.hl7.org/2.0/: discovery, request and card as that page has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from clinic.patient.assessor import Assessment
from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from features.intake.fhir.patient.index_rules import YEAR
from features.intake.fhir.reader import read_fhir
from features.intake.frame import read_covariates

SERVICE = "calcirisk-patient-view"
_PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "observations": "Observation?patient={{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "medications": "MedicationRequest?patient={{context.patientId}}",
}
_LONGEST_SUMMARY = 139


@dataclass(frozen=True)
class Chart:
    """Covariates (1, variables) of the patient whose chart is open, of the age on that day.

    ``measured_on``: the day of the last measurement, ISO.
    """

    covariates: pd.DataFrame
    measured_on: str


def discovery(texts: PageTexts, any_death: bool = False) -> dict[str, Any]:
    """What ``GET /cds-services`` answers; ``any_death``: of a model of death from any cause."""
    title, description = (
        ("cds.title_death", "cds.description_death")
        if any_death
        else ("cds.title", "cds.description")
    )
    return {
        "services": [
            {
                "hook": "patient-view",
                "title": texts(title),
                "description": texts(description),
                "id": SERVICE,
                "prefetch": dict(_PREFETCH),
            }
        ]
    }


def read_prefetch(prefetch: Mapping[str, Any], dictionary: Dictionary, today: date) -> Chart | None:
    """The chart of the patient sent along, on this day; None where there is not one patient.

    The resources pass through the reader of health records, in a folder that is gone afterwards.
    What it reads is of the day of the last measurement; the patient has aged since.
    Raises CohortError where they cannot be read, lack what the model needs, or hold what rejects
    the row of a file: values beyond their range, or that contradict one another.
    """
    resources = [one for part in prefetch.values() for one in _resources(part)]
    if sum(one.get("resourceType") == "Patient" for one in resources) != 1:
        return None
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in resources],
    }
    with TemporaryDirectory(prefix="calcirisk-") as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(bundle), encoding="utf-8")
        read = read_fhir(path)
    if len(read.frame) != 1:
        return None
    recorded = read.frame.reset_index(drop=True).reindex(columns=list(dictionary))
    measured_on = str(read.index_date.iloc[0])
    since = (today - date.fromisoformat(measured_on)).days
    recorded["age"] += max(since, 0) / YEAR
    return Chart(read_covariates(recorded, dictionary), measured_on)


def write_cards(
    view: Assessment,
    link: str,
    simulated: bool,
    outcome: str,
    texts: PageTexts,
    measured_on: str = "",
) -> dict[str, Any]:
    """The answer to a request: one card with risk, strongest reason, change, link to the page.

    It says, too, what makes the risk less sure.
    ``measured_on``: the day of the last measurement, ISO, or "".
    """
    at = next(risk for risk in view.risks if risk.years == view.horizon)
    interval = ""
    if at.interval is not None:
        low, high = (texts.write.percent(limit) for limit in at.interval)
        interval = texts("overview.interval", low=low, high=high)
    years = texts.write.general(view.horizon)
    kind = "cds.summary_death" if view.treatments.on_any_death else "cds.summary"
    risk = texts.write.percent(at.risk)
    summary = texts(kind, years=years, risk=risk, interval=interval).strip()
    detail = [texts("overview.counted", outcome=outcome)]
    strongest = next((theme for theme in view.overview.themes if theme.is_reason), None)
    if strongest is not None:
        points = texts.write.signed(strongest.points)
        detail.insert(0, texts("cds.reason", name=strongest.label, points=points))
    if view.growth.first_screen:
        detail.append(view.growth.first_screen)
    detail += _doubts(view, texts)
    if measured_on:
        detail.append(texts("cds.measured", date=texts.date(measured_on)))
    if simulated:
        detail.insert(0, texts("site.research"))
    card = {
        "summary": summary[:_LONGEST_SUMMARY],
        "indicator": "info",
        "detail": "\n\n".join(detail),
        "source": {"label": texts("site.name")},
        "links": [{"label": texts("cds.link"), "url": link, "type": "absolute"}],
    }
    return {"cards": [card]}


def _doubts(view: Assessment, texts: PageTexts) -> list[str]:
    """What the page says beside the risk: missing, beyond the range of training, to be checked."""
    missing, outside = view.quality.missing, view.quality.outside
    said = [texts("quality.missing", list=", ".join(missing))] if missing else []
    beyond = (texts("overview.extrapolated", name=name, value=value) for name, value, _ in outside)
    if outside:
        said.append("; ".join(beyond))
    return [*said, *view.overview.checks]


def _resources(part: Any) -> list[dict[str, Any]]:
    """The resources of a prefetched one or of a Bundle of a search."""
    if not isinstance(part, dict):
        return []
    if part.get("resourceType") != "Bundle":
        return [part]
    entries = part.get("entry")
    found = [one.get("resource") for one in entries if isinstance(one, dict)] if entries else []
    return [one for one in found if isinstance(one, dict)]

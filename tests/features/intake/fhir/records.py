"""Resources as a health record system writes them, invented; shaped as Synthea's Bundles are."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.intake.fhir.reader import read_fhir

Json = dict[str, Any]
DAY = date(2020, 6, 29)

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
UCUM = "http://unitsofmeasure.org"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def patient(identity: str = "p1", **changes: Any) -> Json:
    made = {
        "resourceType": "Patient",
        "id": identity,
        "name": [{"family": "Invented"}],
        "gender": "female",
        "birthDate": "1960-06-30",
    }
    return {key: value for key, value in (made | changes).items() if value is not None}


def race(category: str, *detailed: str, url: str = "race") -> Json:
    system = "urn:oid:2.16.840.1.113883.6.238"
    parts = [{"url": "ombCategory", "valueCoding": {"system": system, "code": category}}]
    parts += [{"url": "detailed", "valueCoding": {"system": system, "code": d}} for d in detailed]
    return {"url": US_CORE + url, "extension": [*parts, {"url": "text", "valueString": "x"}]}


def concept(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding], "text": display} if display else {"coding": [coding]}


def named(resource: Json) -> Json:
    """The resource with an id that no resource of other content has, unless it has one."""
    made = sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()[:12]
    return {"id": made} | resource


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(
    loinc: str, value: Any, unit: str = "", date: str | None = "2020-03-01", **changes: Any
) -> Json:
    made: Json = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, loinc),
        "subject": {"reference": "Patient/p1"},
    }
    if date is not None:
        made["effectiveDateTime"] = date
    if isinstance(value, dict):
        made |= value
    elif value is not None:
        made["valueQuantity"] = quantity(value, unit)
    return named(made | changes)


def blood_pressure(systolic: float, diastolic: float, date: str = "2020-03-01") -> Json:
    parts = [
        {"code": concept(LOINC, "8480-6"), "valueQuantity": quantity(systolic, "mm[Hg]")},
        {"code": concept(LOINC, "8462-4"), "valueQuantity": quantity(diastolic, "mm[Hg]")},
    ]
    return observation("85354-9", None, date=date, component=parts)


def condition(system: str, code: str, date: str | None = "2015-01-01", **changes: Any) -> Json:
    made: Json = {
        "resourceType": "Condition",
        "code": concept(system, code),
        "subject": {"reference": "Patient/p1"},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "clinicalStatus": {"coding": [{"code": "active"}]},
    }
    if date is not None:
        made["onsetDateTime"] = date
    return named(made | changes)


def relative(
    code: str, onset: Json | None = None, date: str | None = "2019-01-01", **changes: Any
) -> Json:
    """A relative with an infarction that began at an age, or at one that is not told."""
    disease: Json = {"code": concept(ICD10, "I21.9")} | ({"onsetAge": onset} if onset else {})
    made: Json = {
        "resourceType": "FamilyMemberHistory",
        "status": "completed",
        "patient": {"reference": "Patient/p1"},
        "relationship": concept(ROLE, code),
        "condition": [disease],
    }
    if date is not None:
        made["date"] = date
    return named(made | changes)


def request(medicine: Json | None, date: str | None = "2018-01-01", **changes: Any) -> Json:
    made: Json = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
    }
    if medicine is not None:
        made["medicationCodeableConcept"] = medicine
    if date is not None:
        made["authoredOn"] = date
    return named(made | changes)


def dosage(value: float, unit: str = "", frequency: int = 1) -> list[Json]:
    dose: Json = {"value": value} | ({"unit": unit, "code": unit} if unit else {})
    repeat = {"frequency": frequency, "period": 1.0, "periodUnit": "d"}
    return [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}]


def bundle(*resources: Json) -> Json:
    entry = [
        {"resource": one} | ({"fullUrl": f"urn:uuid:{one['id']}"} if one.get("id") else {})
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry}


def write_bundle(folder: Path, *resources: Json, name: str = "export.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(bundle(*resources)), encoding="utf-8")
    return path


def write_lines(path: Path, *resources: Json) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in resources), encoding="utf-8")
    return path


def read_row(folder: Path, *resources: Json, day: date | None = DAY) -> dict[str, Any]:
    """What is known of patient p1 on the day, missing variables left out; reads ndjson."""
    path = write_lines(folder / "all.ndjson", patient(), *resources)
    frame = read_fhir(path, day).frame
    return {str(name): value for name, value in frame.loc["p1"].items() if value == value}

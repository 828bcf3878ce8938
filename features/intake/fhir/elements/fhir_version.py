"""Which FHIR version a resource is told to be of by its elements."""

from __future__ import annotations

from features.intake.fhir.elements.json_elements import Json

_DSTU2 = ("patient", "wasNotTaken", "notPerformed")
_DSTU2_KINDS = ("Condition", "MedicationStatement", "Procedure")
_R5 = {
    "MedicationRequest": ("medication",),
    "MedicationStatement": ("medication", "adherence"),
    "MedicationDispense": ("medication",),
    "MedicationAdministration": ("medication", "occurrenceDateTime", "occurrencePeriod"),
    "Procedure": ("occurrenceDateTime", "occurrencePeriod"),
}


def told_version(body: Json, kind: str) -> str:
    """DSTU2 or R5, whose elements mean other things; "" of R4 and of STU3, which are read."""
    if kind == "MedicationOrder":
        return "DSTU2"
    if kind in _DSTU2_KINDS and any(name in body for name in _DSTU2) and "subject" not in body:
        return "DSTU2"
    return "R5" if any(name in body for name in _R5.get(kind, ())) else ""

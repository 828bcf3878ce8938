"""Statements and requests of medicines: from when to when, and how much a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from features.intake.fhir.codes import CodeTable
from features.intake.fhir.dates import When, first_when, period_of
from features.intake.fhir.dosage import Dosage
from features.intake.fhir.drugs import Substance, find_substances
from features.intake.fhir.elements import Json, codings, entries, mapping, reference, text
from features.intake.fhir.facts import ENDED, OPEN, UNDATED, Fact, Tally

_RUNNING = ("active", "intended")
_PAST = ("completed", "stopped", "on-hold", "unknown")
_STATIN_ALONE = {"statin_intensity", "lipid_lowering"}
_UNUSABLE = ("entered-in-error", "not-taken", "draft", "cancelled")
_BEGINNINGS = ("effectiveDateTime", "effectivePeriod", "authoredOn", "dateAsserted")


@dataclass(frozen=True)
class Use:
    """A medicine in use: ``medicine`` is known, or lies in the Medication called ``elsewhere``."""

    resource: str
    source: str
    first: int
    last: int
    dosage: Dosage
    medicine: Json
    elsewhere: str

    def facts(self, medicine: Json, table: CodeTable, tally: Tally) -> Iterator[Fact]:
        """What the substances of the medicine say of the patient."""
        substances = find_substances(medicine, table)
        if not substances:
            tally.miss(self.resource, codings(medicine.get("code")))
        # A dose in mg of a combination may be that of either substance.
        alone = {one.meaning.variable for one in substances} <= _STATIN_ALONE
        for substance in substances:
            yield self._fact(substance, alone)

    def _fact(self, substance: Substance, alone: bool) -> Fact:
        meaning, strength = substance
        amount = self.dosage.daily_mg(strength, alone)
        moment = float(self.first)
        return Fact(
            "drug",
            meaning.variable,
            self.first,
            self.last,
            moment,
            amount,
            meaning.value,
            self.source,
        )


def read_use(resource: Json, name: str, tally: Tally) -> Use | None:
    """A MedicationStatement or MedicationRequest; None, tallied, where it tells of no use."""
    status, intent = text(resource.get("status")), text(resource.get("intent"))
    if status in _UNUSABLE or status not in (*_RUNNING, *_PAST):
        tally.leave_out(name, "status", status)
        return None
    if resource.get("doNotPerform") is True or intent in ("proposal", "plan"):
        tally.leave_out(name, "not an order", intent)
        return None
    first, last = _days(resource, status in _RUNNING)
    medicine, elsewhere = _medicine(resource)
    source = f"{name}/{text(resource.get('id'))}"
    return Use(name, source, first, last, Dosage(resource), medicine, elsewhere)


def _days(resource: Json, running: bool) -> tuple[int, int]:
    """First and last day of use."""
    start = first_when(resource, _BEGINNINGS)
    end = _end(resource)
    first = UNDATED if start is None else start.last
    if end is not None:
        return first, end.last
    return first, OPEN if running else ENDED


def _end(resource: Json) -> When | None:
    dispensed = mapping(resource.get("dispenseRequest")).get("validityPeriod")
    doses = entries(resource.get("dosage")) + entries(resource.get("dosageInstruction"))
    bounds = [
        mapping(mapping(dose.get("timing")).get("repeat")).get("boundsPeriod") for dose in doses
    ]
    for period in (resource.get("effectivePeriod"), *bounds, dispensed):
        _, end = period_of(period)
        if end is not None:
            return end
    return None


def _medicine(resource: Json) -> tuple[Json, str]:
    """The medicine itself, or the identity of the Medication that says what it is."""
    concept = resource.get("medicationCodeableConcept")
    if isinstance(concept, dict):
        return {"code": concept}, ""
    pointer = resource.get("medicationReference")
    target = text(mapping(pointer).get("reference"))
    if target.startswith("#"):
        inside = entries(resource.get("contained"))
        found = (one for one in inside if text(one.get("id")) == target[1:])
        return next(found, {}), ""
    return {}, reference(pointer, "Medication")

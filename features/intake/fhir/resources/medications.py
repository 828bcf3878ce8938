"""Statements, orders and dispenses of medicines: from when to when, and how much a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from features.intake.fhir.codes.code_table import CodeTable
from features.intake.fhir.elements.addresses import resolve
from features.intake.fhir.elements.dates import When, first_when, period_of, read_when
from features.intake.fhir.elements.facts import ENDED, MEDICINES, OPEN, UNDATED, Fact, FactKind
from features.intake.fhir.elements.json_elements import (
    Json,
    category_codes,
    codings,
    entries,
    mapping,
    text,
)
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.resources.dosage import Dosage
from features.intake.fhir.resources.drugs import Medicine, Substance, read_medicine

STATED = ("MedicationStatement", "MedicationRequest")
# These say that a medicine was handed out or given once, not that it is taken.
GIVEN = ("MedicationDispense", "MedicationAdministration")
_RUNNING = ("active", "in-progress")
_PAST = ("completed", "stopped")
_UNUSABLE = (
    *("entered-in-error", "not-taken", "draft", "cancelled"),
    *("declined", "not-done", "preparation"),
)
_NO_ORDERS = ("proposal", "plan", "option")
_STATIN_ALONE = {"statin_intensity", "lipid_lowering"}
_BEGINNINGS = (
    *("effectiveDateTime", "effectivePeriod", "authoredOn"),
    *("whenHandedOver", "whenPrepared", "dateAsserted"),
)


@dataclass(frozen=True)
class Use:
    """A medicine in use: ``medicine`` is known, or lies in the Medication at ``elsewhere``.

    ``doubtful``: it may not be taken. ``listed``: it stands in a list of what the patient takes.
    """

    resource: str
    earliest: int
    first: int
    last: int
    dosage: Dosage
    route: object
    medicine: Json
    elsewhere: str
    doubtful: str
    listed: bool

    def facts(self, medicine: Json, table: CodeTable, losses: Losses) -> Iterator[Fact]:
        """What the medicine says of the patient."""
        said = codings(medicine.get("code"))
        absent = [one for coding in said for one in table.find("absence", coding) or ()]
        if absent:
            for one in absent:
                yield self._say("denial" if one.value == "no" else "doubt", one.variable)
            return
        found = read_medicine(medicine, table, self.route)
        if self.listed:
            yield Fact("listed", MEDICINES, self.first, OPEN)
        if found.setting_aside:
            losses.leave_out(self.resource, found.setting_aside)
        elif not found.understood or not (found.substances or found.open):
            losses.miss(self.resource, said)
        yield from self._of_substances(found, losses)

    def _of_substances(self, found: Medicine, losses: Losses) -> Iterator[Fact]:
        open_ = list(found.open)
        if self.doubtful:
            losses.leave_out(self.resource, "may not be taken", self.doubtful)
            open_ += [one.meaning.variable for one in found.substances]
        else:
            # A dose in mg of a combination may be that of either substance.
            alone = {one.meaning.variable for one in found.substances} <= _STATIN_ALONE
            yield from (self._drug(substance, alone) for substance in found.substances)
        if not found.understood:
            open_.append(MEDICINES)
        yield from (self._say("doubt", variable) for variable in dict.fromkeys(open_))

    def _drug(self, substance: Substance, alone: bool) -> Fact:
        meaning, strength = substance
        return self._say("drug", meaning.variable)._replace(
            number=self.dosage.daily_mg(strength, alone),
            value=meaning.value,
        )

    def _say(self, kind: FactKind, variable: str) -> Fact:
        return Fact(kind, variable, self.first, self.last, self.earliest)


def read_use(resource: Json, name: str, base: str, losses: Losses) -> Use | None:
    """A use of a medicine; None, counted, where the resource tells of none.

    ``base``: the server that relative references are to.
    """
    status, intent = text(resource.get("status")), text(resource.get("intent"))
    if status in _UNUSABLE:
        losses.leave_out(name, "status", status)
        return None
    if resource.get("doNotPerform") is True or intent in _NO_ORDERS:
        losses.leave_out(name, "not an order", intent)
        return None
    # STU3 says apart whether it is taken
    taken = text(resource.get("taken"))
    if taken == "n":
        losses.leave_out(name, "not taken", taken)
        return None
    doubtful = "" if status in (*_RUNNING, *_PAST) else status or "no status"
    doubtful = name if name in GIVEN else "taken: unknown" if taken == "unk" else doubtful
    listed = name in STATED and not doubtful and "inpatient" not in category_codes(resource)
    doubtful = doubtful or ("as needed" if _is_as_needed(resource) else "")
    start = first_when(resource, _BEGINNINGS)
    earliest, first = (start.first, start.last) if start else (0, UNDATED)
    last = _last_day(resource, status)
    medicine, elsewhere = _medicine(resource, base)
    route = _dosages(resource)[0].get("route")
    return Use(
        name, earliest, first, last, Dosage(resource), route, medicine, elsewhere, doubtful, listed
    )


def _dosages(resource: Json) -> list[Json]:
    """As many as are told, behind them what is none."""
    told = entries(resource.get("dosage")) + entries(resource.get("dosageInstruction"))
    return [*told, mapping(resource.get("dosage"))]


def _is_as_needed(resource: Json) -> bool:
    """Whether each of its dosages is for when there is need."""
    told = [
        one.get("asNeededBoolean") is True or "asNeededCodeableConcept" in one
        for one in _dosages(resource)[:-1]
    ]
    return bool(told) and all(told)


def _last_day(resource: Json, status: str) -> int:
    """The last day of use: of its end, if it is told.

    What was stopped did not go on to the end that was planned for it, and what is over as of a day
    was over by then.
    """
    _, end = period_of(resource.get("effectivePeriod"))
    if end is None and status != "stopped":
        end = _planned_end(resource)
    if end is None:
        return ENDED if status in _PAST else OPEN
    said = read_when(resource.get("dateAsserted")) if status in _PAST else None
    return end.last if said is None else min(end.last, said.last)


def _planned_end(resource: Json) -> When | None:
    supply = mapping(resource.get("dispenseRequest")).get("validityPeriod")
    bounds = [
        mapping(mapping(dose.get("timing")).get("repeat")).get("boundsPeriod")
        for dose in _dosages(resource)
    ]
    for period in (*bounds, supply):
        _, end = period_of(period)
        if end is not None:
            return end
    return None


def _medicine(resource: Json, base: str) -> tuple[Json, str]:
    """The medicine itself, or the address of the Medication that says what it is."""
    concept = resource.get("medicationCodeableConcept")
    if isinstance(concept, dict):
        return {"code": concept}, ""
    pointer = resource.get("medicationReference")
    target = text(mapping(pointer).get("reference"))
    if target.startswith("#"):
        inside = entries(resource.get("contained"))
        found = (one for one in inside if text(one.get("id")) == target[1:])
        return next(found, {}), ""
    return {}, resolve(pointer, "Medication", base)

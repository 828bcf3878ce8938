"""Takes the resources of an export one by one into the store of facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.errors import CohortError, Problem
from features.intake.fhir.codes.code_table import CodeTable
from features.intake.fhir.elements.addresses import address_of, is_urn, resolve
from features.intake.fhir.elements.fhir_version import told_version
from features.intake.fhir.elements.json_elements import Json, holds, text
from features.intake.fhir.elements.losses import Loss, Losses
from features.intake.fhir.elements.versions import digest_of
from features.intake.fhir.export.export_items import Broken, Deletion, Item, Note, Resource
from features.intake.fhir.resources.conditions import read_condition, read_procedure
from features.intake.fhir.resources.medications import GIVEN, STATED, Use, read_use
from features.intake.fhir.resources.observations import read_observation
from features.intake.fhir.resources.patients import read_patient, replaced_by, replaces
from features.intake.fhir.resources.relatives import RELATIVE, read_relative
from features.intake.fhir.store.fact_store import FactStore
from features.intake.fhir.store.settling import doubt_list, doubt_lists

_OF_PATIENT = ("Observation", "Condition", "Procedure", RELATIVE, *STATED, *GIVEN)
_READ = ("Patient", "Medication", *_OF_PATIENT)
_NOT_COUNTED = {
    "earlier": "an earlier version",
    "same": "the same again",
    "unclear": "two that differ under one id, and no version tells which is later",
}


@cache
def _shipped_table() -> CodeTable:
    """Read once: some code sets hold thousands of codes, some exports a few resources."""
    return CodeTable.load(Dictionary.load())


class ResourceIntake:
    """One pass over an export. ``accounts``: what became of every resource, each counted once."""

    def __init__(self, store: FactStore, dictionary: Mapping[str, Variable]) -> None:
        self._store, self._dictionary = store, dictionary
        shipped = dictionary is Dictionary.load()
        self._table = _shipped_table() if shipped else CodeTable.load(dictionary)
        self._losses = Losses()
        self._notes: Counter[Loss] = Counter()
        self.accounts: Counter[str] = Counter()
        self.complete = True

    def take(self, found: Item) -> None:
        """Take one resource, line or deletion. Raises CohortError for another FHIR version."""
        if isinstance(found, Note):
            self._notes[Loss("left_out", *found[:3])] += 1
            self.complete = self.complete and found.harmless
        elif isinstance(found, Broken):
            self._take_broken(found)
            self.accounts["rejects"] += 1
        elif isinstance(found, Deletion):
            self._store.add_deletion(found.address, found.version)
            self.accounts["deletions"] += 1
        else:
            self.accounts[self._take_resource(found)] += 1
            # what belongs to no version is counted at once
            self._notes.update(self._losses.drain())

    def finish(self) -> Counter[Loss]:
        """Resolve what waited for the end of the export; gives what was not used."""
        counts = self._store.apply_deletions()
        for serial, kind, base, body, medicine in self._store.waiting_uses():
            use = read_use(body, kind, base, Losses())
            if use is not None:
                self._store.add_facts(serial, use.facts(medicine, self._table, self._losses))
                self._store.add_losses(serial, self._losses.drain())
        return counts + self._store.close_intake() + self._notes

    def _take_broken(self, found: Broken) -> None:
        """A line that is cut off may be an entry of a list: of its patient, or of anybody."""
        self._store.add_unreadable("", found.where, found.rule)
        if not found.patient:
            harmless = found.kind and not doubt_list(found.kind)
            self.complete = self.complete and bool(harmless)
            return
        patient = resolve({"reference": found.patient}, "Patient", "")
        doubts = doubt_list(found.kind) if found.kind else doubt_lists()
        self._store.add_facts(self._store.stand_in(patient), doubts)

    def _take_resource(self, found: Resource) -> str:
        body, kind = found.body, text(found.body.get("resourceType"))
        version = told_version(body, kind)
        if version:
            rule = f"{found.where} is FHIR {version}"
            raise CohortError([Problem("", rule, "Export R4, or STU3")], found.file)
        if kind not in _READ:
            self._losses.leave_out(kind, "resource of a type that is not read")
            return "left out"
        address = address_of(body, kind, found.server, found.full_url)
        if is_urn(found.full_url) and address and found.full_url != address:
            self._store.add_alias(found.full_url, address)
        if kind == "Patient":
            return self._take_patient(found, address)
        if kind == "Medication":
            return self._take_medication(found, address)
        return self._take_of_patient(found, kind, address)

    def _take_patient(self, found: Resource, address: str) -> str:
        if not address:
            self._store.add_unreadable("", found.where, "no id")
            return "rejects"
        body, server, losses = found.body, found.server, self._losses
        patient = read_patient(body, address, server, found.where, self._table, losses)
        known = self._store.find_patient(address)
        key = f"Patient {address}".encode()
        admission, serial = self._store.admit(key, address, "", found.version, digest_of(body))
        another = known is not None and not server and known != (patient.born, patient.sex)
        if admission == "unclear" or (another and admission != "same"):
            # without a server, two versions may be two people of two servers
            losses.drain()
            self._store.spoil_patient(address, "another Patient of the same id")
            self._store.add_unreadable(address, found.where, "a Patient of the same id")
            return "rejects"
        if admission in _NOT_COUNTED:
            losses.drain()
            return self._set_aside("Patient", admission)
        self._count_former("Patient", admission)
        if _changed(body):
            patient = patient._replace(problem=f"has a {_changed(body)}, which is not understood")
        links = [(address, new) for new in replaced_by(body, server)]
        links += [(old, address) for old in replaces(body, server)]
        self._store.add_patient(patient, links)
        self._store.add_losses(serial, losses.drain())
        return "patients"

    def _take_medication(self, found: Resource, address: str) -> str:
        key, digest = f"Medication {address}".encode(), digest_of(found.body)
        if not address:
            self._losses.leave_out("Medication", "no id")
            return "left out"
        admission, serial = self._store.admit(key, address, "", found.version, digest)
        if admission in _NOT_COUNTED:
            return self._set_aside("Medication", admission)
        self._count_former("Medication", admission)
        if _changed(found.body):
            self._losses.leave_out("Medication", "not understood", _changed(found.body))
            self._store.add_losses(serial, self._losses.drain())
            return "left out"
        self._store.add_medicine(serial, found.body)
        return "medicines"

    def _take_of_patient(self, found: Resource, kind: str, address: str) -> str:
        about = found.body.get("patient" if kind == RELATIVE else "subject")
        patient = resolve(about, "Patient", found.server)
        if not patient:
            # it may be anybody's: nobody's list is known to be whole
            self.complete = self.complete and not doubt_list(kind)
            self._losses.leave_out(kind, "refers to no Patient")
            return "left out"
        admission, serial = self._store.admit(
            _key(address, patient, found),
            address or f"{kind}/",
            patient,
            found.version,
            digest_of(found.body),
        )
        if admission in _NOT_COUNTED:
            return self._set_aside(kind, admission)
        self._count_former(kind, admission)
        n_facts = self._read_facts(found, kind, patient, serial)
        if not n_facts and not self._losses:
            self._losses.leave_out(kind, "nothing in it that is read")
        lost = self._losses.drain()
        self._store.add_losses(serial, lost)
        return "used" if n_facts else "left out"

    def _read_facts(self, found: Resource, kind: str, patient: str, serial: int) -> int:
        body, base, losses = found.body, found.server, self._losses
        store, table = self._store, self._table
        if _changed(body):
            losses.leave_out(kind, "not understood", _changed(body))
            store.add_facts(serial, doubt_list(kind))
            return 0
        if kind == "Observation":
            facts = read_observation(body, patient, base, table, self._dictionary, losses)
            return store.add_facts(serial, facts)
        if kind == "Condition":
            return store.add_facts(serial, read_condition(body, table, losses))
        if kind == "Procedure":
            return store.add_facts(serial, read_procedure(body, table, losses))
        if kind == RELATIVE:
            facts = read_relative(body, table, self._dictionary, losses)
            return store.add_facts(serial, facts)
        return self._read_use(read_use(body, kind, base, losses), body, base, serial)

    def _read_use(self, use: Use | None, body: Json, base: str, serial: int) -> int:
        """A use whose medicine lies elsewhere waits until every Medication has been read."""
        if use is None:
            return 0
        if use.elsewhere:
            self._store.add_use(serial, use.resource, base, body, use.elsewhere)
            return 1
        facts = use.facts(use.medicine, self._table, self._losses)
        return self._store.add_facts(serial, facts)

    def _count_former(self, kind: str, admission: str) -> None:
        if admission == "later":
            self._notes[Loss("left_out", kind, _NOT_COUNTED["earlier"], "")] += 1

    def _set_aside(self, kind: str, admission: str) -> str:
        self._losses.leave_out(kind, _NOT_COUNTED[admission])
        return "not the last version"


def _changed(body: Json) -> str:
    """What changes the meaning of a resource: who does not understand it may not use it."""
    if body.get("implicitRules"):
        return "implicitRules"
    return "modifierExtension" if holds(body, "modifierExtension") else ""


def _key(address: str, patient: str, found: Resource) -> bytes:
    """What is one resource: the same address; without a server, of the same patient as well."""
    if not address:
        said = f"{found.where} {patient}"
    else:
        said = address if found.server or is_urn(address) else f"{address} {patient}"
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()

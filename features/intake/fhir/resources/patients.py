"""The Patient resource: who it is, when born, of which sex and ethnicity, whether alive."""

from __future__ import annotations

from typing import NamedTuple

from features.intake.fhir.codes.code_table import CodeTable
from features.intake.fhir.elements.addresses import resolve
from features.intake.fhir.elements.dates import read_when
from features.intake.fhir.elements.facts import UNDATED
from features.intake.fhir.elements.json_elements import (
    Coding,
    Json,
    codings,
    entries,
    mapping,
    text,
)
from features.intake.fhir.elements.losses import Losses

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
_NOT_SAID = ("UNK", "ASKU", "NI")


class Patient(NamedTuple):
    """``address``: whose record it is; ``server`` and ``identity``: its parts.

    ``born`` is the middle of the days that the birth date can mean (ordinal), None if none.
    ``died``: first day on which the patient can have been dead, UNDATED where it is not known when,
    None where alive. ``problem``: why the patient cannot be read, "" where it can. ``where``: the
    place in the export.
    """

    address: str
    server: str
    identity: str
    where: str
    born: float | None
    sex: str
    ethnicity: str
    died: int | None
    problem: str


def read_patient(
    resource: Json, address: str, server: str, where: str, table: CodeTable, losses: Losses
) -> Patient:
    """What a Patient says; never raises."""
    identity = text(resource.get("id")) or address
    born = read_when(resource.get("birthDate"))
    problem = "" if born else "no birth date"
    gender = text(resource.get("gender"))
    sex = gender if gender in ("female", "male") else ""
    if not sex:
        losses.leave_out("Patient", "sex not known as female or male", gender)
    middle = None if born is None else (born.first + born.last) / 2
    ethnicity = _read_ethnicity(resource, table, losses)
    death = _read_death(resource)
    return Patient(address, server, identity, where, middle, sex, ethnicity, death, problem)


def replaced_by(resource: Json, server: str) -> tuple[str, ...]:
    """The Patients to be used in place of this one, "?" for one that cannot be followed."""
    return _linked(resource, "replaced-by", server)


def replaces(resource: Json, server: str) -> tuple[str, ...]:
    """The Patients that this one is to be used in place of."""
    return _linked(resource, "replaces", server)


def _linked(resource: Json, kind: str, server: str) -> tuple[str, ...]:
    links = [one for one in entries(resource.get("link")) if text(one.get("type")) == kind]
    return tuple(resolve(one.get("other"), "Patient", server) or "?" for one in links)


def _read_death(resource: Json) -> int | None:
    when = read_when(resource.get("deceasedDateTime"))
    if when is not None:
        return when.first
    stated = resource.get("deceasedBoolean") is True or "deceasedDateTime" in resource
    return UNDATED if stated else None


def _read_ethnicity(resource: Json, table: CodeTable, losses: Losses) -> str:
    """Hispanic goes before race, as in MESA; more than one race is "other"; "" is not known.

    Asian without more is not known: it may be Chinese, South Asian or another.
    """
    said = _extension(resource, ETHNICITY)
    if any(one.value == "hispanic" for code in said for one in table.find("race", code) or ()):
        return "hispanic"
    races = _extension(resource, RACE)
    meanings = {one.value for code in races for one in table.find("race", code) or ()}
    unknown = tuple(code for code in races if not table.find("race", code))
    if len(meanings) == 1:
        return meanings.pop()
    if len(meanings) > 1:
        return "other"
    told = tuple(code for code in unknown if code.code not in _NOT_SAID)
    if told:
        losses.miss("Patient", told)
    return ""


def _extension(resource: Json, url: str) -> tuple[Coding, ...]:
    """The codes of a US Core extension: its categories and, where there are any, their details."""
    found: list[Coding] = []
    for extension in entries(resource.get("extension")):
        if text(extension.get("url")) == url:
            for part in entries(extension.get("extension")):
                found += codings({"coding": [mapping(part.get("valueCoding"))]})
    return tuple(found)

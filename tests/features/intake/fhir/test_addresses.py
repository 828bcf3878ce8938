"""A reference means a resource of the server it names, and of no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from features.intake.fhir.reader import FhirExport, FhirPatients, read_fhir
from tests.features.intake.fhir.records import (
    DAY,
    SNOMED,
    Json,
    concept,
    condition,
    observation,
    patient,
    write_lines,
)

A, B = "https://a.org/fhir", "https://b.org/fhir"


def _scan(value: float, reference: str) -> Json:
    made = observation("x", value, "1", code=concept(SNOMED, "450360000"))
    return made | {"subject": {"reference": reference}}


def _bundle(server: str, *resources: Json) -> Json:
    entry = [
        {"fullUrl": f"{server}/{one['resourceType']}/{one['id']}", "resource": one}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry}


def _write(folder: Path, **files: Json) -> Path:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def _rejects(found: FhirPatients) -> dict[str, str]:
    return dict(zip(found.rejects["patient_id"], found.rejects["rule"], strict=True))


def test_two_servers_may_each_have_a_patient_of_one_id(tmp_path: Path) -> None:
    of_a = _bundle(A, patient("7"), _scan(10, "Patient/7"))
    of_b = _bundle(B, patient("7", birthDate="1950-01-01"), _scan(1800, f"{B}/Patient/7"))
    found = read_fhir(_write(tmp_path, a=of_a, b=of_b), DAY)
    scores = found.frame["cac_agatston"].to_dict()
    assert scores == {f"{A}/Patient/7": 10, f"{B}/Patient/7": 1800}
    assert found.rejects.empty


@pytest.mark.parametrize(
    "reference",
    [
        f"{B}/Patient/7",
        "https://a.org/other/Patient/7",
        "Patient/8",
        "urn:uuid:7",
        "http://x/Patient/7",
    ],
)
def test_what_does_not_resolve_is_a_reject_and_nobody_gets_it(
    tmp_path: Path, reference: str
) -> None:
    found = read_fhir(_write(tmp_path, a=_bundle(A, patient("7"), _scan(1800, reference))), DAY)
    assert "cac_agatston" not in found.frame
    assert len(_rejects(found)) == 1
    assert "no Patient resource" in next(iter(_rejects(found).values()))


def test_an_address_is_not_given_to_a_patient_of_a_server_not_known(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "all.ndjson", patient("7"), _scan(1800, f"{B}/Patient/7"))
    found = read_fhir(path, DAY)
    assert "cac_agatston" not in found.frame
    assert _rejects(found) == {f"{B}/Patient/7": "no Patient resource of this server"}


def test_the_manifest_of_a_bulk_export_says_which_server_it_came_from(tmp_path: Path) -> None:
    request = f"{B}/Group/12/$export?_type=Patient,Observation"
    manifest = {"transactionTime": "2020-06-01T00:00:00Z", "request": request, "output": []}
    _write(tmp_path, manifest=manifest)
    write_lines(tmp_path / "all.ndjson", patient("7"), _scan(1800, f"{B}/Patient/7/_history/3"))
    found = read_fhir(tmp_path, DAY)
    assert found.frame["cac_agatston"].to_dict() == {"7": 1800}
    assert found.rejects.empty


def test_a_bundle_says_its_server_once_and_entries_without_address_are_of_it(
    tmp_path: Path,
) -> None:
    whole = _bundle(A, patient("7"), _scan(10, "Patient/7"))
    del whole["entry"][1]["fullUrl"]
    found = read_fhir(_write(tmp_path, a=whole), DAY)
    assert found.frame["cac_agatston"].to_dict() == {"7": 10}


def test_one_urn_for_two_patients_means_neither(tmp_path: Path) -> None:
    entry = [{"fullUrl": "urn:uuid:1", "resource": patient(name)} for name in ("a", "b")]
    entry.append({"fullUrl": "urn:uuid:2", "resource": _scan(10, "urn:uuid:1")})
    found = read_fhir(_write(tmp_path, a={"resourceType": "Bundle", "entry": entry}), DAY)
    assert "cac_agatston" not in found.frame
    assert _rejects(found) == {"urn:uuid:1": "no Patient resource"}


def test_a_patient_without_an_id_is_known_by_the_urn_of_its_entry(tmp_path: Path) -> None:
    nameless = patient()
    del nameless["id"]
    entry = [{"fullUrl": "urn:uuid:aa-1", "resource": nameless}]
    entry.append({"fullUrl": "urn:uuid:aa-2", "resource": _scan(10, "urn:uuid:aa-1")})
    found = read_fhir(_write(tmp_path, a={"resourceType": "Bundle", "entry": entry}), DAY)
    assert found.frame["cac_agatston"].to_dict() == {"aa-1": 10}


def _link(kind: str, to: str) -> list[Json]:
    return [{"type": kind, "other": {"reference": to}}]


@pytest.mark.parametrize("said_by", ["old", "new"])
def test_what_is_known_of_a_replaced_record_belongs_to_the_one_in_its_place(
    tmp_path: Path, said_by: str
) -> None:
    old, new = patient("old"), patient("new")
    if said_by == "old":
        old["link"] = _link("replaced-by", "Patient/new")
    else:
        new["link"] = _link("replaces", "Patient/old")
    diabetes = condition(SNOMED, "44054006", subject={"reference": "Patient/old"})
    lines = old, diabetes, _scan(10, "Patient/old"), new
    found = read_fhir(write_lines(tmp_path / "all.ndjson", *lines), DAY)
    assert found.frame["diabetes"].to_dict() == {"new": 1.0}
    assert _rejects(found) == {"old": "replaced by another Patient"}


@pytest.mark.parametrize(
    ("links", "rule"),
    [
        ({"a": ["b"], "b": ["a"]}, "replaced in a circle"),
        ({"a": ["b", "c"]}, "replaced by more than one"),
        ({"a": ["gone"]}, "replaced by a Patient who is not in the export"),
    ],
)
def test_a_replacement_that_does_not_end_in_one_patient_is_a_reject(
    tmp_path: Path, links: dict[str, list[str]], rule: str
) -> None:
    people = []
    for name in ("a", "b", "c"):
        to = [one for new in links.get(name, []) for one in _link("replaced-by", f"Patient/{new}")]
        people.append(patient(name, link=to or None))
    export = FhirExport(write_lines(tmp_path / "all.ndjson", *people), DAY)
    rejects = next(export.batches()).rejects.set_index("patient_id")["rule"]
    assert rejects["a"] == rule
    assert "c" not in rejects


@pytest.mark.parametrize("name", ["modifierExtension", "implicitRules"])
def test_a_patient_whose_meaning_is_changed_is_a_reject(tmp_path: Path, name: str) -> None:
    changed = patient() | {name: "urn:rules" if name == "implicitRules" else [{"url": "urn:x"}]}
    found = read_fhir(write_lines(tmp_path / "all.ndjson", changed), DAY)
    assert _rejects(found) == {"p1": f"has a {name}, which is not understood"}


def test_two_people_under_one_id_are_both_rejects(tmp_path: Path) -> None:
    one = patient("7", meta={"versionId": "1"})
    other = patient("7", birthDate="1981-01-01", meta={"versionId": "4"})
    export = FhirExport(write_lines(tmp_path / "all.ndjson", one, other), DAY)
    rules = next(export.batches()).rejects["rule"].tolist()
    assert rules == ["another Patient of the same id", "a Patient of the same id"]


def test_a_server_may_correct_a_birth_date(tmp_path: Path) -> None:
    for first, second in (("1", "4"), ("4", "1")):
        old = patient("7", birthDate="1981-01-01", meta={"versionId": "1"})
        new = patient("7", birthDate="1971-06-29", meta={"versionId": "4"})
        named = {"1": _bundle(A, old), "4": _bundle(A, new)}
        found = read_fhir(_write(tmp_path, a=named[first], b=named[second]), DAY)
        assert found.frame["age"].round(1).to_dict() == {"7": 49.0}

"""Nothing vanishes: each resource is used, told as left out, a reject, or not the last version."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.dictionary.dictionary import Dictionary
from features.intake.fhir.reader import FhirExport
from tests.features.intake.fhir.records import (
    ATC,
    DAY,
    ICD10,
    RXNORM,
    SNOMED,
    Json,
    blood_pressure,
    bundle,
    concept,
    condition,
    observation,
    patient,
    quantity,
    relative,
    request,
)

DICTIONARY = Dictionary.load()
_KINDS: list[Json] = [
    patient(),
    patient(birthDate=None),
    patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/2"}}]),
    blood_pressure(128, 76),
    observation("2085-9", 50, "mg/dL"),
    observation("2085-9", 50, "furlong"),
    observation("x", 10, "1", code=concept(SNOMED, "450360000"), bodySite={"text": "LAD"}),
    observation("8480-6", 9000, "mm[Hg]"),
    observation("99999-9", 1, "1"),
    condition(SNOMED, "44054006"),
    condition(ICD10, "I25.10"),
    condition(ICD10, "J45.9", verificationStatus="refuted"),
    request(concept(RXNORM, "0", "atorvastatin 20 MG Oral Tablet")),
    request({"text": "Lipitor"}),
    request(concept(ATC, "A02BC01"), status="entered-in-error"),
    request(None, medicationReference={"reference": "Medication/1"}),
    {"resourceType": "Medication", "code": concept(ATC, "C10AA05")},
    {"resourceType": "Procedure", "status": "completed", "code": {"text": "x"}},
    relative("FTH", onset=quantity(50, "a")),
    relative("AUNT", onset=quantity(50, "a")),
    relative("MTH", status="entered-in-error"),
    {"resourceType": "Encounter", "status": "finished"},
    {"resourceType": "OperationOutcome", "issue": []},
]
_SERVERS = ["", "https://a.org/fhir/", "urn:uuid:"]
_META = st.fixed_dictionaries(
    {},
    optional={
        "versionId": st.sampled_from(["1", "2", "x"]),
        "lastUpdated": st.sampled_from(["2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"]),
    },
)


@st.composite
def _resource(draw: st.DrawFn) -> Json:
    made = dict(draw(st.sampled_from(_KINDS)))
    made["id"] = draw(st.sampled_from(["1", "2", "3"]))
    to = draw(st.sampled_from(["Patient/1", "Patient/2", "https://a.org/fhir/Patient/1", "#p", ""]))
    if made["resourceType"] not in ("Patient", "Medication"):
        about = "patient" if made["resourceType"] == "FamilyMemberHistory" else "subject"
        made[about] = {"reference": to}
    meta = draw(_META)
    return made | ({"meta": meta} if meta else {})


@st.composite
def _entry(draw: st.DrawFn) -> Json:
    if draw(st.integers(0, 9)) == 0:
        url = draw(
            st.sampled_from(["Patient/1", "Condition/2", "https://a.org/fhir/Observation/1"])
        )
        return {"request": {"method": "DELETE", "url": url}}
    made = draw(_resource())
    server = draw(st.sampled_from(_SERVERS))
    middle = f"{made['resourceType']}/" if server.startswith("http") else ""
    address = f"{server}{middle}{made['id']}" if server else ""
    return {"resource": made} | ({"fullUrl": address} if address else {})


_LINES = st.lists(
    st.one_of(
        _resource(),
        st.builds(lambda found: bundle() | {"entry": found}, st.lists(_entry(), max_size=6)),
        st.builds(
            lambda found: bundle() | {"type": "history", "entry": found},
            st.lists(_entry(), max_size=6),
        ),
        st.sampled_from(['{"resourceType": "Condition", "id', "[]", "null", "{}", "\ufeff"]),
    ),
    max_size=12,
)


def _count(line: Any) -> int:
    return len(line["entry"]) if isinstance(line, dict) and "entry" in line else 1


def _account(lines: list[Any]) -> int:
    """How many were put in, after checking that as many came out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.ndjson"
        # a sound first line says that the file has one resource a line
        lines = [{"resourceType": "Basic"}, *lines]
        written = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        path.write_text("\n".join(written), encoding="utf-8")
        export = FhirExport(path, DAY, dictionary=DICTIONARY)
        batches = list(export.batches(2))
    n_put = sum(map(_count, lines))
    accounts = export.accounts
    assert sum(accounts.values()) == n_put, accounts
    told = int(export.left_out["count"].sum() + export.unmapped["count"].sum())
    assert told >= accounts["left out"] + accounts["not the last version"]
    rows = [int(row) for batch in batches for row in batch.frame.index]
    rejected = [int(row) for batch in batches for row in batch.rejects["row"]]
    assert sorted(rows + rejected) == list(range(1, export.n_rows + 1))
    assert len(rejected) >= accounts["rejects"]
    addresses = {name for batch in batches for name in batch.frame["patient_id"]}
    assert len(addresses) == len(rows)
    return n_put


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_LINES)
def test_every_record_of_an_export_is_accounted_for(lines: list[Any]) -> None:
    _account(lines)


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_LINES)
def test_every_record_of_a_hundred_exports_is_accounted_for(lines: list[Any]) -> None:
    _account(lines)

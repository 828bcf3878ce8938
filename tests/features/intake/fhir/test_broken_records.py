"""Whatever an export holds, it is read without a traceback and every patient is accounted for."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.fhir.reader import FhirExport
from tests.features.intake.fhir.records import (
    LOINC,
    RXNORM,
    SNOMED,
    blood_pressure,
    concept,
    condition,
    dosage,
    observation,
    patient,
    quantity,
    race,
    request,
)

DAY = date(2020, 6, 29)
DICTIONARY = Dictionary.load()
_SOUND = [
    patient(extension=[race("2106-3")]),
    blood_pressure(128, 76),
    observation("2089-1", 3.0, "mmol/L"),
    observation("72166-2", {"valueCodeableConcept": concept(SNOMED, "8517006")}),
    condition(SNOMED, "44054006"),
    request(concept(RXNORM, "0", "atorvastatin 20 MG Oral Tablet"), dosageInstruction=dosage(1)),
    {"resourceType": "Medication", "id": "box", "code": concept(LOINC, "1")},
    request(None, medicationReference={"reference": "Medication/box"}),
]
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["Patient/p1", "p1", "mg/dL", "final", "2020-01-01", "2020-1", "\ud800", "#x"]
    )
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "code", "value", "start", "x"]), inner)
    ),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        return found + [one for key in value for one in _places(value[key], (*path, key))]
    if isinstance(value, list):
        return found + [one for i, part in enumerate(value) for one in _places(part, (*path, i))]
    return found


@st.composite
def _damaged(draw: st.DrawFn) -> list[Any]:
    """A sound export in which up to four places hold anything at all, or nothing."""
    resources = json.loads(json.dumps(_SOUND))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_places(resources)))
        holder = resources
        for step in path[:-1]:
            holder = holder[step]
        if draw(st.booleans()):
            holder[path[-1]] = draw(_ANYTHING)
        else:
            del holder[path[-1]]
    return draw(st.permutations(resources))


def _account(path: Path, n_patients: int) -> None:
    export = FhirExport(path, DAY, dictionary=DICTIONARY)
    batches = list(export.batches(1))
    rows = [int(row) for batch in batches for row in batch.frame.index]
    rows += [int(row) for batch in batches for row in batch.rejects["row"]]
    assert sorted(rows) == list(range(1, export.n_rows + 1))
    assert len(rows) >= n_patients
    for batch in batches:
        assert (batch.rejects["rule"] != "").all()


def _account_or_refuse(path: Path) -> None:
    try:
        _account(path, 0)
    except CohortError as error:
        assert path.name in str(error)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged())
def test_any_place_of_a_record_may_hold_anything(resources: list[Any]) -> None:
    _account_for_all(resources)


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged())
def test_two_thousand_damaged_exports_are_accounted_for(resources: list[Any]) -> None:
    _account_for_all(resources)


def _account_for_all(resources: list[Any]) -> None:
    named = [one for one in resources if isinstance(one, dict)]
    n_patients = sum(one.get("resourceType") == "Patient" for one in named)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "export.ndjson"
        lines.write_text("".join(json.dumps(one) + "\n" for one in resources))
        _account(lines, n_patients)
        whole = Path(folder) / "export.json"
        entry = [{"resource": one} for one in resources]
        whole.write_text(json.dumps({"resourceType": "Bundle", "entry": entry}))
        _account(whole, n_patients)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_rejects_or_a_refusal_that_names_the_file(data: bytes, lines: bool) -> None:
    _reject_or_refuse(data, lines)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_two_hundred_files_of_bytes_are_rejects_or_refusals(data: bytes, lines: bool) -> None:
    _reject_or_refuse(data, lines)


def _reject_or_refuse(data: bytes, lines: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("export.ndjson" if lines else "export.json")
        path.write_bytes(data)
        if lines:
            _account_or_refuse(path)
            return
        with pytest.raises(CohortError, match=r"export\.json"):
            FhirExport(path, DAY)


def test_a_value_is_shown_nowhere_but_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "export.ndjson"
    odd = observation("2089-1", {"valueQuantity": quantity(31415.9, "furlong")})
    path.write_text(json.dumps(odd) + "\n" + json.dumps(patient(birthDate="born 1927-12-24")))
    export = FhirExport(path, DAY)
    shown = "".join(batch.rejects.to_string() for batch in export.batches())
    shown += export.left_out.to_string() + export.unmapped.to_string()
    assert "31415" not in shown
    assert "1927" not in shown


@pytest.mark.parametrize("byte", [b'"', b"\xa7", b"\xff", b"\x00", b"\xe6", b"", b"\r"])
def test_a_line_with_any_byte_exchanged_is_read_or_told_broken(tmp_path: Path, byte: bytes) -> None:
    subject = {"reference": "https://a.org/fhir/Patient/p1"}
    sound = json.dumps(observation("2089-1", 3.0, "mmol/L", subject=subject)).encode()
    lines = [sound[:at] + byte + sound[at + 1 :] for at in range(len(sound))]
    file = tmp_path / "lines.ndjson"
    file.write_bytes(b"\n".join([b'{"resourceType": "Basic"}', *lines, sound[:-9]]) + b"\n")
    export = FhirExport(file, DAY, dictionary=DICTIONARY)
    for _ in export.batches():
        pass
    assert sum(export.accounts.values()) == len(lines) + 2

"""A calcium score is of the whole heart by Agatston, unless its site or method says another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from features.intake.fhir.reader import read_fhir
from tests.features.intake.fhir.records import (
    SNOMED,
    Json,
    concept,
    observation,
    patient,
    quantity,
    read_row,
    write_lines,
)

DCM = "http://dicom.nema.org/resources/ontology/DCM"
CODE = concept(SNOMED, "450360000")
LAD, LM = concept(SNOMED, "59438005"), concept("http://snomed.info/srt", "T-43107")
AGATSTON, VOLUME, MASS = (concept(DCM, code) for code in ("112055", "112056", "112057"))


def _score(value: float, unit: str = "1", **more: Any) -> Json:
    return observation("x", value, unit, code=CODE) | more


VESSELS = [
    _score(400, id="1", bodySite=LAD),
    _score(10, id="2", bodySite=LM),
    _score(0, id="3", bodySite={"text": "LCX"}),
    _score(30, id="4", bodySite=concept(SNOMED, "13647002"), method=AGATSTON),
]
BY_VESSEL = {
    "cac_agatston_lad": 400,
    "cac_agatston_lm": 10,
    "cac_agatston_lcx": 0,
    "cac_agatston_rca": 30,
}


def _calcium(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.startswith("cac_")}


def test_vessels_go_to_their_own_variables_and_never_to_the_total(tmp_path: Path) -> None:
    assert _calcium(read_row(tmp_path, *VESSELS)) == BY_VESSEL
    total = _score(440, id="5", bodySite=concept(SNOMED, "41801008"))
    assert _calcium(read_row(tmp_path, *VESSELS, total)) == {"cac_agatston": 440} | BY_VESSEL


def test_vessels_in_components_go_to_their_variables(tmp_path: Path) -> None:
    parts = [
        {"code": LAD, "valueQuantity": quantity(400, "1")},
        {"code": LM, "valueQuantity": quantity(10, "1")},
        {"code": {"text": "LCX"}, "valueInteger": 0},
        {"code": CODE | {"text": "RCA"}, "valueQuantity": quantity(30, "1")},
    ]
    whole = observation("x", None, code=CODE, component=parts)
    assert _calcium(read_row(tmp_path, whole)) == BY_VESSEL
    with_total = whole | {"valueQuantity": quantity(440, "1")}
    assert _calcium(read_row(tmp_path, with_total)) == {"cac_agatston": 440} | BY_VESSEL


def test_other_methods_go_to_their_own_variables(tmp_path: Path) -> None:
    scores = [
        _score(350, method=AGATSTON),
        _score(290, "mm3", method=VOLUME),
        _score(61, "mg", method={"text": "Mass score"}),
    ]
    expected = {"cac_agatston": 350, "cac_volume": 290, "cac_mass": 61}
    assert _calcium(read_row(tmp_path, *scores)) == expected


@pytest.mark.parametrize(
    "score",
    [
        _score(290, method=VOLUME),
        _score(290, method={"text": "threshold 90 HU"}),
        _score(290, method=concept(DCM, "112187")),
        _score(290, "mm3", method=VOLUME, bodySite=LAD),
        _score(290, bodySite=concept(SNOMED, "50018008")),
        _score(290, bodySite={"text": "aortic valve"}),
        _score(290, bodySite={"coding": [*LAD["coding"], *LM["coding"]]}),
        _score(290, bodyStructure={"reference": "BodyStructure/1"}),
        _score(290, code=CODE | {"text": "Calcium score percentile"}),
        _score(290, code=concept(SNOMED, "450360000", "Coronary calcium, proximal segment")),
        _score(290, modifierExtension=[{"url": "urn:not"}]),
        _score(290, focus=[{"reference": "Patient/mother"}]),
        _score(290, focus=[{"display": "fetus"}]),
    ],
)
def test_a_qualifier_that_is_not_known_leaves_the_score_out_and_is_counted(
    tmp_path: Path, score: Json
) -> None:
    found = read_fhir(write_lines(tmp_path / "all.ndjson", patient(), score, VESSELS[0]))
    assert _calcium(found.frame.loc["p1"].to_dict()) == {"cac_agatston_lad": 400}
    assert found.left_out["count"].sum() == 1


def test_a_focus_on_the_patient_is_the_patient(tmp_path: Path) -> None:
    score = _score(290, focus=[{"reference": "Patient/p1"}])
    assert _calcium(read_row(tmp_path, score)) == {"cac_agatston": 290}


@pytest.mark.parametrize(
    ("site", "read"),
    [
        (concept(SNOMED, "368209003"), True),
        ({"text": "Left arm"}, True),
        (concept(SNOMED, "344001", "Ankle"), False),
        ({"text": "thigh"}, False),
        (concept("urn:local", "RA"), False),
    ],
)
def test_a_blood_pressure_is_taken_at_the_arm(tmp_path: Path, site: Json, read: bool) -> None:
    row = read_row(tmp_path, observation("8480-6", 130, "mm[Hg]", bodySite=site))
    assert ("systolic_bp" in row) == read

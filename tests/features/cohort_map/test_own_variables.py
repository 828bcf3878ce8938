"""A variable that the data dictionary lacks, described in the map of one's cohort."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.derivation.catalogue import CATALOGUE, catalogue_of, derive_features
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Limits, examine

FAT = {"label": "Epicardial fat", "unit": "mL", "range": ["5", "400"], "direction": "up"}
PLAQUE = {"label": "Plaque", "kind": "category", "codes": ["none", "soft", "mixed"]}
GOUT = {"label": "Gout", "kind": "boolean"}
OWN = {"fat_volume": FAT, "plaque": PLAQUE, "gout": GOUT}
FILE = "AGE,EAT,PL,G\n61,120,soft,yes\n66,900,none,no\n58,,mixed,\n"


def _map(own: dict[str, Any], **content: Any) -> CohortMap:
    variables = {"age": "AGE", "fat_volume": "EAT", "plaque": "PL", "gout": "G"}
    content = {"name": "c", "file": "c.csv", "variables": variables, **content}
    return CohortMap.read("c.yaml", {**content, "own_variables": own})


def test_an_own_variable_is_read_checked_and_kept_with_the_cohort() -> None:
    raw = read_bytes(FILE.encode(), "c.csv")
    limits = Limits(1.0, date(2026, 11, 1))
    found = examine(raw, _map(OWN), Dictionary.load(), limits, with_endpoint=False)
    (reject,) = found.findings.rejects
    assert (reject.rows.tolist(), reject.rule) == ([3], "fat_volume outside 5 to 400 mL")
    cohort = found.cohort
    assert cohort is not None
    assert cohort.covariates["plaque"].tolist() == ["soft", "mixed"]
    assert cohort.dictionary["fat_volume"].label == "Epicardial fat"
    assert cohort.dictionary["fat_volume"].monotone == 1
    features = derive_features(cohort.covariates, cohort.dictionary)
    own = features.iloc[:, len(CATALOGUE) :]
    assert list(own) == ["fat_volume", "plaque:soft", "plaque:mixed", "gout"]
    assert own.iloc[0].tolist() == [120.0, 1.0, 0.0, 1.0]
    named = {one.name: (one.variable, one.meaning) for one in catalogue_of(cohort.dictionary)}
    assert named["plaque:soft"] == ("plaque", "soft: yes or no")
    assert named["smoking_status_current"] == ("smoking_status", "current: yes or no")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"age": FAT}, "in the data dictionary already"),
        ({"Fat": FAT}, r"own_variables\.Fat: is not a name in lower case"),
        ({"fat": {**FAT, "label": "age"}}, r"own_variables\.fat: 'label' is that of age"),
        ({"fat": FAT, "fat_again": FAT}, r"\.fat_again: 'label' is that of fat as well"),
        ({"fat": {**FAT, "range": ["400", "5"]}}, r"'range' must be \[lowest, highest\]"),
        ({"fat": {**FAT, "direction": "sideways"}}, "'direction' must be up, down or any"),
        ({"fat": {**FAT, "colour": "red"}}, "unknown key 'colour'"),
        ({"fat": {"label": "Fat"}}, "'unit' is missing"),
        ({"fat": {**FAT, "prior": {"log_hazard_ratio": "0.2"}}}, "a 'width' above 0"),
        ({"gout": {**GOUT, "unit": "mg"}}, "has no 'unit'"),
        ({"plaque": {**PLAQUE, "codes": ["one"]}}, "two or more different texts"),
    ],
)
def test_a_wrong_description_is_refused_with_its_place(own: dict[str, Any], words: str) -> None:
    with pytest.raises(MapError, match=words):
        _map(own)


def test_a_model_that_describes_the_variable_otherwise_is_no_model_for_the_map() -> None:
    trained = _map({"fat_volume": FAT}).extend(Dictionary.load())
    assert _map({"fat_volume": FAT}).extend(trained) == trained
    with pytest.raises(MapError, match=r"described otherwise in the model \(unit\)\. Leave it out"):
        _map({"fat_volume": {**FAT, "unit": "cm3"}}).extend(trained)


def test_what_the_map_leaves_to_the_model_is_described_by_the_cohort() -> None:
    trained = _map(OWN).extend(Dictionary.load())
    raw, limits = read_bytes(FILE.encode(), "c.csv"), Limits(0.5, date(2026, 11, 1))
    found = examine(raw, _map({}), trained, limits, with_endpoint=False)
    assert found.cohort is not None
    assert set(found.cohort.covariates) <= set(found.cohort.dictionary)
    assert found.cohort.dictionary["fat_volume"] == trained["fat_volume"]

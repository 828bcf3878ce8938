"""Maps beside the labels and the codes for missing that a file itself declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.cells.declared_codes import DeclaredCodes
from features.intake.cells.value_labels import apply_labels, describe_labels
from features.intake.ingestion import Ingested, Limits, ingest
from features.intake.whole_table import read_table
from tests.features.intake.test_ingestion import LIMITS

TABLE = pd.DataFrame(
    {
        "age": [61.0, 58.0, 70.0, 66.0],
        "SEX": [1.0, 2.0, 2.0, 9.0],
        "DM": [1.0, 2.0, 2.0, 1.0],
        "PACKS": [20.0, -8.0, -9.0, 5.0],
        "DIED": [2.0, 1.0, 2.0, 2.0],
        "t": [1.0, 2.0, 3.0, 4.0],
    }
)
LABELS: dict[str, dict[float, str]] = {
    "SEX": {1: "Male", 2: "Female", 9: "Refused"},
    "DM": {1: "No", 2: "Yes"},
    "PACKS": {-8: "Never smoked", -9: "Refused"},
    "DIED": {1: "Alive", 2: "Died"},
}
DIED = {"column": "DIED", "is": "Died", "not": "alive"}


def _read(folder: Path, variables: dict[str, Any], **content: Any) -> Ingested:
    file = folder / "c.sav"
    missing = {"SEX": [9], "PACKS": [{"lo": -9, "hi": -8}]}
    pyreadstat.write_sav(TABLE, str(file), variable_value_labels=LABELS, missing_ranges=missing)
    endpoint = {"unit": "years", "time": "t", "event": DIED}
    given = {"name": "c", "file": "c.sav", "endpoint": endpoint, **content}
    cohort_map = CohortMap.read("c.yaml", {**given, "variables": {"age": "age", **variables}})
    return ingest(read_table(file), cohort_map, Dictionary.load(), Limits(0.0, LIMITS.today))


def test_labels_give_the_meaning_where_the_map_gives_none(tmp_path: Path) -> None:
    found = _read(tmp_path, {"sex": "SEX", "diabetes": "DM"}).cohort
    assert found.covariates["sex"].tolist()[:3] == ["male", "female", "female"]
    assert found.covariates["sex"].isna().tolist() == [False, False, False, True]
    # 1 alone would be a yes
    assert found.covariates["diabetes"].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert found.endpoint is not None
    assert found.endpoint.event.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("codes", [{"1": "male", "2": "female"}, {"MALE": "male", "2": "female"}])
def test_a_map_names_a_code_by_itself_or_by_its_label(
    tmp_path: Path, codes: dict[str, str]
) -> None:
    found = _read(tmp_path, {"sex": {"column": "SEX", "codes": codes}}).cohort
    assert found.covariates["sex"].tolist()[:3] == ["male", "female", "female"]


@pytest.mark.parametrize("code", ["-8", "Never smoked"])
def test_a_code_that_the_file_declares_missing_may_still_mean_something(
    tmp_path: Path, code: str
) -> None:
    packs = {"column": "PACKS", "codes": {code: "0"}}
    found = _read(tmp_path, {"pack_years": packs}).cohort.covariates["pack_years"]
    assert found.tolist()[:2] == [20.0, 0.0]
    assert found.isna().tolist() == [False, False, True, False]


def test_rules_and_visits_may_name_labels(tmp_path: Path) -> None:
    rule = {"column": "SEX", "is": "female", "reason": "women"}
    assert len(_read(tmp_path, {}, include=[rule]).cohort) == 2


def test_a_rule_meets_no_code_that_the_file_declares_missing(tmp_path: Path) -> None:
    rule = {"column": "SEX", "is_not": "male", "reason": "no men"}
    assert len(_read(tmp_path, {}, include=[rule]).cohort) == 2


def test_a_map_that_contradicts_the_labels_is_refused(tmp_path: Path) -> None:
    codes = {"column": "DM", "codes": {"1": "yes", "2": "no"}}
    with pytest.raises(MapError, match=r"variables\.diabetes: the file labels code 1 of DM"):
        _read(tmp_path, {"diabetes": codes})
    endpoint = {"unit": "years", "time": "t", "event": {"column": "DM", "is": "1", "not": "2"}}
    with pytest.raises(MapError, match="the file labels code 1 of DM as 'No', and 'is' holds it"):
        _read(tmp_path, {}, endpoint=endpoint)


def test_a_subcohort_may_be_named_by_labels(tmp_path: Path) -> None:
    drawn = {"subcohort": {"column": "DM", "is": "Yes", "not": "no"}, "fraction": "0.5"}
    found = _read(tmp_path, {}, survey={"case_cohort": drawn}).cohort
    assert found.endpoint is not None
    assert found.endpoint.weight.tolist() == [1, 2, 1, 1]
    with pytest.raises(MapError, match="the file labels code 1 of DM as 'No', and 'is' holds it"):
        _read(tmp_path, {}, survey={"case_cohort": {"subcohort": "DM", "fraction": "0.5"}})


def test_labels_that_are_no_words_of_the_variable_change_nothing() -> None:
    content = {"name": "c", "file": "c", "variables": {"diabetes": "DM"}}
    cohort_map = CohortMap.read("c.yaml", content)
    declared = {"DM": DeclaredCodes({"0": "ohne Befund", "1": "Typ 2"})}
    found = apply_labels(cohort_map, declared, Dictionary.load())
    assert found.variables["diabetes"].codes == {}
    assert describe_labels(found, declared) == ["DM: 0 = ohne Befund, 1 = Typ 2"]


def test_special_missing_values_are_missing_unless_the_map_knows_them(tmp_path: Path) -> None:
    table = pd.DataFrame({"age": [61.0, 58.0, 70.0], "packs": [20.0, "a", "b"]})
    pyreadstat.write_dta(table, str(tmp_path / "c.dta"), missing_user_values={"packs": ["a", "b"]})
    packs = {"column": "packs", "codes": {".a": "0"}}
    variables = {"age": "age", "pack_years": packs}
    cohort_map = CohortMap.read("c.yaml", {"name": "c", "file": "c", "variables": variables})
    raw = read_table(tmp_path / "c.dta")
    found = ingest(raw, cohort_map, Dictionary.load(), LIMITS, with_endpoint=False)
    assert found.cohort.covariates["pack_years"].tolist()[:2] == [20.0, 0.0]
    assert found.cohort.covariates["pack_years"].isna().tolist() == [False, False, True]

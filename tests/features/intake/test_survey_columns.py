"""Weights, strata, clusters and late starts of observation, read through a map."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.endpoint import AGE, Endpoint
from features.errors import CohortError, MapError
from features.fingerprint import fingerprint_patients
from features.intake.files.cohort_file import read_bytes
from features.intake.files.raw_table import RawTable
from features.intake.ingestion import Ingested, Limits, ingest

LIMITS = Limits(0.5, date(2026, 11, 1))
IN_YEARS = {"unit": "years", "time": "t", "event": "mi"}
SURVEY = {"weight": "wt", "stratum": "st", "cluster": "psu"}


def _raw(rows: list[str]) -> RawTable:
    return read_bytes("\n".join(rows).encode() + b"\n", "c.csv")


def _read(rows: list[str], endpoint: dict[str, Any], **content: Any) -> Ingested:
    given = {"name": "c", "file": "c.csv", "variables": {"age": "age"}, "endpoint": endpoint}
    cohort_map = CohortMap.read("c.yaml", {**given, **content})
    return ingest(_raw(rows), cohort_map, Dictionary.load(), LIMITS)


def _endpoint(found: Ingested) -> Endpoint:
    assert found.cohort.endpoint is not None
    return found.cohort.endpoint


def _sampled(last: str = "63,4,0,1.5,2,1") -> list[str]:
    rows = ["age,t,mi,wt,st,psu", "60,5,1,10,1,1", "61,6,0,20,1,2", "62,7,0,5,2,1"]
    return [*rows, last, "64,9,1,2,2,2", "65,3,0,8,1,1"]


def test_weights_strata_and_clusters_are_kept_with_the_endpoint(tmp_path: Path) -> None:
    found = _read(_sampled(), IN_YEARS, survey=SURVEY)
    endpoint = _endpoint(found)
    assert endpoint.weight.tolist() == [10, 20, 5, 1.5, 2, 8]
    found.cohort.write(tmp_path)
    again = Cohort.read(tmp_path)
    assert again.endpoint is not None
    assert again.endpoint.survey is not None
    assert "sample_weight" not in again.covariates
    for other in (again.endpoint, endpoint.take(np.arange(6))):
        assert other.weight.tolist() == endpoint.weight.tolist()
        assert other.survey is not None
        assert other.survey.lonely_strata == 0
    weighted, plain = again, Cohort("c", again.covariates, Endpoint(endpoint.time, endpoint.event))
    assert fingerprint_patients(weighted) != fingerprint_patients(plain)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("63,4,0,0,2,1", "a weight of zero: nobody is represented"),
        ("63,4,0,-1,2,1", "a negative weight"),
        ("63,4,0,,2,1", "no weight"),
        ("63,4,0,1.5,,1", "no stratum"),
        ("63,4,0,1.5,2,", "no cluster"),
        ("63,4,0,many,2,1", "text where a number is expected"),
    ],
)
def test_who_stands_for_nobody_is_a_reject(row: str, rule: str) -> None:
    found = _read(_sampled(row), IN_YEARS, survey=SURVEY)
    assert found.rejects["row"].tolist() == [5]
    assert found.rejects["rule"].tolist() == [rule]
    assert len(_endpoint(found)) == 5


def test_weights_that_are_all_zero_are_an_error() -> None:
    rows = ["age,t,mi,wt", "60,5,1,0", "61,6,0,0"]
    with pytest.raises(CohortError, match="wt: is zero wherever it is filled"):
        _read(rows, IN_YEARS, survey={"weight": "wt"})


def test_a_stratum_with_one_cluster_is_told_and_joined() -> None:
    rows = [*_sampled(), "66,4,0,3,3,1"]
    found = _read(rows, IN_YEARS, survey=SURVEY)
    assert any("1 strata have one cluster alone" in str(one) for one in found.warnings)
    endpoint = _endpoint(found)
    assert endpoint.survey is not None
    assert endpoint.survey.lonely_strata == 0


def test_a_column_of_the_survey_that_is_absent_is_a_problem() -> None:
    with pytest.raises(CohortError, match="WTS: is not a column of"):
        _read(_sampled(), IN_YEARS, survey={"weight": "WTS"})


LATE = {**IN_YEARS, "start": "t0"}


def test_observation_that_began_late_is_kept_as_years_on_the_clock(tmp_path: Path) -> None:
    rows = ["age,t0,t,mi", "60,0,5,1", "61,2.5,6,0", "62,1,9,1"]
    found = _read(rows, LATE)
    endpoint = _endpoint(found)
    assert endpoint.is_delayed
    assert endpoint.entered.tolist() == [0, 2.5, 1]
    assert endpoint.time.tolist() == [5, 3.5, 8]
    assert endpoint.stop.tolist() == [5, 6, 9]
    found.cohort.write(tmp_path)
    again = Cohort.read(tmp_path).endpoint
    assert again is not None
    assert again.stop.tolist() == [5, 6, 9]


def test_starts_in_dates_count_from_the_entry_of_the_clock() -> None:
    rows = ["age,diagnosed,seen,last,mi", "60,2010-01-01,2011-01-01,2015-01-01,1"]
    rows += ["61,2010-01-01,2010-01-01,2016-01-01,0"]
    endpoint = {"unit": "date", "time": "last", "event": "mi", "start": "seen"}
    read = _endpoint(_read(rows, endpoint, entry="diagnosed"))
    assert read.entered == pytest.approx([365 / 365.25, 0])


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("62,9,9,1", "observation starts at or after the end of follow-up"),
        ("62,9.5,9,1", "observation starts at or after the end of follow-up"),
        ("62,-1,9,1", "observation starts before its clock does"),
        ("62,,9,1", "no start of observation"),
    ],
)
def test_who_was_never_under_observation_is_a_reject(row: str, rule: str) -> None:
    rows = ["age,t0,t,mi", "60,0,5,1", "61,2.5,6,0", row, "63,1,9,1"]
    found = _read(rows, LATE)
    assert found.rejects.to_dict("records") == [{"row": 4, "column": "t0", "rule": rule}]


def test_on_the_scale_of_age_the_age_at_entry_is_the_start() -> None:
    rows = ["age,t,mi", "60,5,1", "61,6,0", ",7,0"]
    found = _read(rows, {**IN_YEARS, "time_scale": "age"})
    endpoint = _endpoint(found)
    assert endpoint.time_scale == AGE
    assert endpoint.stop.tolist() == [65, 67]
    assert found.rejects["rule"].tolist() == ["no age, which the time scale counts"]
    with pytest.raises(MapError, match="age as time scale needs the variable 'age'"):
        variables = {"ldl_cholesterol": "age"}
        _read(rows, {**IN_YEARS, "time_scale": "age"}, variables=variables)


def test_that_dying_of_anything_is_an_event_is_kept_with_the_endpoint(tmp_path: Path) -> None:
    rows = ["age,t,dead", "60,5,1", "61,6,0"]
    timed = {"unit": "years", "time": "t", "event": "dead"}
    found = _read(rows, {**timed, "any_death": "true"})
    assert found.cohort.about["any_death"] is True
    found.cohort.write(tmp_path)
    again = Cohort.read(tmp_path)
    for read in (found.cohort, again, again.take([0])):
        assert read.endpoint is not None and read.endpoint.any_death
    assert not _endpoint(_read(rows, timed)).any_death
    with pytest.raises(MapError, match="leaves nothing that competes"):
        _read(rows, {**timed, "any_death": "true", "competing": "dead"})


def test_clusters_that_are_few_are_told_and_a_single_one_is_refused() -> None:
    rows = [f"{40 + row % 40},{row % 9 + 1},{row % 2},c{row % 5}" for row in range(60)]
    found = _read(["age,t,mi,psu", *rows], IN_YEARS, survey={"cluster": "psu"})
    assert any("there are 5 in 1 stratum" in str(one) for one in found.warnings)
    alike = [f"{row.rsplit(',', 1)[0]},c" for row in rows]
    with pytest.raises(CohortError, match="psu: is the same for every patient: one cluster"):
        _read(["age,t,mi,psu", *alike], IN_YEARS, survey={"cluster": "psu"})

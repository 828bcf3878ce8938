"""A case-cohort sample, read through a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.cohort import Cohort
from features.endpoint import Endpoint
from features.errors import CohortError, MapError
from features.fingerprint import fingerprint_patients
from features.intake.ingestion import Ingested
from features.sample.case_cohort import BARLOW, BORGAN
from tests.features.intake.test_survey_columns import IN_YEARS, _read

DESIGN = {"subcohort": "sub", "fraction": 0.25, "method": "barlow"}
HEAD = "age,t,mi,dead,sub,share"
ROWS = ["60,5,1,0,1,.25", "61,6,0,0,1,.25", "62,7,1,0,0,", "63,4,0,1,1,.5", "64,9,0,0,1,.25"]
ENDPOINT = {**IN_YEARS, "competing": "dead"}


def _ingest(design: dict[str, Any], rows: list[str] = ROWS, **content: Any) -> Ingested:
    """As a map is read, in which numbers are texts."""
    texts = {key: str(one) if isinstance(one, float) else one for key, one in design.items()}
    return _read([HEAD, *rows], ENDPOINT, survey={"case_cohort": texts}, **content)


def _endpoint(rows: list[str], **design: Any) -> Endpoint:
    endpoint = _ingest({**DESIGN, **design}, rows).cohort.endpoint
    assert endpoint is not None
    return endpoint


def test_a_case_cohort_sample_is_kept_with_the_endpoint(tmp_path: Path) -> None:
    found = _ingest(DESIGN)
    found.cohort.write(tmp_path)
    again = Cohort.read(tmp_path)
    for cohort in (found.cohort, again):
        assert cohort.endpoint is not None
        design = cohort.endpoint.case_cohort
        assert design is not None
        assert (design.method, design.cases) == (BARLOW, "event")
        assert design.subcohort.tolist() == [True, True, False, True, True]
        assert cohort.endpoint.weight.tolist() == [1, 4, 1, 4, 4]
        assert cohort.endpoint.weights_of(1).at_risk.tolist() == [4, 4, 0, 4, 4]
    assert list(again.covariates) == ["age"]
    assert fingerprint_patients(again) == fingerprint_patients(found.cohort)
    drawn = _ingest(DESIGN, ["60,5,1,0,0,.25", *ROWS[1:]])
    assert fingerprint_patients(drawn.cohort) != fingerprint_patients(again)


def test_without_a_method_it_is_borgans() -> None:
    found = _ingest({"subcohort": "sub", "fraction": 0.25}, ROWS)
    assert found.cohort.endpoint is not None
    assert found.cohort.endpoint.case_cohort is not None
    assert found.cohort.endpoint.case_cohort.method == BORGAN


def test_fractions_of_strata_come_from_a_column_that_is_empty_outside() -> None:
    endpoint = _endpoint(ROWS, fraction="share")
    assert endpoint.weight.tolist() == [1, 4, 1, 2, 4]


def test_the_subcohort_may_have_codes_of_its_own() -> None:
    coded = [row.replace(",1,.", ",in,.").replace(",0,", ",0,") for row in ROWS]
    coded[2] = "62,7,1,0,,"
    endpoint = _endpoint(coded, subcohort={"column": "sub", "is": "in", "not": ""})
    assert endpoint.weight.tolist() == [1, 4, 1, 4, 4]
    filled = _endpoint(coded, subcohort={"column": "sub", "present": "true"})
    assert filled.weight.tolist() == [1, 4, 1, 4, 4]


def test_who_is_neither_case_nor_in_the_subcohort_stops_the_file() -> None:
    rows = [*ROWS, "65,3,0,0,0,", "66,3,0,1,0,"]
    rule = r"sub: neither in the subcohort nor a case by mi \(2 rows\)"
    with pytest.raises(CohortError, match=rule):
        _endpoint(rows)
    with pytest.raises(CohortError, match=r"nor a case by mi \(1 row\)"):
        _endpoint(rows, cases="both")


def test_an_impossible_fraction_stops_the_file() -> None:
    with pytest.raises(CohortError, match=r"share: must be above 0 and at most 1 .*\(1 row\)"):
        _endpoint([*ROWS, "65,3,0,0,1,25"], fraction="share")
    with pytest.raises(CohortError, match="share: differs between patients"):
        _endpoint(ROWS, fraction="share", method="prentice")


def test_an_unknown_place_is_a_reject_and_an_unknown_code_a_problem() -> None:
    found = _ingest(DESIGN, [*ROWS, "65,3,0,0,,"])
    assert found.rejects["rule"].tolist() == ["no word on whether in the subcohort"]
    with pytest.raises(CohortError, match=r"sub: a code that is neither in 'is' nor in 'not'"):
        _endpoint([*ROWS, "65,3,0,0,7,"])


def test_the_subcohort_is_no_covariate() -> None:
    with pytest.raises(MapError, match="column 'sub' is known only after entry"):
        variables = {"age": "age", "diabetes": "sub"}
        _ingest(DESIGN, variables=variables)

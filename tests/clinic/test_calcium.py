"""What the page says of a patient's calcium, whichever way the score was recorded."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from clinic.patient.assessor import Assessment
from clinic.scored_patients.store import IDENTIFIER, WORK_COLUMNS
from clinic.scored_patients.worklist import work_columns
from clinic.site import Site
from features.derivation.calcium import VESSELS

MAN = {"age": 60.0, "sex": "male", "ldl_cholesterol": 130.0, "diabetes": 0.0}
LIMITS = (1.0, 10.0, 100.0, 300.0, 400.0, 1000.0, 3000.0)


def _assess(site: Site, **values: object) -> Assessment:
    covariates = pd.DataFrame({name: [value] for name, value in {**MAN, **values}.items()})
    assessor = site.assessor
    return assessor.assess(covariates.astype({"sex": "str"}), assessor.horizons[-1])


def _by_vessels(*scores: float | None) -> dict[str, float | None]:
    known = zip(VESSELS, scores, strict=True)
    return {f"cac_agatston_{vessel}": score for vessel, score in known if score is not None}


@pytest.mark.parametrize("score", [*LIMITS, *np.nextafter(LIMITS, 0.0), 7.0, 650.3])
def test_class_goal_and_treatments_are_the_same_by_total_and_by_vessels(
    site: Site, score: float
) -> None:
    by_total = _assess(site, cac_agatston=score, vessel_count=1.0)
    by_vessels = _assess(site, **_by_vessels(0.0, score, 0.0, 0.0))
    assert by_total.calcium.score == by_vessels.calcium.score == score
    assert by_total.guidance == by_vessels.guidance
    rules = [[row.name for row in one.treatments.offered] for one in (by_total, by_vessels)]
    assert rules[0] == rules[1]
    assert by_total.overview.calcium == by_vessels.overview.calcium


def test_a_score_at_the_limit_of_a_class_is_in_the_class_that_begins_there(site: Site) -> None:
    steps = site.assessor.guideline.classes
    for below, step in pairwise(steps):
        view = _assess(site, **_by_vessels(0.0, step.start, 0.0, 0.0))
        assert view.guidance.calcium_class == step.name
        view = _assess(site, **_by_vessels(0.0, np.nextafter(step.start, 0.0), 0.0, 0.0))
        assert view.guidance.calcium_class == below.name


def test_the_page_says_where_the_score_is_the_sum_of_vessels(site: Site) -> None:
    view = _assess(site, **_by_vessels(50.0, 100.0, 50.0, 100.0))
    assert "300 AU (sum of vessels)" in str(view.calcium.topics)
    assert "sum of vessels" not in str(_assess(site, cac_agatston=300.0).calcium.topics)


def test_the_list_shows_the_sum_of_vessels_as_the_page_does() -> None:
    ids = pd.Index(["a", "b", "c"], name=IDENTIFIER)
    vessels = pd.DataFrame(_by_vessels(0.0, 300.0, 0.0, 0.0), index=ids)
    vessels.iloc[1, 0] = np.nan
    covariates = vessels.assign(cac_agatston=[np.nan, np.nan, 7.0])
    chunk = pd.DataFrame({IDENTIFIER: ids})
    found = work_columns(chunk, covariates, [True] * 3, "risk_10y")
    assert found[list(WORK_COLUMNS).index("cac")] == [300.0, -1.0, 7.0]

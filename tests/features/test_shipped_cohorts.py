"""The maps that ship, on their real files where those are present."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.files.cohort_file import locate_source, read_bytes
from features.intake.ingestion import Ingested, Limits, ingest
from features.intake.whole_table import read_table

LIMITS = Limits(0.1, date(2026, 11, 1))


def _real(name: str) -> Ingested:
    cohort_map = CohortMap.load(name)
    try:
        path = locate_source(cohort_map.file)
    except CohortError:
        pytest.skip(f"{cohort_map.file} is not here: set CALCIRISK_COHORTS to its folder")
    return ingest(read_table(path), cohort_map, Dictionary.load(), Limits(0.0, LIMITS.today))


@pytest.mark.parametrize(
    ("name", "patients", "events", "competing"),
    [
        # Steyerberg 2009: 460 events in 3,873 patients.
        ("smart", 3873, 460, 0),
        # Counted in the file: exam 1, PREVCHD = PREVSTRK = 0, CVD = 1; deaths with CVD = 0.
        ("framingham", 4215, 996, 753),
        ("framingham_exam3", 2854, 467, 317),
    ],
)
def test_a_real_cohort_is_ingested_whole(
    name: str, patients: int, events: int, competing: int
) -> None:
    found = _real(name)
    endpoint = found.cohort.endpoint
    assert endpoint is not None
    assert (len(found.cohort), endpoint.n_events, endpoint.n_competing) == (
        patients,
        events,
        competing,
    )
    assert found.rejects.empty


def test_exam_three_of_framingham_has_the_published_complete_cases() -> None:
    cohort = _real("framingham_exam3").cohort
    needed = ["age", "total_cholesterol", "hdl_cholesterol", "systolic_bp", "bp_treated"]
    complete = cohort.covariates[needed].notna().all(axis=1).to_numpy()
    endpoint = cohort.endpoint
    assert endpoint is not None
    by_ten = (endpoint.event == 1) & (endpoint.time <= 10)
    # The teaching data's own baseline: 2,270 people free of disease, 320 events in ten years.
    assert (int(complete.sum()), int((complete & by_ten).sum())) == (2270, 320)


def test_a_file_in_the_shape_of_mesa_is_ingested() -> None:
    rng = np.random.default_rng(3)
    n = 400
    cohort_map = CohortMap.load("mesa")
    columns: dict[str, Any] = {}
    for name, source in cohort_map.variables.items():
        variable = Dictionary.load()[name]
        if source.codes:
            columns[source.columns[0]] = rng.choice(list(source.codes), n)
        elif variable.kind == "number":
            columns[source.columns[0]] = rng.integers(20, 60, n)
        else:
            columns[source.columns[0]] = rng.integers(0, 2, n)
    columns |= {"gender1": np.arange(n) % 2, "cig1c": 2, "age1c": rng.integers(45, 85, n)}
    columns |= {"chol1": 200, "sbp1c": 130, "htcm1": 170, "wtlb1": 160, "waistcm1": 90}
    columns |= {"bmi1c": 25.1, "trig1": 100}
    event, dead = rng.random(n) < 0.1, rng.random(n) < 0.1
    columns |= {"chda": event * 1, "dth": dead * 1, "site1c": rng.integers(3, 9, n)}
    days = rng.integers(100, 5000, n)
    columns |= {"chdatt": days, "dthtt": days, "fuptt": days, "MESAID": np.arange(n) + 3_000_000}
    columns["e12dyc"] = np.where(days > 700, 600, np.nan)
    columns["e15dyc"] = np.where(days > 4000, 3500, np.nan)
    columns["agatpm2c"] = np.where(days > 700, 30, np.nan)
    columns["agatpm5c"] = np.where(days > 4000, 100, np.nan)
    csv = pd.DataFrame(columns).to_csv(index=False)
    found = ingest(read_bytes(csv.encode(), "mesa.csv"), cohort_map, Dictionary.load(), LIMITS)
    endpoint = found.cohort.endpoint
    assert endpoint is not None
    assert (endpoint.n_events, endpoint.n_competing) == (event.sum(), (dead & ~event).sum())
    assert found.cohort.site is not None
    assert set(found.cohort.covariates) == set(cohort_map.variables)
    assert found.cohort.covariates["weight"].iloc[0] == pytest.approx(160 * 0.45359237, rel=1e-4)
    scans = found.cohort.later_scans
    assert scans is not None
    assert len(scans) == (days > 700).sum() + (days > 4000).sum()

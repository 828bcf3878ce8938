"""The cohorts that maps are shipped for, and a split of each, as the leakage gate sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import CohortError
from features.intake.files.cohort_file import locate_source
from features.intake.files.raw_table import RawTable
from features.intake.ingestion import Limits, ingest
from features.intake.whole_table import read_table
from features.simulation.cohort import simulate_cohort
from features.splits import split_held_out
from models.leakage.inspected_cohort import Subject

MAPS = Path(__file__).parents[3] / "data" / "cohorts"


@cache
def simulated(n_patients: int = 3000) -> Subject:
    drawn = simulate_cohort(n_patients, seed=5, with_lesions=False)
    follow_up = drawn.endpoint
    endpoint = Endpoint(follow_up["time"].to_numpy(), follow_up["event"].to_numpy())
    return as_subject(Cohort("synthetic", drawn.covariates, endpoint, drawn.site, drawn.entry_date))


@cache
def simulated_briefly() -> Subject:
    """The same patients with every third variable and some that matter: soon examined."""
    subject = simulated()
    kept = {*subject.columns.columns[::3], "age", "sex", "cac_agatston", "cac_density_hu"}
    return replace(subject, columns=subject.columns[[c for c in subject.columns if c in kept]])


@cache
def read_raw(name: str) -> RawTable:
    """The file of a cohort, or a skipped test where it is not on this machine."""
    cohort_map = CohortMap.load(name, MAPS)
    try:
        return read_table(locate_source(cohort_map.file))
    except CohortError:
        pytest.skip(f"the file of {name} is not here (CALCIRISK_COHORTS)")


@cache
def real(name: str) -> Subject:
    cohort_map = CohortMap.load(name, MAPS)
    limits = Limits(0.1, datetime.now(tz=UTC).date())
    cohort = ingest(read_raw(name), cohort_map, Dictionary.load(), limits).cohort
    sources = {key: one.columns for key, one in cohort_map.variables.items()}
    return replace(as_subject(cohort), sources=sources)


def as_subject(cohort: Cohort) -> Subject:
    assert cohort.endpoint is not None
    held_out = np.zeros(len(cohort), dtype=np.bool_)
    held_out[split_held_out(cohort, 0.25, seed=1)[1]] = True
    return Subject(cohort.covariates, cohort.endpoint, cohort.site, cohort.entry, held_out)


def with_column(subject: Subject, name: str, values: object) -> Subject:
    """The subject with a further column, given by position."""
    column = pd.Series(values, index=subject.columns.index, name=name)
    return replace(subject, columns=pd.concat([subject.columns, column], axis=1))

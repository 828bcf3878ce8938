"""Whether two sets of patients are the same, told without telling who they are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.cohort import Cohort

# What a later scan is told by.
_SCAN = ("years", "cac_agatston")


def fingerprint_patients(cohort: Cohort) -> str:
    """SHA-256 over the patients and their endpoint, in whatever order they stand.

    Equal where the same patients have the same outcomes, weights, entries and subcohort. Without an
    endpoint, over the patients.
    """
    ids = [str(one) for one in cohort.covariates.index]
    lines = ids
    if cohort.endpoint is not None:
        endpoint = cohort.endpoint
        outcome = zip(endpoint.time.tolist(), endpoint.event.tolist(), strict=True)
        pairs = zip(ids, outcome, strict=True)
        lines = [f"{one}\0{time!r}\0{event}" for one, (time, event) in pairs]
        for further in (
            endpoint.start,
            None if endpoint.survey is None else endpoint.survey.weight,
            None if endpoint.case_cohort is None else endpoint.case_cohort.subcohort,
        ):
            if further is not None:
                told = zip(lines, further.tolist(), strict=True)
                lines = [f"{line}\0{value!r}" for line, value in told]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def fingerprint_scans(cohort: Cohort) -> str:
    """SHA-256 over the patients' later scans, in whatever order they stand.

    Equal where the same patients had the same scores after the same years.
    """
    scans = cohort.later_scans
    if scans is None:
        return hashlib.sha256().hexdigest()
    told = zip(scans.index, *(scans[name].tolist() for name in _SCAN), strict=True)
    lines = sorted(f"{one}\0{years!r}\0{score!r}" for one, years, score in told)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

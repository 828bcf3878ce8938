from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.designs import (
    CrossValidation,
    Design,
    HeldOutSites,
    LastEntered,
    LeaveOneSiteOut,
    RandomSplit,
)
from features.errors import CohortError, ConfigError
from tests.models.metrics.simulated import endpoint_of


@pytest.fixture
def cohort() -> Cohort:
    ids = pd.Index([f"P{number}" for number in range(400)], name="patient_id")
    covariates = pd.DataFrame({"age": np.linspace(40, 80, 400)}, index=ids)
    endpoint = endpoint_of(np.linspace(1, 10, 400), np.arange(400) % 4 == 0)
    site = pd.Series(np.repeat(["A", "B", "C", "D"], 100), index=ids)
    entry = pd.Series(2000 + np.arange(400) // 100, index=ids)
    return Cohort("test", covariates, endpoint, site, entry)


def test_every_design_yields_parts_that_share_no_patient(cohort: Cohort) -> None:
    designs: list[Design] = [
        RandomSplit(0.2, 1),
        CrossValidation(5, 1),
        LastEntered(0.2),
        HeldOutSites(0.2, 1),
        LeaveOneSiteOut(),
    ]
    counts = [len(list(design.splits(cohort))) for design in designs]
    assert counts == [1, 5, 1, 1, 4]
    for design in designs:
        for fit, validate in design.splits(cohort):
            assert not set(fit) & set(validate)


def test_whoever_entered_last_is_held_out_with_all_of_the_same_moment(cohort: Cohort) -> None:
    ((fit, validate),) = LastEntered(0.2).splits(cohort)
    assert validate.tolist() == list(range(300, 400))
    assert len(fit) == 300


def test_sites_are_held_out_whole(cohort: Cohort) -> None:
    assert cohort.site is not None
    ((fit, validate),) = HeldOutSites(0.3, seed=1).splits(cohort)
    assert len(validate) == 100  # two would be 50 %
    assert not set(cohort.site.iloc[fit]) & set(cohort.site.iloc[validate])


@pytest.mark.parametrize(
    ("sizes", "share", "held_out"),
    [
        ((530, 240, 130), 0.25, {240, 130}),  # by the order of the names, but never 59 %
        ((500, 480), 0.25, {480}),  # too large by any choice: the smallest
        ((100, 100, 100, 100), 0.5, {200}),
    ],
)
def test_no_site_is_held_out_that_leads_away_from_the_share(
    sizes: tuple[int, ...], share: float, held_out: set[int]
) -> None:
    ids = pd.Index([f"p{i}" for i in range(sum(sizes))])
    endpoint = endpoint_of(np.full(len(ids), 5.0), np.arange(len(ids)) % 3 == 0)
    site = pd.Series(np.repeat([f"site {i}" for i in range(len(sizes))], sizes), index=ids)
    drawn = Cohort("test", pd.DataFrame({"age": 60.0}, index=ids), endpoint, site, None)
    found = {len(next(HeldOutSites(share, seed).splits(drawn))[1]) for seed in range(6)}
    assert found == held_out


def test_at_least_one_site_stays_for_development(cohort: Cohort) -> None:
    ((fit, _),) = HeldOutSites(0.99, seed=1).splits(cohort)
    assert len(fit) == 100


def test_each_site_is_left_out_in_turn(cohort: Cohort) -> None:
    held_out = [validate[0] for _, validate in LeaveOneSiteOut().splits(cohort)]
    assert held_out == [0, 100, 200, 300]


def test_a_cohort_without_sites_or_entry_is_refused_with_advice(cohort: Cohort) -> None:
    bare = replace(cohort, site=None, entry=None)
    for design in (LastEntered(0.2), HeldOutSites(0.2, 1), LeaveOneSiteOut()):
        with pytest.raises(CohortError, match=r"is not recorded\. Name its column"):
            list(design.splits(bare))


def test_a_single_site_cannot_be_left_out(cohort: Cohort) -> None:
    alone = replace(cohort, site=pd.Series("A", index=cohort.covariates.index))
    for design in (HeldOutSites(0.2, 1), LeaveOneSiteOut()):
        with pytest.raises(CohortError, match="fewer than two sites"):
            list(design.splits(alone))


def test_a_missing_entry_is_counted(cohort: Cohort) -> None:
    assert cohort.entry is not None
    gaps = replace(cohort, entry=cohort.entry.where(cohort.entry > 2000))
    with pytest.raises(CohortError, match=r"entry: is missing \(100 rows\)"):
        list(LastEntered(0.2).splits(gaps))


def test_an_impossible_share_is_refused(cohort: Cohort) -> None:
    with pytest.raises(ConfigError):
        list(LastEntered(0).splits(cohort))

"""The pseudo-likelihoods of case-cohort samples, beside lifelines on rows split by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from features.array_types import BoolArray, FloatArray
from features.endpoint import EVENT
from features.sample.case_cohort import BARLOW, PRENTICE, CaseCohort
from models.learners.partial_likelihood import (
    OwnWeights,
    RiskSets,
    curvature,
    information,
    log_likelihood,
    residuals,
)
from models.learners.penalised_cox import CoxTask, fit_penalised_cox
from models.learners.prior import Gaussian
from models.learners.sampled_information import sampled_information
from tests.models.conftest import draw_cohort

FRACTION = 0.25
METHODS = pytest.mark.parametrize("method", [PRENTICE, BARLOW])
DELAYED = pytest.mark.parametrize("delayed", [False, True])
TIED = pytest.mark.parametrize("tied", [False, True])


@dataclass(frozen=True)
class Sample:
    """A case-cohort sample of one cause: what the fits need and who was drawn."""

    terms: FloatArray
    start: FloatArray
    stop: FloatArray
    occurred: BoolArray
    subcohort: BoolArray
    method: str

    @property
    def at_risk(self) -> FloatArray:
        """The weights of the papers, before the own event."""
        return self.subcohort.astype(np.float64) / (FRACTION if self.method == BARLOW else 1.0)

    def weigh(self) -> tuple[FloatArray, OwnWeights]:
        design = CaseCohort(self.subcohort, np.array(FRACTION), self.method)
        weights = design.weights(1, design.inverse_probability(self.occurred.astype(int)))
        return weights.at_risk, OwnWeights(weights.at_event, weights.events)

    def sets(self) -> RiskSets:
        return RiskSets(self.stop, self.occurred, None, self.start, *self.weigh())

    def take(self, rows: npt.NDArray[np.intp]) -> Sample:
        return Sample(
            self.terms[rows],
            self.start[rows],
            self.stop[rows],
            self.occurred[rows],
            self.subcohort[rows],
            self.method,
        )

    def others_at_risk(self, i: np.intp) -> BoolArray:
        there: BoolArray = (self.start < self.stop[i]) & (self.stop >= self.stop[i])
        there[i] = False
        return there


def _draw(method: str, delayed: bool, tied: bool, n: int = 500) -> Sample:
    draws = np.random.default_rng(7)
    X, endpoint = draw_cohort(n, seed=5)
    values = X.to_numpy()
    terms = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    start = np.where(draws.random(n) < 0.3, 0.0, draws.uniform(0, 4, n)) * delayed
    stop, occurred = start + endpoint.time, endpoint.event == EVENT
    if tied:  # of events, and entries at the very time of events
        start, stop = np.floor(start), np.floor(start) + np.ceil(stop - start)
    subcohort = draws.random(n) < FRACTION
    kept = subcohort | occurred
    return Sample(terms, start, stop, occurred, subcohort, method).take(np.flatnonzero(kept))


def _written_out(sample: Sample, margin: FloatArray) -> float:
    """The log pseudo-likelihood, an event at a time."""
    total, hazard = 0.0, np.exp(margin)
    for i in np.flatnonzero(sample.occurred):
        others = (sample.at_risk * hazard)[sample.others_at_risk(i)].sum()
        total += margin[i] - np.log(others + hazard[i])
    return total


@METHODS
@DELAYED
@TIED
def test_the_likelihood_is_the_one_written_out_an_event_at_a_time(
    method: str, delayed: bool, tied: bool
) -> None:
    sample = _draw(method, delayed, tied)
    margin = sample.terms @ np.full(sample.terms.shape[1], 0.3)
    # weights of Self and Prentice are a fraction's inverse of those of Prentice
    scale = sample.occurred.sum() * np.log(1 / FRACTION) * (method == PRENTICE)
    expected = _written_out(sample, margin) - scale
    assert log_likelihood(sample.sets(), margin) == pytest.approx(expected, rel=1e-12)


@METHODS
@DELAYED
def test_derivatives_are_those_of_the_likelihood(method: str, delayed: bool) -> None:
    sample, step = _draw(method, delayed, tied=True, n=120), 1e-4
    sets, n = sample.sets(), len(sample.stop)
    margin = sample.terms @ np.full(sample.terms.shape[1], 0.3)

    def moved(i: int, by: float) -> float:
        return log_likelihood(sets, margin + by * (np.arange(n) == i))

    slope, bend = residuals(sets, margin), curvature(sets, margin)
    for i in range(n):
        up, middle, down = (moved(i, by) for by in (step, 0.0, -step))
        assert slope[i] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        assert -bend[i] == pytest.approx((up - 2 * middle + down) / step**2, abs=1e-4)
    own = np.eye(n)
    whole = information(sets, own, margin)
    assert np.diag(whole) == pytest.approx(bend, abs=1e-9)
    for i, j in ((0, 1), (3, 17), (20, 5)):
        towards = residuals(sets, margin + step * own[j])[i]
        away = residuals(sets, margin - step * own[j])[i]
        assert -whole[i, j] == pytest.approx((towards - away) / (2 * step), abs=1e-6)


def _split_rows(sample: Sample) -> pd.DataFrame:
    """Each case a row of its own just before its event, as programs without own terms need it."""
    times = np.unique(np.concatenate([sample.start, sample.stop]))
    just = np.diff(times).min() / 2
    before = np.where(sample.occurred, sample.stop - just, sample.stop)
    parts = [
        pd.DataFrame(sample.terms).assign(S=sample.start, T=before, E=0, W=sample.at_risk),
        pd.DataFrame(sample.terms).assign(S=before, T=sample.stop, E=1, W=1.0)[sample.occurred],
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows[(rows["W"] > 0) & (rows["S"] < rows["T"])]


def _one_stratum_per_event(sample: Sample) -> pd.DataFrame:
    """The risk set of each event by itself, so that tied events stay apart."""
    parts = []
    for i in np.flatnonzero(sample.occurred):
        others = sample.others_at_risk(i) & (sample.at_risk > 0)
        rows = np.r_[i, np.flatnonzero(others)]
        of_set = pd.DataFrame(sample.terms[rows]).assign(T=1.0, E=0, W=sample.at_risk[rows], G=i)
        of_set.loc[0, ["E", "W"]] = [1, 1.0]
        parts.append(of_set)
    return pd.concat(parts, ignore_index=True).astype({"E": int})


@METHODS
@DELAYED
@pytest.mark.parametrize("tied", [False, pytest.param(True, marks=pytest.mark.slow)])
# lifelines calls pandas with positional arguments
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
@pytest.mark.filterwarnings("ignore:It appears your weights are not integers")
def test_coefficients_are_those_of_lifelines(method: str, delayed: bool, tied: bool) -> None:
    sample = _draw(method, delayed, tied)
    rows = _one_stratum_per_event(sample) if tied else _split_rows(sample)
    columns = {"strata": ["G"]} if tied else {"entry_col": "S"}
    theirs = CoxPHFitter().fit(
        rows,
        "T",
        "E",
        weights_col="W",
        fit_options={"precision": 1e-12, "r_precision": 1e-15},
        **columns,
    )
    free = Gaussian.ridge(sample.terms.shape[1], 0.0)
    ours, _ = fit_penalised_cox(sample.terms, sample.sets(), free)
    assert ours == pytest.approx(theirs.params_.to_numpy(), abs=1e-6)
    found = np.linalg.inv(information(sample.sets(), sample.terms, sample.terms @ ours))
    assert found == pytest.approx(theirs.variance_matrix_.to_numpy(), abs=1e-6)


@METHODS
def test_a_fold_is_fitted_on_its_own_patients_alone(method: str) -> None:
    sample = _draw(method, delayed=True, tied=False)
    sets = sample.sets()
    rows = np.flatnonzero(np.arange(len(sample.stop)) % 3 != 0)
    part = sample.take(rows)
    margin = sample.terms @ np.full(sample.terms.shape[1], 0.2)
    task = CoxTask(sample.stop, sample.occurred, sample.start, *sample.weigh())
    of_fold = task._sets(rows)
    assert log_likelihood(of_fold, margin) == pytest.approx(
        log_likelihood(part.sets(), margin[rows]), rel=1e-12
    )
    assert log_likelihood(task._alone(rows), margin[rows]) == pytest.approx(
        log_likelihood(of_fold, margin), rel=1e-12
    )
    assert sets.n_events == sample.occurred.sum()


@METHODS
def test_the_information_allows_for_the_drawing_of_the_subcohort(method: str) -> None:
    sample = _draw(method, delayed=True, tied=True, n=150)
    sets, terms = sample.sets(), sample.terms
    margin = terms @ np.full(terms.shape[1], 0.3)
    hazard, weight = np.exp(margin), sample.subcohort / FRACTION
    influence = np.zeros_like(terms)
    for i in np.flatnonzero(sample.occurred):
        others = sample.others_at_risk(i)
        own = 1.0 if method == BARLOW else 1 / FRACTION
        at_risk = np.where(others, weight, 0.0) * hazard
        at_risk[i] = own * hazard[i]
        mean = at_risk @ terms / at_risk.sum()
        there = others | (np.arange(len(margin)) == i)
        influence += (there * hazard)[:, None] * (terms - mean) / at_risk.sum()
    drawing = (influence * (sample.subcohort * (1 - FRACTION) / FRACTION**2)[:, None]).T @ influence
    naive = information(sets, terms, margin)
    inverse = np.linalg.inv(naive)
    expected = np.linalg.inv(inverse + inverse @ drawing @ inverse)
    assert sampled_information(sets, terms, margin) == pytest.approx(expected, rel=1e-8)


def test_what_a_sample_says_does_not_depend_on_how_its_events_are_counted() -> None:
    sample = _draw(BARLOW, delayed=False, tied=False)
    at_risk, own = sample.weigh()
    shares = OwnWeights(own.weight, own.events * 0.3)
    sets = RiskSets(sample.stop, sample.occurred, None, None, at_risk, shares)
    margin = np.zeros(len(sample.stop))
    whole = RiskSets(sample.stop, sample.occurred, None, None, at_risk, own)
    found, expected = (sampled_information(one, sample.terms, margin) for one in (sets, whole))
    assert found == pytest.approx(expected, rel=1e-9)

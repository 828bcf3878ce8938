from __future__ import annotations

import numpy as np
import pytest

from models.uncertainty.evidence import (
    PENALTIES,
    CoxLikelihood,
    LogisticLikelihood,
    most_probable_posterior,
)

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def _draw(n: int, spread: float, seed: int) -> tuple[FloatArray, FloatArray, CoxLikelihood]:
    """20 standard normal terms whose coefficients vary by ``spread``; half of them censored."""
    draws = np.random.default_rng(seed)
    terms = draws.normal(size=(n, 20))
    beta = draws.normal(0, spread, 20)
    life = draws.exponential(np.exp(-terms @ beta))
    limit = draws.exponential(1.0, n)
    return terms, beta, CoxLikelihood(np.minimum(life, limit), life <= limit)


def test_the_more_coefficients_vary_the_weaker_the_penalty() -> None:
    penalties = []
    for spread in (0.01, 0.1, 0.5):
        terms, _, likelihood = _draw(1000, spread, 1)
        penalties.append(most_probable_posterior(likelihood, terms).penalty)
    assert penalties[0] > penalties[1] > penalties[2]
    assert set(penalties) <= set(PENALTIES)


def test_intervals_of_margins_hold_the_truth_although_it_is_shrunk() -> None:
    held = []
    for seed in range(12):
        terms, beta, likelihood = _draw(300, 0.1, seed)
        posterior = most_probable_posterior(likelihood, terms)
        new = np.random.default_rng(100 + seed).normal(size=(500, 20))
        off = np.abs(new @ (beta - posterior.mean))
        spread = np.sqrt(np.einsum("ij,jk,ik->i", new, posterior.covariance, new))
        held.append((off < 1.645 * spread).mean())
    assert 0.85 <= np.mean(held) <= 0.95


def test_the_information_of_yes_or_no_is_the_curvature_of_its_likelihood() -> None:
    draws = np.random.default_rng(3)
    terms = draws.normal(size=(400, 2))
    occurred = draws.random(400) < 1 / (1 + np.exp(1 - terms[:, 0]))
    likelihood = LogisticLikelihood(occurred)
    beta, margins = likelihood.maximise(terms, 1e-9, None, None)
    _, information = likelihood.at(terms, margins)
    level = float((margins - terms @ beta).mean())

    def profile(first: float) -> float:
        """Log likelihood with the first coefficient moved and the intercept refitted."""
        levels = level + np.linspace(-0.1, 0.1, 2001)
        moved = terms @ (beta + np.array([first, 0.0]))
        sign = np.where(occurred, -1.0, 1.0)
        odds = sign[:, None] * (moved[:, None] + levels)
        return float((-np.logaddexp(0.0, odds).sum(axis=0)).max())

    step = 0.05
    curvature = -(profile(step) - 2 * profile(0.0) + profile(-step)) / step**2
    assert information[0, 0] == pytest.approx(curvature, rel=0.02)


def test_without_terms_there_is_nothing_to_be_unsure_of() -> None:
    _, _, likelihood = _draw(100, 0.1, 4)
    posterior = most_probable_posterior(likelihood, np.zeros((100, 0)))
    assert posterior.covariance.shape == (0, 0)

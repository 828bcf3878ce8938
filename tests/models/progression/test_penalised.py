from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from models.learners.linear import Limits
from models.progression.law.likelihood import Slopes
from models.progression.training.penalised import Prior, fit_within


def test_the_posterior_of_normal_observations_is_that_of_bayesian_regression() -> None:
    rng = np.random.default_rng(5)
    terms, width, looseness = rng.standard_normal((80, 3)), np.array([0.2, 0.5, 1.0]), 2.0
    seen = terms @ [0.3, -0.2, 0.5] + 1.0 + rng.standard_normal(80)

    def likelihood(margin: FloatArray) -> Slopes:
        return Slopes(-0.5 * (seen - margin) ** 2, seen - margin, np.ones(80))

    mean = np.array([0.1, 0.0, -0.1])
    free = Limits(np.zeros((0, 3)), np.zeros(0, np.intp))
    fitted = fit_within(terms, likelihood, Prior(mean, width), looseness, free)
    design = np.column_stack([np.ones(80), terms])
    precision = np.diag([1e-8, *(1 / (looseness * width**2))])
    covariance = np.linalg.inv(design.T @ design + precision)
    expected = covariance @ (design.T @ seen + precision @ np.append(0.0, mean))
    assert fitted.beta == pytest.approx(expected, abs=1e-6)
    assert fitted.factor @ fitted.factor.T == pytest.approx(covariance, abs=1e-9)


def test_nothing_is_open_of_a_term_that_would_point_against_its_direction() -> None:
    terms = np.linspace(-1, 1, 50)[:, None]

    def likelihood(margin: FloatArray) -> Slopes:
        off = -0.8 * terms[:, 0] - margin
        return Slopes(-0.5 * off**2, off, np.ones(50))

    upward = Limits(np.ones((1, 1)), np.zeros(1, np.intp))
    prior = Prior(np.array([0.0]), np.array([1.0]))
    fitted = fit_within(terms, likelihood, prior, 1.0, upward)
    assert fitted.beta[1] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(fitted.factor[1]).max() < 1e-6

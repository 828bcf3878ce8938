from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from models.learners.prior import TermPrior, Trust
from models.learners.shapes.linear_design import Limits
from models.learners.trust_path import COVERING, Believed, Terms
from models.progression.law.likelihood import Slopes
from models.progression.training.penalised import GrowthRegression, Observed


def _believe(terms: FloatArray, limits: Limits, seen: FloatArray) -> Believed:
    """Normal observations around a margin, in the place of a law."""

    def likelihood(margin: FloatArray) -> Slopes:
        return Slopes(-0.5 * (seen - margin) ** 2, seen - margin, np.ones(len(seen)))

    n, m = terms.shape
    rows = Observed(np.arange(n), likelihood)
    regression = GrowthRegression(Terms(terms, limits, np.zeros(n)), rows)
    none, prior = np.zeros(m, bool), (np.array([0.1, 0.0, -0.1])[:m], np.array([0.2, 0.5, 1.0])[:m])
    nothing = np.zeros((0, m)), np.zeros(0), np.zeros(0)
    return Believed(regression, TermPrior(*prior, none, none, *nothing))


def test_the_posterior_of_normal_observations_is_that_of_bayesian_regression() -> None:
    rng = np.random.default_rng(5)
    terms = rng.standard_normal((80, 3))
    seen = terms @ [0.3, -0.2, 0.5] + 1.0 + rng.standard_normal(80)
    free = Limits(np.zeros((0, 3)), np.zeros(0, np.intp))
    believed, trust = _believe(terms, free, seen), Trust(1.0, 1.0)
    beta = believed.fit(trust)
    regression = believed.regression
    assert isinstance(regression, GrowthRegression)
    design, width = np.column_stack([np.ones(80), terms]), np.array([0.2, 0.5, 1.0])
    precision = np.diag([1e-8, *(1 / width**2)])
    mean = np.array([0.0, 0.1, 0.0, -0.1])
    expected = np.linalg.solve(design.T @ design + precision, design.T @ seen + precision @ mean)
    level = regression.level(regression.terms.margin(beta))
    assert np.append(level, beta) == pytest.approx(expected, abs=1e-5)

    widened = np.linalg.inv(design.T @ design + np.diag([1e-8, *(1 / (COVERING * width) ** 2)]))
    factor = regression.posterior_root(beta, believed.covariance(trust, beta))
    assert factor @ factor.T == pytest.approx(widened, abs=1e-9)


def test_nothing_is_open_of_a_term_that_would_point_against_its_direction() -> None:
    terms = np.linspace(-1, 1, 50)[:, None]
    upward = Limits(np.ones((1, 1)), np.zeros(1, np.intp))
    believed, trust = _believe(terms, upward, -0.8 * terms[:, 0]), Trust(0.0, 1.0)
    beta = believed.fit(trust)
    assert beta.tolist() == [0.0]
    regression = believed.regression
    assert isinstance(regression, GrowthRegression)
    factor = regression.posterior_root(beta, believed.covariance(trust, beta))
    assert np.abs(factor[1]).max() < 1e-9
    assert (factor @ factor.T)[0, 0] == pytest.approx(1 / 50)

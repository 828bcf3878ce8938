from __future__ import annotations

import numpy as np
import pytest

from models.metrics.calibration.binomial_regression import (
    Link,
    fit_binomial,
    link_risk,
    unlink,
)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_the_links_are_undone(link: str) -> None:
    risk = np.array([1e-6, 0.01, 0.5, 0.99])
    assert unlink(link_risk(risk, link), link) == pytest.approx(risk)  # type: ignore[arg-type]


def test_the_logit_link_gives_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 2))
    y = rng.uniform(size=400) < 1 / (1 + np.exp(-x[:, 0]))
    weight = rng.integers(0, 3, 400)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y, weight)
    ours = fit_binomial(np.column_stack([np.ones(400), x]), y, weight, "logit")
    assert ours == pytest.approx([*theirs.intercept_, *theirs.coef_[0]], abs=1e-6)


def test_the_complementary_log_log_link_recovers_proportional_hazards() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200_000)
    y = rng.uniform(size=200_000) < -np.expm1(-0.1 * np.exp(0.7 * x))
    design = np.column_stack([np.ones(len(x)), x])
    beta = fit_binomial(design, y, np.ones(len(x)), "cloglog")
    assert beta == pytest.approx([np.log(0.1), 0.7], abs=0.02)


def test_an_offset_stays_as_given() -> None:
    y = np.array([0, 0, 0, 1])
    offset = np.full(4, 1.5)
    beta = fit_binomial(np.ones((4, 1)), y, np.ones(4), "logit", offset)
    assert beta[0] == pytest.approx(np.log(0.25 / 0.75) - 1.5)


def test_separated_patients_have_no_estimate() -> None:
    design = np.column_stack([np.ones(4), [0.0, 1, 2, 3]])
    assert np.isnan(fit_binomial(design, [0, 0, 1, 1], np.ones(4), "logit")).all()


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_the_compiled_pass_gives_the_derivatives_of_the_deviance(link: Link) -> None:
    from models.metrics.calibration.binomial_pass import differentiate

    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(300), rng.normal(size=(300, 2))])
    y, w = (rng.random(300) < 0.3).astype(float), rng.integers(0, 3, 300) * rng.uniform(1, 2, 300)
    shift, beta, small = rng.normal(size=300), np.array([-0.4, 0.3, -0.2]), 1e-5

    def deviance(at: np.ndarray) -> float:
        risk = unlink(x @ at + shift, link)
        return float(-(w * np.log(np.where(y == 1, risk, 1 - risk))).sum())

    is_cloglog = link == "cloglog"
    score, information, loss = differentiate(x, y, w, shift, beta, is_cloglog)
    assert loss == pytest.approx(deviance(beta), rel=1e-12)
    steps = np.eye(3) * small
    slopes = [(deviance(beta + one) - deviance(beta - one)) / (2 * small) for one in steps]
    assert score == pytest.approx([-slope for slope in slopes], abs=1e-4)
    for one, row in zip(steps, information, strict=True):
        ahead, behind = (
            differentiate(x, y, w, shift, beta + sign * one, is_cloglog) for sign in (1, -1)
        )
        assert row == pytest.approx(-(ahead[0] - behind[0]) / (2 * small), rel=1e-5)


def test_where_one_begins_to_look_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(500), rng.normal(size=500)])
    y = (rng.random(500) < -np.expm1(-np.exp(x @ [-1.0, 0.5]))).astype(float)
    found = [
        fit_binomial(x, y, np.ones(500), "cloglog", start=start)
        for start in (None, [0.0, 1.0], [-1.5, 0.2])
    ]
    assert found[1] == pytest.approx(found[0], abs=1e-10)
    assert found[2] == pytest.approx(found[0], abs=1e-10)

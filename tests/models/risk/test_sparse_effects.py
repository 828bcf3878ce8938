"""A few strong columns of one's own among many that say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE
from features.endpoint import Endpoint
from models.risk.cause_fitting import FittedLinear
from models.risk.risk_model import RiskModel
from tests.models.conftest import draw_cohort


def _with_noise(seed: int, n_noise: int = 60) -> tuple[pd.DataFrame, Endpoint]:
    X, endpoint = draw_cohort(1_500, seed=seed, competing=False)
    values = np.random.default_rng(seed).normal(size=(len(X), n_noise))
    return X.join(pd.DataFrame(values).add_prefix("protein_")), endpoint


def _fit(X: pd.DataFrame, endpoint: Endpoint) -> tuple[RiskModel, FittedLinear]:
    model = RiskModel(parts=("linear",)).fit(X, endpoint)
    linear = model.causes_[0].parts["linear"]
    assert isinstance(linear, FittedLinear)
    return model, linear


@pytest.mark.parametrize("seed", [1, 2])
def test_what_says_nothing_does_not_hide_what_does(seed: int) -> None:
    X, endpoint = _with_noise(seed)
    model, linear = _fit(X, endpoint)
    assert linear.path.trust.sparse
    assert model.report_["causes"]["event"]["linear"]["sparse"] == 1.0
    slopes = linear.part.split_coefficients().straight
    used = X.columns[linear.part.design.completion.used]
    found = pd.Series(slopes, used)
    assert found[["a", "b"]].to_numpy() == pytest.approx([0.7, -0.5], abs=0.12)
    assert found.filter(like="protein").abs().mean() < 0.01


def test_what_the_dictionary_names_is_no_lottery() -> None:
    X, endpoint = _with_noise(1)
    named = X.set_axis([feature.name for feature in CATALOGUE][: X.shape[1]], axis=1)
    _, linear = _fit(named, endpoint)
    assert not any(trust.sparse for trust, _ in linear.path.scores)
    _, linear = _fit(named.assign(own=X["protein_0"].to_numpy()), endpoint)
    assert any(trust.sparse for trust, _ in linear.path.scores)


def test_where_nothing_can_be_learnt_there_is_no_effect_to_be_sparse() -> None:
    X, endpoint = draw_cohort(300, seed=3, competing=False)
    rare = pd.DataFrame({"own": (np.arange(len(X)) < 2).astype(float)}, index=X.index)
    model, linear = _fit(rare, endpoint)
    assert not len(linear.part.coefficients)
    assert np.ptp(model.predict_risk(rare, [5.0])) == 0.0

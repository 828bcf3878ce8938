"""What the map says of a mortality cohort can be said in Python, and is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features, learnable
from features.endpoint import Endpoint
from features.errors import CohortError
from models.estimator.risk_estimator import RiskEstimator, known_priors
from models.estimator.saving import save_model
from models.estimator.tables import make_cohort
from models.estimator.target import as_target
from models.risk.risk_model import RiskModel
from models.storage.model_folder import read_about


def _patients(n: int = 240) -> pd.DataFrame:
    draws = np.random.default_rng(5)
    age = draws.integers(45, 80, n)
    years = draws.exponential(300 / np.exp(0.06 * (age - 45)))
    return pd.DataFrame(
        {
            "age": age,
            "sex": draws.choice(["female", "male"], n),
            "cac_agatston": draws.integers(0, 900, n),
            "years": np.minimum(years, 12.0) + 0.01,
            "dead": (years < 12.0).astype(int),
        }
    )


def test_a_model_made_in_python_knows_that_any_death_is_its_event(tmp_path: Path) -> None:
    cohort = make_cohort(_patients(), time="years", event="dead", any_death=True)
    assert cohort.endpoint is not None and cohort.endpoint.any_death
    X, y = learnable(derive_features(cohort.covariates)), as_target(cohort.endpoint)
    model = RiskModel(priors=known_priors(), parts=("linear",), n_folds=2, minimum_events=5)
    told, by_name = RiskEstimator(model).fit(X, cohort.endpoint), RiskEstimator(model)
    by_name = by_name.set_params(any_death=True).fit(X, y)
    events = RiskEstimator(model).fit(X, y)
    np.testing.assert_array_equal(told.predict(X), by_name.predict(X))
    assert not np.allclose(told.predict(X), events.predict(X), rtol=1e-4)
    for estimator, any_death in ((told, True), (by_name, True), (events, False)):
        folder = tmp_path / str(id(estimator))
        save_model(estimator, cohort, [5], folder)
        assert read_about(folder).any_death is any_death


def test_nothing_competes_where_any_death_is_an_event() -> None:
    with pytest.raises(CohortError, match="nothing competes"):
        Endpoint(np.array([1.0, 2.0]), np.array([1, 2], np.int8), any_death=True)
    rivals = _patients().assign(gone=0)
    rivals.loc[rivals["dead"] == 0, "gone"] = 1
    with pytest.raises(CohortError, match="nothing competes"):
        make_cohort(rivals, time="years", event="dead", competing="gone", any_death=True)

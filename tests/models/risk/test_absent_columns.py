"""What a gap tells in the patients fitted on is not told of a file that lacks the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from models.risk.risk_model import RiskModel

Drawn = tuple[pd.DataFrame, Endpoint]
HORIZON = 5.0


def _draw(n: int, seed: int) -> Drawn:
    """A marker, and an operation that is not recorded of the frail: hazard times 4."""
    draws = np.random.default_rng(seed)
    marker, frail = draws.normal(size=n), draws.random(n) < 0.08
    operated = np.where(frail, np.nan, draws.random(n) < 0.05)
    years = draws.exponential(60 * np.exp(-0.5 * marker - 1.4 * frail))
    last = draws.uniform(5, 12, n)
    event = (years < last).astype(int)
    X = pd.DataFrame({"marker": marker, "operated": operated})
    return X, Endpoint(np.minimum(years, last), event)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return _draw(4_000, seed=1)


@pytest.mark.parametrize("parts", [("linear",), ("boosted",), ("linear", "boosted")])
def test_mean_risk_stays_where_a_column_whose_gaps_mark_the_frail_is_absent(
    drawn: Drawn, parts: tuple[str, ...]
) -> None:
    model = RiskModel(parts=parts, n_folds=3, max_rounds=120, n_threads=1).fit(*drawn)
    patients, _ = _draw(6_000, seed=2)
    whole = model.predict_risk(patients, [HORIZON]).mean()
    lacking = patients.assign(operated=np.nan)
    without = model.predictor_.without(["operated"]).risk(lacking, [HORIZON]).mean()
    assert without / whole == pytest.approx(1.0, abs=0.05)


def test_trees_do_not_learn_who_has_a_gap(drawn: Drawn) -> None:
    model = RiskModel(parts=("boosted",), n_folds=3, max_rounds=120, n_threads=1).fit(*drawn)
    margin = pd.Series(model.predict_margin(drawn[0])[:, 0])
    known = drawn[0]["operated"].notna()
    gap = margin[~known].mean() - margin[known].mean()
    # the frail have a log hazard of 1.4 more
    assert abs(gap) < 0.15

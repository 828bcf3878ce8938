from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.dictionary.prior import Belief, Modifier, Prior, Priors
from features.endpoint import Endpoint
from models.evaluation.published_effects import compare_with_published
from models.risk.cause_fitting import LINEAR, FittedLinear
from models.risk.risk_model import RiskModel

PRIORS = Priors(
    {
        "score": Prior(Belief(0.3, 0.05), source="A 2001"),
        "turned": Prior(Belief(0.2, 0.05), source="B 2002"),
    },
    modifiers=(Modifier("score", "years", Prior(Belief(0.0, 0.002), source="C 2003")),),
)
CHANGE, TURNED = -0.02, -0.15


@pytest.fixture(scope="module", params=["times", "fixed horizon"])
def table(request: pytest.FixtureRequest) -> pd.DataFrame:
    """What is learnt where two effects are other than published, one of them held at none."""
    draws = np.random.default_rng(5)
    X = pd.DataFrame(
        {
            "score": draws.normal(3.0, 2.0, 4_000),
            "years": draws.normal(60.0, 9.0, 4_000),
            "turned": draws.normal(size=4_000),
        }
    )
    score, years = X["score"] - 3, X["years"] - 60
    margin = 0.3 * score + 0.05 * years + CHANGE * score * years + TURNED * X["turned"]
    if request.param == "times":
        time = draws.exponential(np.exp(-margin.to_numpy()) * 15)
        endpoint = Endpoint(np.minimum(time, 10.0), (time < 10).astype(int))
    else:
        occurred = draws.random(4_000) < 1 / (1 + np.exp(0.5 - margin))
        endpoint = Endpoint(np.full(4_000, 10.0), occurred.astype(int), horizon=10.0)
    model = RiskModel(parts=(LINEAR,), priors=PRIORS, monotone={"turned": 1}).fit(X, endpoint)
    linear = model.causes_[0].parts[LINEAR]
    assert isinstance(linear, FittedLinear)
    found = compare_with_published(linear, tuple(X.columns), {"score": "scan"}, PRIORS)
    return found.set_index("feature")


def test_effects_that_depend_on_another_feature_stand_beside_the_others(
    table: pd.DataFrame,
) -> None:
    assert table.index.tolist() == ["score", "years", "turned", "score by years"]
    assert table["variable"].tolist() == ["scan", "years", "turned", "scan"]
    row = table.loc["score by years"].to_dict()
    assert (row["published"], row["published_width"]) == (0.0, 0.002)
    assert row["cohort"] == pytest.approx(CHANGE, abs=4 * row["cohort_error"])
    assert row["used"] < CHANGE / 2


def test_an_effect_held_at_none_for_its_direction_shows_what_the_cohort_says(
    table: pd.DataFrame,
) -> None:
    row = table.loc["turned"].to_dict()
    assert row["used"] == 0.0
    assert row["cohort"] == pytest.approx(TURNED, abs=4 * row["cohort_error"])


def test_what_contradicts_the_published_effect_is_marked_and_nothing_else(
    table: pd.DataFrame,
) -> None:
    assert table["contradicts"].tolist() == [False, False, True, True]

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.own_variables import read_own_variables
from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from features.dictionary.prior import Belief, Modifier, Prior, Priors
from features.endpoint import Endpoint
from models.evaluation.published_effects import (
    compare_with_published,
    describe_conflicts,
    label_step,
    label_steps,
)
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


def test_effects_of_ones_own_variables_are_called_by_label_level_and_step() -> None:
    own = {
        "galectin": {"label": "Galectin-3", "unit": "ng/mL", "range": ["0", "100"]},
        "nyha": {"label": "NYHA class", "kind": "category", "codes": ["I", "II", "III"]},
        "gout": {"label": "Gout", "kind": "boolean"},
    }
    known = Dictionary.load().extended(read_own_variables("clinic.yaml", own))
    draws = np.random.default_rng(6)
    names = ["galectin", "nyha:II", "nyha:III", "gout"]
    X = pd.DataFrame(draws.random((400, 4)) < 0.4, columns=names).astype(float)
    X["galectin"] = draws.normal(8.0, 4.0, 400)
    endpoint = Endpoint(draws.exponential(9.0, 400), (draws.random(400) < 0.5).astype(int))
    linear = RiskModel(parts=(LINEAR,)).fit(X, endpoint).causes_[0].parts[LINEAR]
    assert isinstance(linear, FittedLinear)
    found = compare_with_published(linear, tuple(names), {}, Priors())
    assert found["variable"].tolist() == ["galectin", "nyha", "nyha", "gout"]
    assert list(label_steps(found, known).values()) == [
        "Galectin-3, per 4 ng/mL",
        "NYHA class (II)",
        "NYHA class (III)",
        "Gout",
    ]


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


def test_every_variable_that_contradicts_what_is_published_is_named_once(
    table: pd.DataFrame,
) -> None:
    per = table["per"].where(table.index != "turned", 1.0)
    told = describe_conflicts(table.assign(per=per).reset_index(), Dictionary.load(), "hazard")
    assert len(told) == 1
    assert told[0].count("in this cohort alone") == 2
    alone = np.exp(float(table["cohort"].to_numpy()[2]))
    assert f"turned (hazard ratio {alone:.2f} in this cohort alone" in told[0]
    assert "1.22 published; 1.00 used by its linear part" in told[0]
    assert "change of its effect by years" in told[0]
    agreeing = table[~table["contradicts"]].reset_index()
    assert describe_conflicts(agreeing, Dictionary.load(), "hazard") == []


def test_several_features_of_a_variable_speak_by_the_one_farthest_off() -> None:
    rows = [
        ("smoking_ever", "smoking_status", 0.05, 0.1, -0.36, 0.15, 0.0, True),
        ("smoking_status_current", "smoking_status", 0.37, 0.2, -0.99, 0.18, 0.0, True),
        ("diabetes", "diabetes", 0.39, 0.25, 0.25, 0.19, 0.3, False),
    ]
    names = ("feature", "variable", "published", "published_width", "cohort", "cohort_error")
    smokers = pd.DataFrame(rows, columns=[*names, "used", "contradicts"]).assign(per=1.0)
    told = describe_conflicts(smokers, Dictionary.load(), "odds")
    assert told[0].startswith(
        "The cohort contradicts what is published: Smoking (current) (odds ratio 0.37 in this "
        "cohort alone, 95 % interval 0.26 to 0.53; 1.45 published; 1.00 used by its linear part)."
    )
    assert label_steps(smokers, Dictionary.load())["diabetes"] == "Diabetes"


def test_a_step_of_a_feature_in_its_variables_unit_is_so_much_of_the_unit() -> None:
    known = Dictionary.load()
    steps = {
        each.name: label_step(
            {"feature": each.name, "variable": each.variable, "per": 7.0}, each.meaning, known
        )
        for each in CATALOGUE
    }
    assert steps["egfr_below_60"] == "eGFR, per 7 mL/min/1.73 m2 below 60"
    assert steps["ldl_cholesterol"].startswith("LDL cholesterol, per 7 mg/dL; by Sampson")
    own = {each.name: getattr(known.get(each.variable), "unit", None) for each in CATALOGUE}
    assert not [name for name, step in steps.items() if f" per 7 of {own[name]}" in step]

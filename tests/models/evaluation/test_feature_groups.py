from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from features.derivation.catalogue import CATALOGUE, Feature
from features.dictionary.dictionary import Dictionary
from models.evaluation.feature_groups import STEPS, OfFeatures, nested_features
from tests.models.evaluation.toy_models import SignalModel
from tests.models.metrics.simulated import simulate

GROUPS = {name: variable.group for name, variable in Dictionary.load().items()}


def test_steps_are_nested_and_the_last_has_every_feature() -> None:
    names = [feature.name for feature in CATALOGUE]
    steps = nested_features(CATALOGUE, GROUPS, names)
    assert tuple(steps) == STEPS[:-1]  # the dictionary has none of one's own
    sets = [set(step) for step in steps.values()]
    assert all(first < second for first, second in pairwise(sets))
    assert sets[-1] == set(names)


def test_no_step_gets_a_hint_of_a_later_one() -> None:
    of = {one.name: one for one in CATALOGUE}
    clinical = nested_features(CATALOGUE, GROUPS, list(of))["clinical"]
    used = {variable for name in clinical for variable in of[name].inputs}
    assert not {name for name in used if GROUPS[name] in ("calcium", "morphology")}
    assert "ldl_untreated" not in clinical  # it needs the statin


def test_smoking_is_clinical_as_in_every_risk_equation() -> None:
    names = [feature.name for feature in CATALOGUE]
    assert "smoking_status_current" in nested_features(CATALOGUE, GROUPS, names)["clinical"]


def test_calcium_volume_is_amount_even_where_it_may_come_from_density_bands() -> None:
    names = [feature.name for feature in CATALOGUE]
    assert "log_cac_volume" in nested_features(CATALOGUE, GROUPS, names)["+ calcium"]


def test_a_step_that_adds_nothing_is_left_out() -> None:
    catalogue = [
        Feature("age", "age", "demographic", 0, ("age",)),
        Feature("statin", "statin_intensity", "therapy", 0, ("statin_intensity",)),
    ]
    steps = nested_features(catalogue, GROUPS, ["age", "statin"])
    assert list(steps) == ["clinical", "+ therapy and lifestyle"]


def test_a_recipe_of_some_features_never_sees_the_others() -> None:
    cohort = simulate(40, seed=1)
    X = pd.DataFrame({"signal": cohort.margin, "other": np.nan})
    fitted = OfFeatures(("signal",), SignalModel).fit(X, cohort.endpoint)
    X_new = X.set_axis([f"new {i}" for i in range(40)])
    assert np.isfinite(fitted.predict_risk(X_new[["signal"]], [5.0])).all()

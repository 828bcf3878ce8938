"""What is known of growth before a cohort is seen, and which variables may enter at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.dictionary.prior import Belief, read_prior
from features.dictionary.published_priors import load_priors
from features.errors import MapError
from models.progression.training.priors import list_excluded, list_known, list_signs
from models.progression.training.progression_model import ProgressionModel
from tests.growing import FEATURES, Trained

DICTIONARY = Dictionary.load()


def test_growth_and_onset_stand_beside_events_in_the_dictionary() -> None:
    priors = load_priors(DICTIONARY)
    assert priors.of("family_history", "onset", knows_calcium=True) == Belief(0.44, 0.2)
    assert priors.of("family_history", "growth", knows_calcium=True) == Belief(0.1, 0.15)
    assert priors.of("family_history", "event", knows_calcium=True) == Belief(0.32, 0.2)


def test_what_has_no_effect_on_events_may_still_have_one_on_calcium() -> None:
    prior = read_prior({"none": 0.01, "growth": [0.2, 0.1], "growth_source": "a trial"})
    assert prior.of("event", True) == Belief(0.0, 0.01)
    assert prior.of("growth", True) == Belief(0.2, 0.1)
    priors = load_priors(DICTIONARY)
    closed = next(name for name in priors.by_feature if priors.is_fixed(name))
    assert not priors.is_fixed(closed, "growth")


def test_a_mean_of_growth_needs_its_source() -> None:
    with pytest.raises(ValueError, match="growth_source"):
        read_prior({"event": [0, 0.1], "onset": [0.2, 0.1]})


def test_directions_of_growth_are_those_of_the_variables_that_have_one() -> None:
    signs = list_signs(DICTIONARY, ["age", "systolic_bp", "ldl_cholesterol", "log_cac"])
    assert signs.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("given", ["{directed: false}", "{none: 3}", "{slower: yes}", "[1]"])
def test_what_a_dictionary_says_of_growth_is_checked(given: str, tmp_path: Path) -> None:
    entry = "label: A\n  group: vital\n  kind: boolean\n  evidence: e\n  source: s\n  growth: "
    (tmp_path / "own.yaml").write_text(f"one:\n  {entry}{given}\n")
    with pytest.raises(MapError, match="key 'growth' must be"):
        Dictionary.load(tmp_path / "own.yaml")


def test_a_variable_of_ones_own_is_learnt_from_and_named(trained: Trained) -> None:
    entry = {"label": "Fat", "group": "vital", "kind": "number", "unit": "mL", "low": 0,
             "high": 400, "evidence": "e", "source": "s", "own": True}  # fmt: skip
    dictionary = DICTIONARY.extended({"fat": entry})
    assert "fat" in list_known(dictionary)
    assert not set(list_known(dictionary)) & list_excluded(dictionary)
    volume = np.random.default_rng(2).uniform(0, 400, len(trained.X))
    X = derive_features(trained.cohort.covariates.assign(fat=volume), dictionary)
    model = ProgressionModel(
        dictionary=dictionary, n_folds=2, max_rounds=0, n_threads=1, widths=(1.0,), penalties=()
    ).fit(X[[*FEATURES, "fat"]], trained.scans)
    few = np.arange(5)
    patients = model.predictor_.patients(X.iloc[few], trained.scans.first[few],
                                         trained.scans.bmi[few])  # fmt: skip
    assert "fat" in model.explainer_.explain(X.iloc[few], patients, 5.0).values

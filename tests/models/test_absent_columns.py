"""What a file lacks, beside what the training file lacked: see also `test_missing_inputs`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features, learnable
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from models.absent_columns import find_absent
from models.input_ranges import InputRanges
from models.risk.risk_model import RiskModel
from models.saving.model_writer import write_model_folder
from models.scorer import Scorer
from models.storage.model_folder import About

NAMES = ("smoking_ever", "smoking_status_current", "smoking_recency")


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    """Smokers of whom nobody knows since when they have quit, as in most registries."""
    draws = np.random.default_rng(4)
    smoking = draws.choice(["never", "former", "current"], 900)
    return pd.DataFrame({"age": draws.uniform(45, 75, 900), "smoking_status": smoking})


def test_what_the_training_file_could_not_tell_either_is_not_absent(
    patients: pd.DataFrame,
) -> None:
    ranges, known = InputRanges.fit(patients), Dictionary.load()
    assert find_absent(["age", "smoking_status"], known, ranges, NAMES) == ()
    assert set(find_absent(["age"], known, ranges, NAMES)) == set(NAMES)
    whole = InputRanges.fit(patients.assign(years_since_quitting=5.0))
    assert find_absent(["age", "smoking_status"], known, whole, NAMES) == ("smoking_recency",)


def test_a_file_like_that_of_the_training_is_scored_as_the_model_was_evaluated(
    patients: pd.DataFrame, tmp_path: Path
) -> None:
    """A gap of former smokers tells of them what it told in training."""
    features = learnable(derive_features(patients))
    features = features[[name for name in features if features[name].notna().any()]]
    gone = patients["smoking_status"].eq("former")
    draws = np.random.default_rng(5)
    years = draws.exponential(25 * np.exp(-0.8 * gone.to_numpy()))
    endpoint = Endpoint(np.minimum(years, 10.0), (years < 10).astype(np.int8))
    model = RiskModel(parts=("linear",), n_folds=2).fit(features, endpoint)
    about = About("calcirisk", "x", True, (5.0,), 900, endpoint.n_events, 0, "ab" * 32, "0")
    write_model_folder(tmp_path / "model", model.predictor_, None, patients, features, about)
    scored = Scorer.load(tmp_path / "model").score(patients, n_reasons=0)["risk_5y"]
    np.testing.assert_allclose(scored, model.predict_risk(features, [5.0])[:, 0], rtol=1e-9)

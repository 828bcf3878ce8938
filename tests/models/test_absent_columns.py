"""What a file lacks, beside what the training file lacked: see also `test_missing_inputs`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features, learnable
from features.derivation.scan_technique import OF_TECHNIQUE
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from models.absent_columns import ROWS, find_absent, find_all_absent, usual_value
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


def test_files_told_of_at_once_lack_what_each_lacks_alone() -> None:
    """Whether there is a column at all may count, and others' files have it."""
    known, names = Dictionary.load(), tuple(feature.name for feature in CATALOGUE)

    def lacks(file: list[str]) -> pd.DataFrame:
        usual = {
            name: [usual_value(known[name], row, None) for row in range(ROWS)]
            for name in file
            if name not in OF_TECHNIQUE
        }
        return derive_features(pd.DataFrame(usual), known)[list(names)].isna()

    files = [[name for name in known if name != left_out] for left_out in known]
    files.append([name for name in known if name not in ("smoking_status", "cac_agatston")])
    never = lacks(list(known))
    ranges = InputRanges({}, (), variables=tuple(known))
    for file, absent in zip(files, find_all_absent(files, known, ranges, names), strict=True):
        lacking = (lacks(file) & ~never).any()
        assert set(absent) == set(lacking[lacking].index)

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE
from features.errors import ConfigError
from pipeline.stages.featurize import featurize

PATIENTS = pd.DataFrame(
    {
        "age": [50.0, 70.0],
        "sex": pd.array(["female", "male"], dtype="str"),
        "ethnicity": pd.array(["white", "black"], dtype="str"),
        "cac_agatston": [0.0, 120.0],
    },
    index=pd.Index(["a", "b"], name="patient_id"),
)


def test_nothing_excluded_gives_the_whole_catalogue() -> None:
    assert list(featurize(PATIENTS)) == [feature.name for feature in CATALOGUE]


def test_no_feature_is_computed_from_an_excluded_variable() -> None:
    kept = featurize(PATIENTS, ["ethnicity"])
    uses = [feature for feature in CATALOGUE if "ethnicity" in (feature.variable, *feature.inputs)]
    assert uses
    assert not {feature.name for feature in uses} & set(kept)
    assert len(kept.columns) == len(CATALOGUE) - len(uses)


def test_excluding_leaves_the_other_features_as_they_were() -> None:
    kept = featurize(PATIENTS, ["ethnicity"])
    np.testing.assert_array_equal(kept, featurize(PATIENTS)[kept.columns])


def test_an_unknown_variable_cannot_be_excluded() -> None:
    with pytest.raises(ConfigError, match=r"featurize\.exclude\[1\] is no variable .*: ethnicty"):
        featurize(PATIENTS, ["age", "ethnicty"])

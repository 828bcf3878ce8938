from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from pipeline.stages.featurize import featurize, require_reached

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


def test_a_variable_of_the_dictionary_alone_is_an_error_and_not_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = Dictionary.load()
    added = replace(known["hba1c"], name="ferritin", label="Ferritin")
    noted = replace(added, name="shoe_size", recorded_only="says nothing of the heart")
    dictionary = Dictionary({**known, "ferritin": added, "shoe_size": noted})
    monkeypatch.setattr(Dictionary, "load", classmethod(lambda cls, path=None: dictionary))
    recorded = PATIENTS.assign(ferritin=[80.0, 90.0], shoe_size=[38.0, 44.0])
    with pytest.raises(ConfigError, match="No feature is computed from ferritin: the model"):
        require_reached(recorded)
    require_reached(recorded, ["ferritin"])

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, learnable
from features.dictionary import published_priors
from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.errors import MapError

TWO_SUMS = """
fat: {features: {ldl: 1, apob: 0.6}, prior: {event: [0.01, 0.1], source: "A 2001"}}
lipids: {features: {apob: 1, hdl: -1}, prior: {event: [0.02, 0.1], source: "B 2002"}}
"""


def test_a_feature_stands_in_one_sum_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prior_sums.yaml"
    path.write_text(TWO_SUMS)
    monkeypatch.setattr(published_priors, "data_file", lambda _: path)
    published_priors.load_sums.cache_clear()
    try:
        with pytest.raises(MapError, match=r"prior_sums\.yaml: 'apob' stands in two sums"):
            load_priors(Dictionary.load())
    finally:
        published_priors.load_sums.cache_clear()


TWICE = """
one: {feature: ldl, by: age, prior: {event: [0.0, 0.1]}}
two: {feature: age, by: ldl, prior: {event: [0.1, 0.1], source: "A 2001"}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWICE, "names two features twice"),
        ("one: {feature: age}", "'by'"),
    ],
)
def test_what_modifies_effects_is_read_or_refused_by_name(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "prior_modifiers.yaml"
    path.write_text(text)
    monkeypatch.setattr(
        published_priors, "data_file", lambda name: path if "modifiers" in name else data_file(name)
    )
    published_priors._modifiers.cache_clear()
    try:
        with pytest.raises(MapError, match=rf"prior_modifiers\.yaml: .*{said}"):
            load_priors(Dictionary.load())
    finally:
        published_priors._modifiers.cache_clear()


def test_every_effect_that_depends_on_another_feature_names_two_features_and_a_source() -> None:
    learnt = set(learnable(pd.DataFrame(columns=[feature.name for feature in CATALOGUE])).columns)
    for modifier in load_priors(Dictionary.load()).modifiers:
        assert {modifier.feature, modifier.by} <= learnt
        assert modifier.prior.source
        assert modifier.prior.event is not None


# Social Security Administration, period life table of 2022: chance to die within a year of 50, 80
MEN, WOMEN = np.array([0.005666, 0.060660]), np.array([0.003407, 0.044156])


def test_death_from_another_cause_depends_on_age_and_sex_as_in_the_life_table() -> None:
    priors = load_priors(Dictionary.load())
    age, male = (priors.of(name, "competing", True) for name in ("age", "sex_male"))
    assert age is not None
    assert male is not None
    slopes = [np.log(chances[1] / chances[0]) / 30 for chances in (MEN, WOMEN)]
    assert np.abs(age.mean - np.array(slopes)).max() < age.width / 2
    assert np.abs(male.mean - np.log(MEN / WOMEN)).max() < male.width

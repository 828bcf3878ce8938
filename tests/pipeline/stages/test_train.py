from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.endpoint import Endpoint
from features.errors import CohortError
from pipeline.settings.params import Params
from pipeline.stages.train import DEVELOPMENT, HELD_OUT, split_cohort
from pipeline.training.recipe import make_model

N = 200


@pytest.fixture
def cohort() -> Cohort:
    index = pd.Index([f"p{i}" for i in range(N)], name="patient_id")
    endpoint = Endpoint(np.linspace(1, 10, N), np.arange(N) % 3 == 0)
    site = pd.Series(["a", "b", "c", "d"] * (N // 4), index=index)
    entry = pd.Series(pd.date_range("2001-01-01", periods=N), index=index)
    return Cohort("test", pd.DataFrame({"age": 60.0}, index=index), endpoint, site, entry)


@pytest.mark.parametrize("design", ["random", "site", "entry"])
def test_each_patient_is_in_one_part_and_about_the_asked_share_is_held_out(
    cohort: Cohort, design: Literal["random", "site", "entry"]
) -> None:
    asked = replace(Params.load().train.split, design=design, test_fraction=0.25)
    part = split_cohort(cohort, asked, seed=1)["part"]
    assert set(part) == {DEVELOPMENT, HELD_OUT}
    assert (part == HELD_OUT).mean() == pytest.approx(0.25, abs=0.01)


def test_a_split_by_entry_holds_out_those_who_entered_last(cohort: Cohort) -> None:
    asked = replace(Params.load().train.split, design="entry", test_fraction=0.1)
    part = split_cohort(cohort, asked, seed=1)["part"]
    assert list(part[part == HELD_OUT].index) == [f"p{i}" for i in range(N - N // 10, N)]


def test_a_split_by_site_needs_sites(cohort: Cohort) -> None:
    asked = replace(Params.load().train.split, design="site")
    with pytest.raises(CohortError, match="site"):
        split_cohort(replace(cohort, site=None), asked, seed=1)


def test_every_setting_of_the_learners_in_params_reaches_the_model() -> None:
    train = Params.load().train
    changed = replace(
        train,
        n_folds=7,
        boosted=replace(train.boosted, max_depth=2),
        linear=replace(train.linear, penalties=(0.5,)),
    )
    settings = make_model(changed, seed=3).get_params()
    assert settings["priors"].known_disease is None
    assert make_model(changed, 3, known_disease=0.0).get_params()["priors"].known_disease == 0.0
    assert (settings["n_folds"], settings["max_depth"], settings["seed"]) == (7, 2, 3)
    assert settings["penalties"] == (0.5,)

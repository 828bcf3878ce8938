"""How the hazard may bend along a continuous feature."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.learners.shapes.bends import SIZE, Bends


def _draw(n: int = 3_000) -> np.ndarray:
    draws = np.random.default_rng(1)
    skewed = np.exp(draws.normal(size=n))
    standard = np.stack([draws.normal(size=n), (skewed - skewed.mean()) / skewed.std()], axis=1)
    flag = (draws.random(n) < 0.3).astype(float)
    return np.concatenate([standard, flag[:, None]], axis=1)


def _bends() -> Bends:
    return Bends.learn(_draw(), np.zeros((3_000, 3), bool))


def test_a_bent_term_is_a_measure_of_its_own() -> None:
    terms = _bends().terms(_draw())
    assert terms.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-10)
    assert terms.std(axis=0) == pytest.approx(np.full(2, SIZE), abs=1e-10)
    for column in range(2):
        assert np.corrcoef(terms[:, column], _draw()[:, column])[0, 1] == pytest.approx(0, abs=1e-8)


def test_it_is_straight_beyond_the_outer_knots_and_its_slopes_there_are_the_extremes() -> None:
    bends = _bends()
    for column in range(2):
        at = np.linspace(-9, 9, 36_001)
        standard = np.zeros((36_001, 3))
        standard[:, column] = at
        slopes = np.gradient(bends.terms(standard)[:, column], at)
        before, after = bends.knots[column, 0], bends.knots[column, 2]
        lowest, highest = (ends[column] for ends in bends.end_slopes)
        assert slopes[at < before - 0.01] == pytest.approx(lowest, abs=1e-6)
        assert slopes[at > after + 0.01] == pytest.approx(highest, abs=1e-6)
        assert np.diff(slopes).min() > -1e-6


def test_flags_and_features_of_few_values_do_not_bend() -> None:
    assert _bends().columns.tolist() == [0, 1]
    steps = np.round(_draw()[:, :1])
    assert len(Bends.learn(steps, np.zeros_like(steps, bool)).columns) == 0


def test_a_feature_that_half_the_patients_share_one_value_of_bends_only_if_knots_differ() -> None:
    zeros = _draw()[:, :1]
    zeros[:2_000] = -1.0
    assert len(Bends.learn(zeros, np.zeros_like(zeros, bool)).columns) == 0


def test_knots_are_learnt_where_a_value_was_recorded() -> None:
    standard = _draw()[:, :1]
    missing = np.zeros_like(standard, bool)
    missing[:500] = True
    standard[:500] = 50.0
    assert Bends.learn(standard, missing).knots.max() < 3


def test_bends_survive_being_written_none_too() -> None:
    for bends in (_bends(), Bends.learn(np.zeros((50, 2)), np.zeros((50, 2), bool))):
        again = Bends.from_dict(json.loads(json.dumps(bends.to_dict())))
        assert (again.terms(_draw()) == bends.terms(_draw())).all()

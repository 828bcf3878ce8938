"""What missing features are expected to be, and how far they may be off."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.learners.completion import LARGEST_DEVIATION, Completion
from models.learners.completion_fitting import learn_completion

NAN = np.nan
LOADINGS = np.array([[0.9, 0.0], [0.8, 0.3], [0.6, -0.5], [0.0, 0.8], [0.5, 0.5], [0.2, -0.7]])
N = 40_000


def _draw(n: int = N, seed: int = 3) -> np.ndarray:
    """Six standard normal features with two common factors."""
    draws = np.random.default_rng(seed)
    own = np.sqrt(1 - (LOADINGS**2).sum(axis=1))
    return np.asarray(draws.normal(size=(n, 2)) @ LOADINGS.T + own * draws.normal(size=(n, 6)))


def _covariance() -> np.ndarray:
    covariance = LOADINGS @ LOADINGS.T
    np.fill_diagonal(covariance, 1.0)
    return np.asarray(covariance)


def test_a_gap_is_expected_to_be_what_regression_on_the_rest_gives() -> None:
    completion = learn_completion(_draw())
    patients = _draw(50, seed=4)
    patients[:, [1, 4]] = NAN
    covariance, known = _covariance(), [0, 2, 3, 5]
    slopes = np.linalg.solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, [1, 4])])
    expected = patients[:, known] @ slopes
    seen = completion.complete(patients)
    found = seen.standard * completion.scale + completion.mean
    assert found[:, [1, 4]] == pytest.approx(expected, abs=0.1)
    # trees see the mean: what is known of one feature moves no other
    assert np.ptp(seen.values[:, [1, 4]], axis=0).max() == 0.0


def test_gaps_leave_open_half_the_conditional_variance_of_the_margin() -> None:
    completion = learn_completion(_draw())
    slopes = np.array([0.5, -0.4, 0.3, 0.8, 0.2, 0.1])
    patients = _draw(1, seed=5)
    patients[:, [1, 3, 4]] = NAN
    covariance, known, gaps = _covariance(), [0, 2, 5], [1, 3, 4]
    across = covariance[np.ix_(gaps, known)]
    inverse = np.linalg.inv(covariance[np.ix_(known, known)])
    conditional = covariance[np.ix_(gaps, gaps)] - across @ inverse @ across.T
    expected = 0.5 * slopes[gaps] @ conditional @ slopes[gaps]
    found = completion.gap_terms(completion.complete(patients).gaps, slopes)
    assert found.sum() == pytest.approx(expected, rel=0.05)
    assert (found[0, known] == 0).all()


def test_the_mean_hazard_is_kept_whatever_is_missing() -> None:
    completion = learn_completion(_draw())
    slopes = np.array([0.5, 0.4, -0.3, 0.4, 0.2, 0.3])
    patients = _draw(seed=6)
    truth = np.exp(patients @ slopes).mean()
    for gaps in ([0], [1, 2], [0, 3, 5], [0, 1, 2, 3, 4]):
        holed = patients.copy()
        holed[:, gaps] = NAN
        seen = completion.complete(holed)
        terms = completion.gap_terms(seen.gaps, slopes).sum(axis=1)[seen.gaps.pattern]
        assert np.exp(seen.standard @ slopes + terms).mean() == pytest.approx(truth, rel=0.04)


def test_what_a_gap_is_expected_to_be_is_credited_to_what_lets_one_expect_it() -> None:
    completion = learn_completion(_draw())
    slopes = np.array([0.5, 0.4, -0.3, 0.4, 0.2, 0.3])
    patients = _draw(200, seed=6)
    patients[:, [0, 3]] = NAN
    patients[:50, 1] = NAN
    seen = completion.complete(patients)
    terms = seen.recorded * completion.credit_slopes(seen.gaps, slopes)[seen.gaps.pattern]
    assert terms.sum(axis=1) == pytest.approx(seen.standard @ slopes, abs=1e-12)
    assert (terms[seen.missing] == 0).all()
    complete = completion.complete(_draw(200, seed=6))
    assert completion.credit_slopes(complete.gaps, slopes) == pytest.approx(slopes[None])


def test_a_silenced_feature_tells_what_a_missing_one_does() -> None:
    completion, draws = learn_completion(_draw()), np.random.default_rng(6)
    missing, silent = draws.random((60, 6)) < 0.3, draws.random((60, 6)) < 0.4
    silent &= ~missing
    gaps = completion.gaps_of(missing, np.arange(60))
    heard = completion.silence(gaps, silent)
    without = completion.gaps_of(missing | silent, np.arange(60))
    np.testing.assert_allclose(heard.covariance, without.covariance, atol=1e-12)
    first = silent & (np.arange(6) < 3)
    twice = completion.silence(completion.silence(gaps, first), silent & ~first)
    np.testing.assert_allclose(twice.covariance, without.covariance, atol=1e-12)
    alone = completion.silence(gaps.select(np.array([7])), silent[[7]])
    assert (alone.covariance[0] == heard.covariance[7]).all()


def test_copies_of_one_thing_tell_of_nothing_else_by_their_difference() -> None:
    # twenty cohorts of 400: a feature that hangs on none of the others, half of it missing
    draws = np.random.default_rng(9)
    left = []
    for _ in range(20):
        thing, others = draws.normal(size=(800, 1)), draws.normal(size=(800, 18))
        copies = thing + 0.15 * draws.normal(size=(800, 4))
        alone = draws.normal(size=(800, 2)) * 0.2 + draws.normal(size=(800, 1))
        features = np.hstack([copies, others, alone])
        unknown = features.copy()
        unknown[::2, -2:] = NAN
        completion = learn_completion(unknown[:400])
        seen = completion.complete(np.hstack([features[400:, :-2], np.full((400, 2), NAN)]))
        left.append((seen.standard[:, -1] ** 2).mean())
    # least squares would leave 22 / 400
    assert np.mean(left) < 0.07


def test_what_is_known_is_left_as_it_is() -> None:
    completion = learn_completion(_draw())
    patients = _draw(20, seed=7)
    holed = patients.copy()
    holed[:, 2] = NAN
    seen = completion.complete(holed)
    assert (seen.values[:, [0, 1, 3]] == patients[:, [0, 1, 3]].astype(np.float32)).all()
    assert seen.missing.sum() == 20


def test_a_patient_is_completed_alike_alone_and_among_others() -> None:
    completion = learn_completion(_draw())
    patients = _draw(300, seed=8)
    patients[np.random.default_rng(9).random(patients.shape) < 0.3] = NAN
    together = completion.complete(patients).standard
    alone = np.concatenate([completion.complete(patient[None]).standard for patient in patients])
    assert alone == pytest.approx(together, abs=1e-13)


def test_a_patient_of_whom_nothing_is_known_is_average() -> None:
    completion = learn_completion(_draw())
    assert completion.complete(np.full((1, 6), NAN)).standard == pytest.approx(np.zeros((1, 6)))


def test_an_absurd_value_is_held_at_four_deviations_but_a_rare_flag_is_not() -> None:
    features = _draw(1_000)
    features[:, 3] = 0.0
    features[:10, 3] = 1.0
    seen = learn_completion(features).complete(np.array([[1e9, 0.0, 0.0, 1.0, 0.0, 0.0]]))
    assert seen.standard[0, 0] == LARGEST_DEVIATION
    assert seen.standard[0, 3] == pytest.approx((1 - 0.01) / np.sqrt(0.01 * 0.99))


@pytest.mark.parametrize("carriers", [0, 9])
def test_a_feature_that_fewer_than_ten_carry_is_not_modelled(carriers: int) -> None:
    features = _draw(1_000)
    features[:, 3] = 0.0
    features[:carriers, 3] = 1.0
    completion = learn_completion(features)
    assert 3 not in completion.used
    assert completion.complete(features).values[:, 3] == pytest.approx(np.zeros(1_000))


@pytest.mark.parametrize("n_features", [1, 2])
def test_a_model_of_very_few_features_knows_no_common_factor(n_features: int) -> None:
    completion = learn_completion(_draw(500)[:, :n_features])
    assert completion.complete(np.full((2, n_features), NAN)).standard.shape == (2, n_features)


def test_no_patient_and_a_cohort_complete_but_for_nothing_are_completed() -> None:
    completion = learn_completion(_draw(500))
    assert len(completion.complete(np.empty((0, 6)))) == 0
    assert not completion.complete(_draw(30)).missing.any()


def test_the_compiled_loop_completes_alike() -> None:
    from models.learners.compiled_completion import complete_compiled

    features = _draw(500)
    features[:, 5] = 0.0
    completion = learn_completion(features)
    patients = np.where(np.random.default_rng(2).random((700, 6)) < 0.4, NAN, _draw(700))
    columns = np.ascontiguousarray(patients[:, ::-1].T)
    plain = completion.complete(patients)
    quick = complete_compiled(completion, columns, np.arange(5, -1, -1))
    np.testing.assert_allclose(quick.standard, plain.standard, atol=1e-12)
    np.testing.assert_allclose(quick.values, plain.values, rtol=1e-6)
    assert (quick.missing == plain.missing).all()


def test_a_completion_survives_being_written() -> None:
    completion = learn_completion(_draw(500))
    again = Completion.from_dict(json.loads(json.dumps(completion.to_dict())))
    patients = np.where(np.random.default_rng(1).random((40, 6)) < 0.4, NAN, _draw(40))
    assert (again.complete(patients).standard == completion.complete(patients).standard).all()

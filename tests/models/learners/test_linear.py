"""The linear part: terms of completed features and missing indicators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.learners.completion_fitting import learn_completion
from models.learners.linear import LinearPart
from models.learners.shapes.linear_design import LinearDesign

NAN = np.nan


FREE = np.zeros(4, np.int8)


def _features() -> np.ndarray:
    draws = np.random.default_rng(0)
    features = draws.normal(2.0, 3.0, size=(200, 4))
    features[:, 3] = draws.random(200) < 0.2
    features[:30, 1] = NAN
    features[:30, 2] = NAN
    return features


def _design() -> LinearDesign:
    features = _features()
    completion = learn_completion(features)
    return LinearDesign.learn(completion, completion.complete(features))


def test_terms_of_the_patients_fitted_on_have_mean_0_and_indicators_are_not_stretched() -> None:
    design = _design()
    terms = design.terms(design.completion.complete(_features()))
    assert terms[30:, 1:3].mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-12)
    assert terms[:, [0, 3, 7]].mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert terms[:, [0, 3]].std(axis=0) == pytest.approx(np.ones(2), abs=1e-12)
    assert np.unique(terms[:, 7]) == pytest.approx([0 - 30 / 200, 1 - 30 / 200])


def test_features_missing_together_share_one_indicator() -> None:
    design = _design()
    assert design.indicated.tolist() == [1]
    assert design.term_features == (0, 1, 2, 3, 0, 1, 2, 1)


def test_terms_sum_to_the_margin_and_survive_being_written() -> None:
    design = _design()
    slopes = np.array([0.1, -0.2, 0.3, 0.4])
    part = LinearPart(design, np.array([0.1, -0.2, 0.3, 0.4, 0.2, 0.1, -0.3, 0.5]), slopes, FREE)
    seen = design.completion.complete(_features())
    assert part.margin(seen) == pytest.approx(part.terms(seen).sum(axis=1), abs=1e-15)
    again = LinearPart.from_dict(design.completion, part.to_dict())
    assert (again.margin(seen) == part.margin(seen)).all()


def test_a_gap_adds_half_the_variance_that_it_leaves_open() -> None:
    design = _design()
    slopes = np.array([0.0, 0.9, 0.0, 0.0])
    nothing = np.zeros(8)
    part = LinearPart(design, nothing, slopes, FREE)
    margin = part.margin(design.completion.complete(_features()))
    assert margin[30:] == pytest.approx(np.zeros(170))
    # feature 1 is unrelated to the others, so that its whole variance of 1 is open
    assert margin[:30] == pytest.approx(0.9**2 / 2, abs=0.03)


def test_a_bend_may_not_turn_a_known_direction_round() -> None:
    design = _design()
    limits = design.limits(np.array([1, 0, 0, 0], np.int8))
    straight, bent = 0.1, 0.4
    coefficients = np.array([straight, 0, 0, 0, bent, 0, 0, 0])
    at = np.linspace(-3, 3, 601)
    standard = np.zeros((601, 4))
    standard[:, 0] = at
    hazard = straight * at + bent * design.bends.terms(standard)[:, 0]
    broken = limits.culprits[limits.rows @ coefficients < 0]
    assert np.diff(hazard).min() < 0
    assert broken.tolist() == [4]
    assert (limits.rows @ np.array([0.1, 0, 0, 0, 0.01, 0, 0, 0]) >= 0).all()


def test_gaps_turn_no_feature_against_its_direction() -> None:
    design = _design()
    loadings = np.array([[0.9], [-0.8], [0.0], [0.0]])
    completion = replace(design.completion, loadings=loadings, noise=1 - loadings[:, 0] ** 2 + 0.02)
    design = replace(design, completion=completion)
    coefficients = np.array([0.05, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
    # feature 1 is expected to be low where feature 0 is high, and raises the hazard by far more
    directions = np.array([1, 1, 0, 0], np.int8)
    part = LinearPart(design, coefficients, coefficients[:4], directions)
    features = np.zeros((50, 4))
    features[:, 0] = np.linspace(-2, 2, 50)
    features[:, 1] = np.nan
    seen = completion.complete(features)
    assert np.diff(seen.standard[:, 1]).max() < 0
    assert np.diff(part.margin(seen)).min() >= -1e-12
    assert part.terms(seen).sum(axis=1) == pytest.approx(part.margin(seen), abs=1e-12)
    free = replace(part, directions=FREE)
    assert np.diff(free.margin(seen)).max() < 0


def test_a_gap_says_nothing_where_the_file_has_no_such_column() -> None:
    design = _design()
    coefficients = np.zeros(8)
    coefficients[7] = 1.4
    part = LinearPart(design, coefficients, np.zeros(4), FREE)
    seen = design.completion.complete(_features())
    absent = part.without(np.array([1]))
    share = 30 / 200
    assert absent.margin(seen) == pytest.approx(
        np.full(200, np.log(share * np.exp(1.4 * (1 - share)) + (1 - share) * np.exp(-1.4 * share)))
    )
    # so that the mean hazard is that of the patients fitted on
    assert np.exp(part.margin(seen)).mean() == pytest.approx(np.exp(absent.margin(seen)).mean())
    assert absent.terms(seen).sum(axis=1) == pytest.approx(absent.margin(seen))


def test_a_feature_that_would_count_against_its_direction_tells_nothing_of_gaps() -> None:
    # the missing feature rises with the first; the second copies the first but for noise of its
    # own, so that beside it the first is credited with too much and the second with less than none
    draws = np.random.default_rng(4)
    cause = draws.normal(size=4_000)
    features = np.stack(
        [cause + 0.3 * draws.normal(size=4_000), cause + 0.1 * draws.normal(size=4_000),
         0.9 * cause + 0.4 * draws.normal(size=4_000), draws.normal(size=4_000)],
        axis=1,
    )  # fmt: skip
    completion = learn_completion(features)
    design = LinearDesign.learn(completion, completion.complete(features))
    slopes = np.array([0.2, 0.2, 0.5, 0.1])
    coefficients = np.concatenate([slopes, np.zeros(len(design.term_features) - 4)])
    lacking = features.copy()
    lacking[:, 2] = NAN
    seen = completion.complete(lacking)
    turned = np.array([-1, 1, 0, 0], np.int8)

    free, held = (
        LinearPart(design, coefficients, slopes, directions) for directions in (FREE, turned)
    )
    plain, reading = free.read(seen.gaps), held.read(seen.gaps)
    assert plain.slopes[0, 0] > slopes[0] + 0.02  # which the direction forbids
    assert reading.slopes[0, 0] == slopes[0]
    # the other tells what it does alone, not merely what it did beside the silenced one
    assert reading.slopes[0, 1] > plain.slopes[0, 1] + 0.02
    alone = completion.silence(seen.gaps, np.array([[True, False, False, False]]))
    expected = completion.credit_slopes(alone, slopes)
    assert reading.slopes[0, 1:] == pytest.approx(expected[0, 1:], abs=1e-12)
    # and less is known of the gap
    assert reading.open_terms[0, 2] > plain.open_terms[0, 2]
    for part in (free, held):
        assert part.margin(seen) == pytest.approx(part.terms(seen).sum(axis=1), abs=1e-12)


@pytest.mark.parametrize("sign", [-1, 1])
def test_products_of_what_is_expected_turn_no_known_feature_against_its_direction(
    sign: int,
) -> None:
    draws = np.random.default_rng(9)
    cause = draws.normal(size=(3_000, 2))
    features = cause @ draws.normal(size=(2, 6)) + 0.7 * draws.normal(size=(3_000, 6))
    completion = learn_completion(features)
    design = LinearDesign.learn(completion, completion.complete(features), [(0, 1), (0, 2)])
    n_terms, first = len(design.term_features), 6 + len(design.bends.columns)
    directions = np.array([1, 1, -1, 1, -1, 1], np.int8)
    turned = moved = 0
    for _ in range(60):
        coefficients = np.zeros(n_terms)
        coefficients[:6] = directions * draws.uniform(0.0, 0.5, 6)
        coefficients[first : first + 2] = sign * draws.uniform(0.0, 0.1, 2)
        while (broken := (limits := design.limits(directions)).rows @ coefficients < 0).any():
            coefficients[limits.culprits[broken]] = 0.0
        slopes = coefficients[:6]
        held = LinearPart(design, coefficients, slopes, directions)
        free = LinearPart(design, coefficients, slopes, np.zeros(6, np.int8))
        patients = draws.normal(0.0, 2.0, (200, 6))
        patients[:100, 0] = NAN
        patients[draws.random(patients.shape) < 0.2] = NAN
        for feature, direction in enumerate(directions.tolist()):
            further = patients.copy()
            further[:, feature] += 0.4 * direction
            before, after = completion.complete(patients), completion.complete(further)
            assert (held.margin(after) - held.margin(before)).min() > -1e-8
            turned += int((free.margin(after) - free.margin(before)).min() < -1e-3)
        seen = completion.complete(patients)
        assert held.terms(seen).sum(axis=1) == pytest.approx(held.margin(seen), abs=1e-12)
        moved += int(coefficients[first : first + 2].any())
    assert turned > 20
    assert moved > 20


def test_a_reading_is_kept_for_the_same_gaps_and_for_no_others() -> None:
    design = _design()
    part = LinearPart(design, np.full(8, 0.2), np.full(4, 0.2), np.array([1, -1, 1, 0], np.int8))
    one, other = (design.completion.complete(rows) for rows in (_features()[:40], _features()[50:]))
    first, second = part.read(one.gaps), part.read(other.gaps)
    assert part.read(other.gaps) is second
    assert second.gaps.patterns.tolist() == other.gaps.patterns.tolist()
    again = part.read(one.gaps)
    assert (again.slopes == first.slopes).all() and (again.margin == first.margin).all()

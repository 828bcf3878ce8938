from __future__ import annotations

import json

import numpy as np
import pytest

from models.learners.completion_fitting import learn_completion
from models.learners.shapes.linear_design import LinearDesign
from models.learners.shapes.products import REACH, Products

NAN = np.nan


def _design(pairs: list[tuple[int, int]]) -> LinearDesign:
    draws = np.random.default_rng(3)
    features = draws.normal(size=(400, 4))
    features[:, 1] += 0.5 * features[:, 0]
    features[:60, 2] = NAN
    completion = learn_completion(features)
    return LinearDesign.learn(completion, completion.complete(features), pairs)


def test_a_product_is_centred_on_those_of_whom_both_factors_are_known() -> None:
    standard = np.random.default_rng(0).normal(0.2, 1.0, (300, 3))
    missing = np.zeros((300, 3), bool)
    missing[:50, 1] = True
    products = Products.learn(standard, missing, [(0, 1), (2, 0)])
    terms = products.terms(standard)
    assert terms[50:, 0].mean() == pytest.approx(0.0, abs=1e-12)
    assert terms[:, 1].mean() == pytest.approx(0.0, abs=1e-12)
    far = products.terms(np.array([[9.0, 9.0, -9.0]])) + products.mean
    assert far.tolist() == [[REACH**2, -(REACH**2)]]


def test_of_a_product_what_is_expected_of_a_missing_factor_stands_in_its_place() -> None:
    design = _design([(1, 0)])
    patients = np.array([[1.5, NAN, 0.0, 0.0], [-1.5, NAN, 0.0, 0.0], [NAN] * 4])
    seen = design.completion.complete(patients)
    expected = seen.standard[:2, 1] * seen.standard[:2, 0]
    place = len(design.completion.used) + len(design.bends.columns)
    terms = design.terms(seen)[:, place] + design.products.mean
    assert terms[:2] == pytest.approx(expected, abs=1e-12)
    assert (expected > 0.1).all()
    assert terms[2] == 0.0
    assert design.term_features[place] == 1


@pytest.mark.parametrize("turned", [0, 1, 2])
@pytest.mark.parametrize("sign", [-1, 1])
def test_no_products_turn_a_direction_round_together_or_alone(turned: int, sign: int) -> None:
    design = _design([(0, 1), (2, 0)])
    directions = np.zeros(4, np.int8)
    directions[turned] = 1
    limits = design.limits(directions)
    draws = np.random.default_rng(turned)
    first_product = len(design.completion.used) + len(design.bends.columns)
    held_back = 0
    for _ in range(300):
        coefficients = np.zeros(len(design.term_features))
        coefficients[:4] = draws.uniform(0, 0.5, 4)
        coefficients[4:first_product] = draws.normal(0, 0.05, first_product - 4)
        coefficients[first_product : first_product + 2] = sign * draws.uniform(0, 0.3, 2)
        while (broken := limits.rows @ coefficients < -1e-12).any():
            held_back += 1
            coefficients[limits.culprits[broken]] = 0.0
        # wherever the others are, a step along the directed feature never lowers the hazard
        patients = draws.normal(0, 2.0, (200, 4))
        further = patients.copy()
        further[:, turned] += 0.3
        before, after = (design.terms(design.completion.complete(x)) for x in (patients, further))
        assert ((after - before) @ coefficients).min() > -1e-9
    assert held_back > 20


def test_products_survive_being_written_none_too() -> None:
    standard = np.random.default_rng(1).normal(size=(50, 3))
    for products in (
        Products.learn(standard, np.zeros((50, 3), bool), [(2, 1)]),
        Products.none(),
    ):
        again = Products.from_dict(json.loads(json.dumps(products.to_dict())))
        assert (again.terms(standard) == products.terms(standard)).all()

from __future__ import annotations

import numpy as np

from benchmarks.known_form import draw_complete, true_terms
from features.simulation import simulate_cohort
from features.simulation.outcomes import event_margin


def test_the_true_hazard_is_a_weighted_sum_of_the_terms() -> None:
    patient = draw_complete(3_000, seed=4)
    terms, margin = true_terms(patient), event_margin(patient)
    design = np.column_stack([terms, np.ones(len(terms))])
    weights, *_ = np.linalg.lstsq(design, margin, rcond=None)
    assert terms.shape == (3_000, 41)
    np.testing.assert_allclose(design @ weights, margin, atol=1e-9)


def test_complete_patients_are_those_of_the_simulated_cohort() -> None:
    truth = simulate_cohort(200, seed=4, with_lesions=False).truth
    margin = event_margin(draw_complete(200, seed=4))
    np.testing.assert_array_equal(margin, truth["event_margin"])

from __future__ import annotations

import numpy as np

from benchmarks.known_form import true_terms
from features.simulation import simulate_cohort
from features.simulation.cohort import draw_complete
from features.simulation.draws import Draws
from features.simulation.outcomes import event_margin


def test_the_true_hazard_is_a_weighted_sum_of_the_terms() -> None:
    patient, _ = draw_complete(Draws(4, 3_000))
    terms, margin = true_terms(patient), event_margin(patient)
    design = np.column_stack([terms, np.ones(len(terms))])
    weights, *_ = np.linalg.lstsq(design, margin, rcond=None)
    assert terms.shape == (3_000, 41)
    np.testing.assert_allclose(design @ weights, margin, atol=1e-9)


def test_complete_patients_are_those_of_the_simulated_cohort() -> None:
    truth = simulate_cohort(200, seed=4, with_lesions=False).truth
    patient, _ = draw_complete(Draws(4, 200))
    np.testing.assert_array_equal(event_margin(patient), truth["event_margin"])

from __future__ import annotations

import numpy as np
import pytest

from models.leakage.gate import find_leaks
from tests.models.leakage.honest import SHAPES, Shape

A_HUNDRED = 100


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_an_honest_cohort_of_any_shape_passes(shape: Shape) -> None:
    assert find_leaks(shape(np.random.default_rng(0))) == ()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_of_a_hundred_honest_cohorts_of_any_shape_one_at_most_is_stopped(shape: Shape) -> None:
    stopped = [
        seed for seed in range(A_HUNDRED) if find_leaks(shape(np.random.default_rng(1000 + seed)))
    ]
    assert len(stopped) <= 1

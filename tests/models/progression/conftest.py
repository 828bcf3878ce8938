from __future__ import annotations

import numpy as np
import pytest

from models.progression.law.growth_law import Patients


@pytest.fixture
def people() -> Patients:
    """Without and with calcium, slow and fast, light and heavy, and one whose score is missing."""
    return Patients(
        np.array([0.0, 0.0, 3.0, 90.0, 380.0, 2500.0, np.nan]),
        np.array([-0.4, 0.3, 0.0, -0.8, 0.5, 0.1, 0.0]),
        np.array([-3.0, -2.0, -2.5, -2.5, -2.5, -2.5, -2.5]),
        np.array([22.0, 45.0, 28.0, np.nan, 30.0, 19.0, 28.0]),
    )

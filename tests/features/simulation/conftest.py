import pytest

from features.simulation import SimulatedCohort, simulate_cohort
from features.simulation.calcium import draw_prior_scan
from features.simulation.cohort import draw_patients
from features.simulation.draws import Columns, Draws
from features.simulation.lesions import draw_lesions, sum_lesions
from features.simulation.measured.targets import SEED


@pytest.fixture(scope="session")
def default_cohort() -> SimulatedCohort:
    return simulate_cohort(6800, SEED)


@pytest.fixture(scope="session")
def large_cohort() -> SimulatedCohort:
    return simulate_cohort(60_000, 5, with_lesions=False)


@pytest.fixture
def patients() -> Columns:
    """Everything about 3,000 patients, hidden quantities included."""
    draws = Draws(3, 3000)
    complete = draw_patients(draws)
    complete |= sum_lesions(draw_lesions(draws, complete), 3000)
    return complete | draw_prior_scan(draws, complete)

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from features.errors import ModelError
from models.explanation.path_average import average_gradients
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink
from models.risk.baseline import Baseline

KNOTS = np.linspace(0, 12, 13)
HAZARDS = np.stack([0.1 * (KNOTS / 10) ** 1.3, 0.07 * (KNOTS / 10) ** 2])
TWO_CAUSES = CompetingRisksLink(Baseline(KNOTS, HAZARDS))
ONE_CAUSE = CompetingRisksLink(Baseline(KNOTS, HAZARDS[:1]))


def draw_margins(n: int, k: int, seed: int = 1) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, k)) * 1.5


@pytest.mark.parametrize("n", [7, 5_000])
def test_averages_times_differences_of_margins_are_the_difference_of_risk(n: int) -> None:
    margins, centres = draw_margins(n, 2), draw_margins(4, 2, seed=2)
    averages = average_gradients(TWO_CAUSES, margins, centres, 10.0)
    steps = margins[:, None, :] - centres[None]
    rise = TWO_CAUSES.risk(margins, [10.0]) - TWO_CAUSES.risk(centres, [10.0])[:, 0]
    np.testing.assert_allclose((averages * steps).sum(axis=2), rise, atol=1e-13)


def test_with_one_cause_the_average_is_the_slope_of_the_chord() -> None:
    averages = average_gradients(ONE_CAUSE, np.array([[1.2]]), np.array([[-0.4]]), 10.0)
    high, low = (1 - np.exp(-0.1 * np.exp(margin)) for margin in (1.2, -0.4))
    assert averages[0, 0, 0] == pytest.approx((high - low) / (1.2 + 0.4))


def test_at_the_stratum_itself_the_average_is_the_gradient() -> None:
    link, here = FixedHorizonLink(10.0, -1.0), np.array([[0.3]])
    risk = 1 / (1 + np.exp(1.0 - 0.3))
    averages = average_gradients(link, here, here, 10.0)
    assert averages[0, 0, 0] == pytest.approx(risk * (1 - risk))


def test_the_lattice_for_many_patients_agrees_with_direct_integration() -> None:
    margins, centres = draw_margins(5_000, 2), draw_margins(8, 2, seed=3)
    many = average_gradients(TWO_CAUSES, margins, centres, 10.0)
    few = average_gradients(TWO_CAUSES, margins[:500], centres, 10.0)
    np.testing.assert_allclose(many[:500], few, atol=2e-5)


def test_a_link_whose_gradient_is_not_that_of_its_risk_is_refused() -> None:
    class WrongLink(FixedHorizonLink):
        def risk_gradient(
            self, margins: npt.NDArray[np.float64], horizon: float
        ) -> npt.NDArray[np.float64]:
            return 2 * super().risk_gradient(margins, horizon)

    with pytest.raises(ModelError, match="gradient"):
        average_gradients(WrongLink(10.0, 0.0), np.array([[1.0]]), np.array([[0.0]]), 10.0)

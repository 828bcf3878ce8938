"""Are there enough patients? The least sample size for developing a prediction model.

Riley RD et al. BMJ 2020;368:m441, for outcomes with times and for a yes or no (and Riley RD et al.
Stat Med 2019;38:1276-1296 for the largest possible R2 of Cox and Snell): predictors shrunk by no
more than a tenth, an apparent R2 no more than .05 of its largest possible value too high, and the
overall risk known to within .05.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SHRINKAGE, OPTIMISM, MARGIN = 0.9, 0.05, 0.05
# of the largest possible R2, where no model of the outcome is published (BMJ 2020;368:m441, box 2)
R2_SHARE = 0.15
_NORMAL = 1.96


@dataclass(frozen=True)
class SampleSize:
    """Patients that each criterion asks for; ``needed`` is the largest, ``events`` those in it.

    Of a yes or no ``rate`` is the share with the event, and ``mean_followup`` 1.
    """

    by_shrinkage: int
    by_optimism: int
    by_overall_risk: int
    rate: float
    mean_followup: float

    @property
    def needed(self) -> int:
        """Patients."""
        return max(self.by_shrinkage, self.by_optimism, self.by_overall_risk)

    @property
    def events(self) -> int:
        """Events among as many patients, followed for as long."""
        return math.ceil(self.needed * self.rate * self.mean_followup)


def least_sample_size(
    n_parameters: float,
    n_patients: float,
    n_events: float,
    person_years: float,
    horizon: float,
    r2: float | None = None,
) -> SampleSize:
    """For ``n_parameters`` candidate parameters and an outcome as frequent as this cohort's.

    ``r2``: Cox and Snell's R2 that the model is expected to have; None for ``R2_SHARE`` of the
    largest possible. ``horizon``: years by which the overall risk is to be known.
    """
    rate, mean_followup = n_events / person_years, person_years / n_patients
    # log likelihood of the model without predictors, of an exponential time, per patient
    null = (n_events * math.log(rate) - n_events) / n_patients
    slope = horizon * math.exp(-rate * horizon)
    by_risk = math.ceil((_NORMAL * slope / MARGIN) ** 2 * rate / mean_followup)
    return SampleSize(*_by_fit(n_parameters, null, r2), by_risk, rate, mean_followup)


def least_sample_size_of_yes_or_no(
    n_parameters: float, share: float, r2: float | None = None
) -> SampleSize:
    """The same for a yes or no that this ``share`` of the patients, between 0 and 1, has."""
    null = share * math.log(share) + (1.0 - share) * math.log(1.0 - share)
    by_risk = math.ceil((_NORMAL / MARGIN) ** 2 * share * (1.0 - share))
    return SampleSize(*_by_fit(n_parameters, null, r2), by_risk, share, 1.0)


def _by_fit(n_parameters: float, null: float, r2: float | None) -> tuple[int, int]:
    """By shrinkage and by optimism; ``null``: log likelihood without predictors, per patient."""
    largest = 1.0 - math.exp(2.0 * null)
    expected = R2_SHARE * largest if r2 is None else r2

    def to_keep(shrinkage: float) -> int:
        return math.ceil(n_parameters / ((shrinkage - 1) * math.log(1 - expected / shrinkage)))

    return to_keep(SHRINKAGE), to_keep(expected / (expected + OPTIMISM * largest))

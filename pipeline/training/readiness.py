"""What would stop the stage train, said before anything is run: leaks, horizons."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from features.errors import HorizonError
from pipeline.settings.params import Params

if TYPE_CHECKING:
    from features.cohort import Cohort


def find_obstacles(cohort: Cohort, params: Params) -> list[str]:
    """A sentence for each leak without a reason, and one where no horizon, or no clock, is usable.

    A cohort without an endpoint is only to be scored: nothing stands in its way.
    """
    from models.metrics.horizons import usable_horizons
    from pipeline.training.leakage_gate import examine_leakage
    from pipeline.training.recipe import MINIMUM_AT_RISK

    if cohort.endpoint is None:
        return []
    leaks = [str(leak.to_problem()) for leak in examine_leakage(cohort, None, params).open]
    # as many in the whole cohort as leave enough among the development patients
    at_risk = ceil(MINIMUM_AT_RISK / (1 - params.train.split.test_fraction))
    try:
        usable_horizons(cohort.endpoint, params.horizons, at_risk)
    except HorizonError as error:
        return [*leaks, f"{error}. Choose 'horizons' of params.yaml inside the follow-up"]
    return leaks

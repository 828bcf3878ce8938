"""The columns of a table that say how its patients were drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.errors import CohortError, Problem
from features.sample.case_cohort import BORGAN, EVENT_ALONE, CaseCohort
from features.sample.survey import Survey


@dataclass(frozen=True)
class SampleColumns:
    """As `models.estimator.tables.make_cohort` is given them; ``fraction`` may be a number."""

    weight: str | None
    stratum: str | None
    cluster: str | None
    subcohort: str | None
    fraction: str | float | None
    method: str | None
    cases: str | None

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Those that are no covariates, None for those not named."""
        fraction = self.fraction if isinstance(self.fraction, str) else None
        return self.weight, self.stratum, self.cluster, self.subcohort, fraction

    def read(self, frame: pd.DataFrame, endpoint: Endpoint, event: str) -> Survey | None:
        """The survey of the table's patients, whose ``endpoint`` is that of the column ``event``.

        None where no column was named. Raises CohortError.
        """
        of_case_cohort = (self.subcohort, self.fraction, self.method, self.cases)
        stratum, cluster = (
            None if one is None else frame[one].to_numpy() for one in (self.stratum, self.cluster)
        )
        if any(one is not None for one in of_case_cohort):
            design, names = self._read_design(frame), self._names(event)
            survey = Survey.of_case_cohort(design, endpoint.event, stratum, cluster, names)
        elif self.weight is not None:
            survey = Survey(frame[self.weight].to_numpy(np.float64), stratum, cluster)
        elif stratum is not None or cluster is not None:
            survey = Survey(np.ones(len(frame)), stratum, cluster)
        else:
            return None
        survey.require_pairs()
        return survey

    def _read_design(self, frame: pd.DataFrame) -> CaseCohort:
        if self.subcohort is None or self.fraction is None:
            rule = "needs subcohort, a column, and sampling_fraction, a number or a column"
            raise CohortError([Problem("case_cohort", rule, "Name both")], "survey")
        if self.weight is not None:
            rule = "is given beside a subcohort, from which weights follow"
            raise CohortError([Problem(self.weight, rule, "Leave sample_weight out")], "survey")
        codes = pd.to_numeric(frame[self.subcohort], errors="coerce").to_numpy(np.float64)
        if unknown := int((~np.isin(codes, (0, 1))).sum()):
            rule = "must be 0 or 1, in the subcohort or not, for everyone"
            raise CohortError([Problem(self.subcohort, rule, "Fill it in", unknown)], "survey")
        return CaseCohort(
            codes == 1,
            self._read_fraction(frame),
            self.method or BORGAN,
            self.cases or EVENT_ALONE,
        )

    def _read_fraction(self, frame: pd.DataFrame) -> FloatArray:
        if isinstance(self.fraction, str):
            return frame[self.fraction].to_numpy(np.float64)
        return np.asarray(self.fraction, np.float64)

    def _names(self, event: str) -> tuple[str, str, str]:
        fraction = self.fraction if isinstance(self.fraction, str) else "sampling_fraction"
        return self.subcohort or "subcohort", fraction, event

"""What a cohort map says of how patients were drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from features.cohort_map.entries import Occurrence
from features.cohort_map.section import Section
from features.sample.case_cohort import BORGAN, CASES, EVENT_ALONE, METHODS

SURVEY_KEYS = ("weight", "stratum", "cluster", "case_cohort")
CASE_COHORT_KEYS = ("subcohort", "fraction", "method", "cases")


@dataclass(frozen=True)
class CaseCohortMap:
    """A subcohort that was drawn whatever became of its patients, and all cases.

    ``subcohort``: where it is said who is in it and who is not; ``fraction``: of the cohort that
    was drawn, or the column of those of its strata; ``method``, ``cases``: as
    `features.sample.case_cohort` has them.
    """

    subcohort: Occurrence
    fraction: float | str
    method: str = BORGAN
    cases: str = EVENT_ALONE

    @classmethod
    def read(cls, where: str, content: Any) -> CaseCohortMap:
        """Read ``{subcohort: SUB, fraction: 0.1, method: barlow, cases: both}``."""
        part = Section(where, content, CASE_COHORT_KEYS)
        subcohorts = part.each("subcohort", Occurrence.read)
        if len(subcohorts) != 1:
            part.fail("'subcohort' must name one column")
        if subcohorts[0].time:
            part.fail("'subcohort' has no 'time': it was drawn before anything happened")
        fraction, number = part.required("fraction"), _as_number(part.text("fraction"))
        if number is not None and not 0 < number <= 1:
            part.fail("'fraction' must be above 0 and at most 1")
        method, cases = part.text("method", BORGAN), part.text("cases", EVENT_ALONE)
        for key, value, known in (("method", method, METHODS), ("cases", cases, CASES)):
            if value not in known:
                part.fail(f"'{key}' must be one of {', '.join(known)}")
        return cls(subcohorts[0], fraction if number is None else number, method, cases)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column."""
        fraction = (self.fraction,) if isinstance(self.fraction, str) else ()
        return (self.subcohort.column, *fraction)


@dataclass(frozen=True)
class SurveyMap:
    """Columns with the number of people a row stands for, and with its stratum and cluster."""

    weight: str | None = None
    stratum: str | None = None
    cluster: str | None = None
    case_cohort: CaseCohortMap | None = None

    @classmethod
    def read(cls, where: str, content: Any) -> SurveyMap:
        """Read ``{weight: WTMEC2YR, stratum: SDMVSTRA, cluster: SDMVPSU}``; any one will do."""
        part = Section(where, content, SURVEY_KEYS)
        of_columns = SURVEY_KEYS[:-1]
        given = {key: part.required(key) for key in of_columns if key in part}
        designs = part.each("case_cohort", CaseCohortMap.read)
        if not given and not designs:
            part.fail(f"needs one or more of {', '.join(SURVEY_KEYS)}")
        if len(designs) > 1:
            part.fail("a sample has one 'case_cohort'")
        if designs and "weight" in given:
            part.fail("weights follow from 'case_cohort': leave 'weight' out")
        return cls(**given, case_cohort=next(iter(designs), None))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column, each once."""
        drawn = self.case_cohort.columns if self.case_cohort else ()
        named = (self.weight, self.stratum, self.cluster, *drawn)
        return tuple(dict.fromkeys(column for column in named if column))

    def check(self, part: Section, horizon: float | None) -> None:
        """Raise MapError where the endpoint, known by a fixed ``horizon``, has no risk sets."""
        if horizon is not None and self.case_cohort and self.case_cohort.method != BORGAN:
            part.fail("a fixed 'horizon' has no risk sets: of a case-cohort sample take borgan")

    @property
    def outcome_columns(self) -> tuple[str, ...]:
        """Those that tell of the outcome: outside a subcohort are cases alone."""
        return self.case_cohort.columns if self.case_cohort else ()


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

"""What a cohort map says of how patients were drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from features.cohort_map.section import Section

SURVEY_KEYS = ("weight", "stratum", "cluster")


@dataclass(frozen=True)
class SurveyMap:
    """Columns with the number of people a row stands for, and with its stratum and cluster."""

    weight: str | None = None
    stratum: str | None = None
    cluster: str | None = None

    @classmethod
    def read(cls, where: str, content: Any) -> SurveyMap:
        """Read ``{weight: WTMEC2YR, stratum: SDMVSTRA, cluster: SDMVPSU}``; any one will do."""
        part = Section(where, content, SURVEY_KEYS)
        given = {key: part.required(key) for key in SURVEY_KEYS if key in part}
        if not given:
            part.fail(f"needs one or more of {', '.join(SURVEY_KEYS)}")
        return cls(**given)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column, each once."""
        named = (self.weight, self.stratum, self.cluster)
        return tuple(dict.fromkeys(column for column in named if column))

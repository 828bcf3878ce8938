"""What may be known on the index date."""

from __future__ import annotations

from dataclasses import dataclass

from features.intake.fhir.facts import UNDATED
from features.intake.fhir.store import Record

YEAR = 365.25


@dataclass(frozen=True)
class IndexRules:
    """``day``: the index date (ordinal), None for the day of each patient's last measurement.

    ``lookback_years``: measurements older than that are left out.
    """

    day: int | None
    lookback_years: float

    def knows(self, day: int) -> bool:
        """Whether something of that day may be known; without a day only where none is set."""
        return self.day is None or day <= self.day

    def had_begun(self, first: int, day: int) -> bool:
        """Whether what began on ``first`` had begun by the index date ``day`` of a patient."""
        return self.day is None if first == UNDATED else first <= day

    def has_list(self, record: Record, name: str, day: int) -> bool:
        """Whether the patient's list of this name had an entry by the index date."""
        return name in record.lists and self.had_begun(record.lists[name], day)

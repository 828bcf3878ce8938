"""What may be known on the index date."""

from __future__ import annotations

from dataclasses import dataclass

from features.intake.fhir.elements.facts import UNDATED, Fact

YEAR = 365.25


@dataclass(frozen=True)
class IndexRules:
    """``day``: the index date (ordinal), None for the day of each patient's last measurement.

    ``lookback_years``: measurements older than that are left out. ``today``: no measurement can
    have been taken after it. ``complete``: the lists of the export are whole; where a part of it is
    missing, what is not on a list may be in that part.
    """

    day: int | None
    lookback_years: float
    today: int
    complete: bool = True

    def taken_by(self, fact: Fact) -> Fact | None:
        """The measurement as it may be known, None if it may not: of a later day, or the future.

        One of this year without a day was taken by today.
        """
        last = min(fact.last, self.today) if fact.first <= self.today else fact.last
        known = last <= (self.today if self.day is None else self.day)
        return fact._replace(last=last) if known else None

    def had_begun(self, first: int, day: int) -> bool:
        """Whether what began on ``first`` had begun by the index date ``day`` of a patient."""
        return self.day is None if first == UNDATED else first <= day

    def may_have_begun(self, fact: Fact, day: int) -> bool:
        """Whether it can have begun by then: without the day of its beginning it can."""
        return fact.moment <= day

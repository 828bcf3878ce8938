"""What one resource says of a patient, and the count of what was not used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from features.intake.fhir.elements import Coding

FactKind = Literal["measure", "history", "drug"]
# Behind every day there is; before every day there is.
UNDATED = 9_999_999
OPEN = 9_999_998
ENDED = 0


class Fact(NamedTuple):
    """One thing known of a patient, from day ``first`` to day ``last`` (ordinals).

    ``measure``: ``last`` is the latest day on which it can have been taken; ``number`` in the
    canonical unit, or ``value`` of a category. ``history``: ``first`` is the latest day of its
    beginning. ``drug``: ``value`` is the substance or "yes", ``number`` the daily dose in mg where
    known; ``last`` is OPEN while it is taken, ENDED where it ended on a day not known.
    ``source``: the resource, such as ``Observation/7``.
    """

    kind: FactKind
    variable: str
    first: int
    last: int
    moment: float
    number: float | None
    value: str
    source: str


@dataclass
class Tally:
    """Codes that mean nothing to us and resources that were left out, counted; never a value."""

    unmapped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def miss(self, resource: str, codings: tuple[Coding, ...]) -> None:
        """No code of a resource is known: each of its codes counts."""
        for coding in codings or (Coding("", "", ""),):
            self.unmapped[(resource, coding.system, coding.code)] += 1

    def leave_out(self, resource: str, reason: str, detail: str = "") -> None:
        """A resource, or a part of it, is not used. ``detail``: a code, never a value."""
        self.left_out[(resource, reason, detail)] += 1

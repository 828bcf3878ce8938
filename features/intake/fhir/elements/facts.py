"""What one resource says of a patient."""

from __future__ import annotations

from typing import Literal, NamedTuple

FactKind = Literal["measure", "history", "drug", "listed", "denial", "doubt"]
# Behind every day there is; before every day there is.
UNDATED = 9_999_999
OPEN = 9_999_998
ENDED = 0
CONDITIONS, PROCEDURES, MEDICINES = "condition", "procedure", "medication"


class Fact(NamedTuple):
    """One thing known of a patient, from day ``first`` to day ``last`` (ordinals).

    - ``measure``: ``last`` is the latest day on which it can have been taken; ``number`` in the
      canonical unit, or ``value`` of a category.
    - ``history``, ``drug``: yes. ``first`` is the latest day of its beginning, ``moment`` the
      earliest, 0 if not known; ``last`` is OPEN while it lasts, ENDED where it ended on a day not
      known. Of a drug, ``value`` is the substance or "yes", ``number`` the daily dose in mg where
      known.
    - ``denial``: no. ``doubt``: may be or may not be. ``listed``: an entry of a list.
      ``variable`` may be a whole list: CONDITIONS, PROCEDURES, MEDICINES.

    ``source``: the address of the resource, once it is read back.
    """

    kind: FactKind
    variable: str
    first: int
    last: int
    moment: float = 0.0
    number: float | None = None
    value: str = ""
    source: str = ""

"""By how much hazards are moved where a file lacks columns, so that mean risk stays what it is.

What a gap is expected to be, and what it leaves open, are normal approximations
(docs/decisions/0014). Of a single gap in a whole file they are good enough; of a column that nobody
in a file has, what they err by is everybody's error (docs/decisions/0067).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from features.array_types import FloatArray


@dataclass(frozen=True)
class Absences:
    """Sets of features that a file may lack as a whole, and what the lack of each is made up by.

    ``sets``: positions of the features, the largest set first. ``shifts``: (s, k) to be added to
    the margin of each cause.
    """

    sets: tuple[frozenset[int], ...] = ()
    shifts: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def find(self, absent: Collection[int], shape: tuple[int, int]) -> FloatArray:
        """What to add to the margins (k, p), by the absent feature that it is told of.

        Of absent features that are no set themselves, the largest sets among them count, each that
        holds a feature which no other one held.
        """
        found, covered = np.zeros(shape), set[int]()
        lacking = frozenset(map(int, absent))
        for one, shift in zip(self.sets, self.shifts, strict=True):
            new = one - covered
            if new and one <= lacking:
                found[:, sorted(new)] += shift[:, None] / len(new)
                covered |= one
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        members = [(number, place) for number, one in enumerate(self.sets) for place in sorted(one)]
        return {
            "shifts": self.shifts.tolist() or None,
            "of_set": [number for number, _ in members],
            "features": [place for _, place in members],
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read back what `to_dict` gave."""
        if not stored["shifts"]:
            return cls()
        shifts = np.array(stored["shifts"], np.float64)
        sets = [set[int]() for _ in shifts]
        for number, place in zip(stored["of_set"], stored["features"], strict=True):
            sets[number].add(place)
        return cls(tuple(map(frozenset, sets)), shifts)

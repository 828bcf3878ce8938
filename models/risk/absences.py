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

ABOVE, BASE = -1, 0


@dataclass(frozen=True)
class Absences:
    """Sets of features that a file may lack as a whole, and what the lack of each is made up by.

    ``sets``: positions of the features, the largest set first. ``shifts``: (s, k) to be added to
    the margin of each cause. ``group``: (s,) `BASE` for what a file lacks that has nothing but age
    and sex, a number from 1 on where it has one variable more, or a whole group: those of one
    number tell of the same thing; `ABOVE` for all others.
    """

    sets: tuple[frozenset[int], ...] = ()
    shifts: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    group: tuple[int, ...] = ()

    def find(self, absent: Collection[int], shape: tuple[int, int]) -> FloatArray:
        """What to add to the margins (k, p), by the absent feature that it is told of.

        Of a set that was measured, that is known. Else it is put together, from above of what the
        lack of parts of it moves, and from below of what the columns move that a file has beside
        age and sex; the former counts by the square of the share of features that are there.
        """
        lacking = frozenset(map(int, absent))
        above = self._find_above(lacking, shape)
        if not lacking or lacking in self.sets or BASE not in self.group:
            return above
        there = max(1.0 - len(lacking) / len(self.sets[0]), 0.0) ** 2
        below = np.zeros(shape)
        below[:, sorted(lacking)] = self._find_below(lacking, shape)[:, None] / len(lacking)
        return np.asarray(there * above + (1.0 - there) * below)

    def _find_above(self, lacking: frozenset[int], shape: tuple[int, int]) -> FloatArray:
        """Of the largest sets among what is lacking, each with a feature that no other one held."""
        found, covered = np.zeros(shape), set[int]()
        for one, shift in zip(self.sets, self.shifts, strict=True):
            new = one - covered
            if new and one <= lacking:
                found[:, sorted(new)] += shift[:, None] / len(new)
                covered |= one
        return found

    def _find_below(self, lacking: frozenset[int], shape: tuple[int, int]) -> FloatArray:
        """The shift (k,) of a file of age and sex, and what others move that are there.

        Those of one group together no more than the most, or the whole group: of calcium a score
        tells what its parts would tell once more.
        """
        place = self.group.index(BASE)
        base, of_base = self.sets[place], self.shifts[place]
        shift = of_base + self._find_above(lacking - base, shape).sum(axis=1)
        for number in sorted({*self.group} - {ABOVE, BASE}):
            places = [place for place, group in enumerate(self.group) if group == number]
            moved = [self.shifts[place] - of_base for place in places]
            added = [base - self.sets[place] for place in places]
            there = [by for by, new in zip(moved, added, strict=True) if new.isdisjoint(lacking)]
            # by their order the last of a group is the whole group, which lacks least
            if added[-1].isdisjoint(lacking):
                shift += moved[-1]
            elif there:
                ends = np.array([*there, moved[-1], np.zeros_like(shift)])
                shift += np.clip(np.sum(there, axis=0), ends.min(axis=0), ends.max(axis=0))
        return np.asarray(shift)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        members = [(number, place) for number, one in enumerate(self.sets) for place in sorted(one)]
        return {
            "shifts": self.shifts.tolist() or None,
            "of_set": [number for number, _ in members],
            "features": [place for _, place in members],
            "group": list(self.group),
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
        return cls(tuple(map(frozenset, sets)), shifts, tuple(stored["group"]))

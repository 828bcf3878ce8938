"""The report on a batch: what has drifted, what was looked at, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.drift.shift import FALSE_ALARMS, LIMITS, Shift

_TITLES = {
    "distribution": "Values",
    "scale": "Scale of values",
    "relation": "Values beside each other",
    "missing": "Missing values",
    "unseen": "Levels never seen",
    "rejected": "Rows that cannot be scored",
    "output": "Predictions",
    "calibration": "Calibration on matured outcomes",
}


@dataclass(frozen=True)
class DriftReport:
    """``shifts``: every comparison, adjusted; ``notes``: what could not be compared, and why."""

    model: str
    digest: str
    n_training: int
    n_patients: int
    shifts: tuple[Shift, ...]
    notes: tuple[str, ...] = ()

    @property
    def drifted(self) -> tuple[Shift, ...]:
        """The drifts, the least likely ones first; one for each variable and kind."""
        found: dict[tuple[str, str], Shift] = {}
        for shift in sorted(self.shifts, key=lambda one: (one.p_value, -one.size)):
            if shift.drifted:
                found.setdefault((shift.kind, shift.name), shift)
        return tuple(found.values())

    @property
    def small(self) -> tuple[str, ...]:
        """Names of what has shifted beyond chance, but within the limits; each once."""
        large = {(one.kind, one.name) for one in self.drifted}
        names = (
            one.name
            for one in self.shifts
            if one.beyond_chance and (one.kind, one.name) not in large
        )
        return tuple(dict.fromkeys(names))

    @property
    def exit_code(self) -> int:
        """0 without drift, 1 with."""
        return 1 if self.drifted else 0

    def verdict(self) -> str:
        """One sentence."""
        compared = (
            f"{self.n_patients:,} patients compared with the {self.n_training:,} that "
            f"{self.model} was trained on: "
        )
        n = len(self.drifted)
        if not n:
            return f"{compared}no drift in {len(self.shifts)} comparisons."
        return f"{compared}{n} drift{'' if n == 1 else 's'} in {len(self.shifts)} comparisons."

    def remarks(self) -> tuple[str, ...]:
        """The notes, and what has shifted but little."""
        if not self.small:
            return self.notes
        return (*self.notes, f"Beyond chance, but small: {', '.join(self.small)}")

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(kind, name, what has changed, size) of each drift, for a table."""
        return [(_TITLES[s.kind], s.name, s.told, measure_in_words(s)) for s in self.drifted]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: every comparison."""
        return {
            "model": self.model,
            "digest": self.digest,
            "training_patients": self.n_training,
            "patients": self.n_patients,
            "drifted": bool(self.drifted),
            "false_alarm_rate": FALSE_ALARMS,
            "limits": LIMITS,
            "notes": list(self.remarks()),
            "comparisons": [{**vars(s), "drifted": s.drifted} for s in self.shifts],
        }

    def to_markdown(self) -> str:
        """For a person: the verdict, the drifts, the notes, how to read them."""
        lines = ["# Drift", "", self.verdict(), ""]
        lines += _table(self.rows(), ("What", "Where", "Change", "Size")) if self.drifted else []
        if self.remarks():
            lines += ["## Notes", "", *(f"- {note}" for note in self.remarks()), ""]
        lines += [
            "## How to read this",
            "",
            "A drift is larger than its limit and would be seen, anywhere in the report, in at "
            f"most {FALSE_ALARMS:.0%} of batches of this size without drift. Few patients can "
            "show large drifts only: no drift is no proof that there is none.",
            "",
            f"Model digest: {self.digest}",
        ]
        return "\n".join(lines) + "\n"


def measure_in_words(shift: Shift) -> str:
    """The size of a shift beside what chance gives, by its own measure."""
    if shift.measure == "stability":
        return f"stability index {shift.size:.2f}, by chance {shift.expected:.2f}"
    if shift.measure == "gap":
        return f"largest gap {shift.size:.2f}, by chance {shift.expected:.2f}"
    if shift.measure in ("scale", "relation"):
        return f"{shift.size:.2f} standard deviations, by chance {shift.expected:.2f}"
    if shift.measure == "calibration":
        return f"off by {shift.size:.0%}"
    return f"{100 * shift.size:.1f} points"


def _table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [*("| " + " | ".join(row) + " |" for row in lines), ""]

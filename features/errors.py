"""What can go wrong because of what a person gave us, each kind with its exit code.

Programming errors are not here: they keep their traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CalciriskError(Exception):
    """A problem that the person at the keyboard can mend; its text is all that they see."""

    exit_code = 2


class ConfigError(CalciriskError):
    """params.yaml or an option is wrong."""


class MapError(CalciriskError):
    """A cohort map or the data dictionary is wrong."""


class HorizonError(CalciriskError):
    """A horizon lies outside what the model or the follow-up can answer."""


class TooFewEventsError(CalciriskError):
    """The cohort holds too few events to train on."""


class ModelError(CalciriskError):
    """A model cannot be found, read or applied to these covariates."""


class ScanError(CalciriskError):
    """A scan, a mask or a report of measurements cannot be read or measured."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a cohort: where, against which rule, how often, and what to do.

    Never holds a patient's value. ``rows`` is None where the problem is of the file or the
    column as a whole.
    """

    column: str
    rule: str
    remedy: str
    rows: int | None = None

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        count = "" if self.rows is None else f" ({self.rows} row{'' if self.rows == 1 else 's'})"
        end = "" if self.rule.endswith("?") and not count else "."
        return f"{where}{self.rule}{count}{end} {self.remedy}"


class CohortError(CalciriskError):
    """A cohort file breaks its map or the dictionary: all its problems at once."""

    def __init__(self, problems: Sequence[Problem], where: str = "cohort") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{where}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  - {problem}" for problem in self.problems)]))
        self._where = where

    def __reduce__(self) -> tuple[type[CohortError], tuple[tuple[Problem, ...], str]]:
        """Whole also where it was raised in another process."""
        return CohortError, (self.problems, self._where)

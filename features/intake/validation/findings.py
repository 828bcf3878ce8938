"""What checks find: problems of the file, warnings, and rows to reject. Never a patient's value."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import Problem

REJECT_COLUMNS = ("row", "patient_id", "column", "rule")


@dataclass(frozen=True)
class Reject:
    """Rows (numbered as in the source file, the header being row 1) that break one rule."""

    column: str
    rule: str
    remedy: str
    rows: npt.NDArray[np.int64]


@dataclass
class Findings:
    """All that is found in one file.

    A **problem** concerns the file or a column as a whole: nothing can be made of the cohort.
    A **reject** concerns single rows: a patient with one impossible cell is left out whole, because
    a cell that cannot be true throws doubt on its neighbours, and setting it to missing in silence
    would hide the fault from the person who can mend it. A **warning** stops nothing.
    """

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Take over what else was found."""
        self.problems += other.problems
        self.warnings += other.warnings
        self.rejects += other.rejects

    def problem(self, column: str, rule: str, remedy: str, rows: int | None = None) -> None:
        """Note what makes the whole file unusable."""
        self.problems.append(Problem(column, rule, remedy, rows))

    def warn(self, column: str, rule: str, remedy: str, rows: int | None = None) -> None:
        """Note what a person should know."""
        self.warnings.append(Problem(column, rule, remedy, rows))

    def reject(self, column: str, rule: str, remedy: str, broken: pd.Series) -> None:
        """Note the rows where ``broken`` (boolean, indexed by row number) is true, if any."""
        rows = broken.index[broken.to_numpy(dtype=bool)].to_numpy(dtype=np.int64)
        if len(rows):
            self.rejects.append(Reject(column, rule, remedy, rows))

    @property
    def rejected_rows(self) -> npt.NDArray[np.int64]:
        """Numbers of the rows with at least one reject, sorted, each once."""
        return _each_once(self.rejects)

    def find_rejected(self, columns: Collection[str]) -> npt.NDArray[np.int64]:
        """Numbers of the rows rejected for what stands in one of these columns, likewise."""
        return _each_once([reject for reject in self.rejects if reject.column in columns])

    def rejects_table(self) -> pd.DataFrame:
        """One line per row and broken rule: ``row``, ``column``, ``rule``; sorted by row."""
        parts = [
            pd.DataFrame({"row": reject.rows, "column": reject.column, "rule": reject.rule})
            for reject in self.rejects
        ]
        if not parts:
            return pd.DataFrame({"row": [], "column": [], "rule": []}).astype(
                {"row": "int64", "column": "str", "rule": "str"}
            )
        return pd.concat(parts).sort_values(["row", "column", "rule"], ignore_index=True)

    def check_reject_fraction(self, n_rows: int, limit: float) -> None:
        """Turn the rejects into problems where more than ``limit`` of the rows would be lost."""
        rejected = len(self.rejected_rows)
        if rejected <= limit * n_rows:
            return
        self.problem(
            "",
            f"{rejected} of {n_rows} rows break a rule, more than the allowed {limit:.0%}",
            "Mend the causes below, or raise ingest.max_reject_fraction in params.yaml",
        )
        for reject in sorted(self.rejects, key=lambda one: -len(one.rows)):
            self.problem(reject.column, reject.rule, reject.remedy, len(reject.rows))


def _each_once(rejects: Sequence[Reject]) -> npt.NDArray[np.int64]:
    rows = [reject.rows for reject in rejects]
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)


def describe(problems: Sequence[Problem]) -> list[str]:
    """One line per problem."""
    return [str(problem) for problem in problems]


def no_rejects() -> pd.DataFrame:
    """A table of rejects without a row."""
    return rejects_table(np.empty(0, np.int64), "", "", "")


def rejects_table(rows: Any, patient_id: Any, column: Any, rule: Any) -> pd.DataFrame:
    """One line per row that is not scored: ``row``, ``patient_id``, ``column``, ``rule``."""
    table = pd.DataFrame({"row": np.asarray(rows, dtype=np.int64)})
    for name, values in zip(REJECT_COLUMNS[1:], (patient_id, column, rule), strict=True):
        table[name] = pd.Series(values, index=table.index, dtype="str")
    return table


def join_rejects(*tables: pd.DataFrame) -> pd.DataFrame:
    """Rejects of different origin in one table, by row."""
    return pd.concat(tables).sort_values("row", ignore_index=True)

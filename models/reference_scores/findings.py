"""Why a score has no risk for some patients, and what it took for granted in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.array_types import BoolArray

Kind = Literal["input absent", "out of range", "not for these patients", "assumed"]

COMPUTED = "computed"
COVERAGE_COLUMNS = ("score", "horizon", "finding", "variable", "rule", "patients", "share")


@dataclass(frozen=True)
class Finding:
    """A rule and the patients (mask (n,)) to whom it applies.

    All kinds but "assumed" leave these patients without a risk. ``limits``: low, high and unit, of
    a rule that is a range.
    """

    kind: Kind
    variable: str
    rule: str
    patients: BoolArray
    limits: tuple[float, float, str] | None = None

    @property
    def excludes(self) -> bool:
        """Whether these patients get no risk."""
        return self.kind != "assumed"


def computable(findings: Sequence[Finding], n_patients: int) -> BoolArray:
    """The patients (n,) whom no finding excludes."""
    kept = np.ones(n_patients, dtype=bool)
    for finding in findings:
        if finding.excludes:
            kept &= ~finding.patients
    return kept


def tabulate(
    score: str, horizon: float, findings: Sequence[Finding], n_patients: int
) -> pd.DataFrame:
    """One row for the patients with a risk, then one for each rule that applies to anyone.

    A patient may break several rules, so their shares do not add up to the rest. What was
    assumed is counted among the patients with a risk.
    """
    kept = computable(findings, n_patients)
    counts = [(COMPUTED, "", "", int(kept.sum()))]
    for finding in sorted(findings, key=lambda finding: not finding.excludes):
        counted = finding.patients if finding.excludes else finding.patients & kept
        counts.append((finding.kind, finding.variable, finding.rule, int(counted.sum())))
    rows = [
        (score, horizon, *count, count[-1] / n_patients if n_patients else np.nan)
        for count in counts
        if count[0] == COMPUTED or count[-1] > 0
    ]
    return pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))

"""Where the training values lay, kept as quantiles so that no patient's value is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

LOW_QUANTILE, HIGH_QUANTILE = 0.005, 0.995
# With fewer recorded values the outer 0.5 % would be a single patient.
MINIMUM_RECORDED = 400
# An input that most training patients lack is none that a patient must have.
_PRESENT = 0.5
_NAMED = 3


@dataclass(frozen=True)
class InputRanges:
    """``limits``: variable -> its 0.5 and 99.5 % quantiles; ``important``: inputs to be missed."""

    limits: Mapping[str, tuple[float, float]]
    important: tuple[str, ...]

    @classmethod
    def fit(cls, covariates: pd.DataFrame, important: Sequence[str] = ()) -> InputRanges:
        """Quantiles of every number with at least 400 recorded values, to 3 significant digits.

        ``important``: those to be missed where they are absent; by default every variable. Of them
        remain the ones that at least half of the patients have.
        """
        numbers = covariates.select_dtypes("number")
        limits = {}
        for name in numbers:
            recorded = numbers[name].dropna().to_numpy()
            if len(recorded) >= MINIMUM_RECORDED and len(np.unique(recorded)) > 2:
                low, high = np.quantile(recorded, [LOW_QUANTILE, HIGH_QUANTILE])
                limits[str(name)] = (_round_outwards(low, -1), _round_outwards(high, 1))
        wanted = important or [str(name) for name in covariates]
        present = covariates.notna().mean()
        return cls(limits, tuple(name for name in wanted if present.get(name, 0.0) >= _PRESENT))

    def count_missing(self, covariates: pd.DataFrame) -> npt.NDArray[np.int64]:
        """How many important inputs each patient lacks (n,)."""
        return np.asarray(self._find_missing(covariates).sum(axis=1), dtype=np.int64)

    def _find_missing(self, covariates: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which patient lacks which important input (n, important)."""
        return covariates.reindex(columns=list(self.important)).isna().to_numpy()

    def tally_missing(self) -> MissingTally:
        """A count, batch after batch, of who lacks which important input."""
        return MissingTally(self)

    def name_outside(self, covariates: pd.DataFrame, labels: Mapping[str, str]) -> pd.Series:
        """Labels of the inputs outside the training range, "; " between them, "" where none."""
        named = np.full(len(covariates), "", dtype=object)
        for name, (low, high) in self.limits.items():
            if name not in covariates:
                continue
            values = covariates[name].to_numpy()
            rows = np.flatnonzero((values < low) | (values > high))
            named[rows] = [f"{had}; {labels[name]}" if had else labels[name] for had in named[rows]]
        return pd.Series(named, index=covariates.index, dtype="str")

    def save(self, path: Path) -> None:
        """Write as JSON."""
        stored = {"limits": {k: list(v) for k, v in self.limits.items()}}
        path.write_text(json.dumps({**stored, "important": list(self.important)}, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> InputRanges:
        """Read back what `save` wrote."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        limits = {name: (low, high) for name, (low, high) in stored["limits"].items()}
        return cls(limits, tuple(stored["important"]))


@dataclass
class MissingTally:
    """Patients by which of the important inputs they lack; ``patterns`` by their bits."""

    ranges: InputRanges
    patterns: Counter[int] = field(default_factory=Counter)

    def add(self, covariates: pd.DataFrame) -> None:
        """Count the patients of one batch."""
        missing = self.ranges._find_missing(covariates)
        bits = missing @ (1 << np.arange(missing.shape[1], dtype=np.int64))
        found, counts = np.unique(bits, return_counts=True)
        self.patterns.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    def describe(self, labels: Mapping[str, str]) -> str:
        """In a sentence: what all lack, how many lack more than that, and most often what."""
        n = self.patterns.total()
        absent = [name for name, count in self._count_by_input().items() if count == n > 0]
        extra = {name: c for name, c in self._count_by_input().items() if 0 < c < n}
        told = []
        if absent:
            told.append(f"all lack {', '.join(labels[name] for name in absent)}")
        if extra:
            most = sorted(extra, key=lambda name: -extra[name])[:_NAMED]
            named = ", ".join(f"{labels[name]} ({extra[name]:,})" for name in most)
            other = "another" if absent else "an"
            more = self._count_lacking(extra)
            told.append(f"{more:,} of {n:,} lack {other} important input, most often {named}")
        return "; ".join(told) if told else "no important input is missing"

    def _count_by_input(self) -> dict[str, int]:
        return {name: self._count_lacking([name]) for name in self.ranges.important}

    def _count_lacking(self, names: Iterable[str]) -> int:
        """Patients who lack any of these."""
        wanted = sum(1 << self.ranges.important.index(name) for name in names)
        return sum(count for bits, count in self.patterns.items() if bits & wanted)


def _round_outwards(value: float, direction: int) -> float:
    """To 3 significant digits, away from the middle: down for direction -1, up for +1."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 2)
    towards = np.floor if direction < 0 else np.ceil
    return float(f"{towards(value / step) * step:.6g}")

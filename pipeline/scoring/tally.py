"""What is counted over all scored patients, batch after batch, and told at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

_BINS = 1000
# Below this, a figure would tell of single patients.
SMALLEST_DESCRIBED = 20
_SMALLEST_SHOWN = 5


@dataclass
class Tally:
    """Counts over scored patients; ``histogram``: (1000,) of the risk by the last horizon."""

    years: tuple[float, ...]
    n_scored: int = 0
    n_rejected: int = 0
    n_incomplete: int = 0
    n_outside: int = 0
    n_imputed: int = 0
    n_disagreeing: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    categories: Counter[str] = field(default_factory=Counter)
    histogram: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(_BINS, dtype=np.int64)
    )

    def add(self, scored: pd.DataFrame) -> None:
        """Count the scored patients of one batch."""
        self.n_scored += len(scored)
        self.n_incomplete += int((scored["missing_inputs"] > 0).sum())
        self.n_outside += int((scored["outside_training"] != "").sum())
        self.n_imputed += int(scored["imputed_cac"].sum())
        if "reference_disagrees" in scored:
            self.n_disagreeing += int((scored["reference_disagrees"] == 1).sum())
        for year in self.years:
            name = f"risk_{year:g}y"
            self.sums[name] = self.sums.get(name, 0.0) + float(scored[name].sum())
        for category, count in scored["risk_category"].value_counts().items():
            self.categories[str(category)] += int(count)
        last = scored[f"risk_{self.years[-1]:g}y"].to_numpy()
        bins = np.minimum((last * _BINS).astype(np.int64), _BINS - 1)
        self.histogram += np.bincount(bins, minlength=_BINS)

    @property
    def mean_risks(self) -> dict[str, float]:
        """Mean risk by each horizon, as fractions."""
        return {name: total / max(self.n_scored, 1) for name, total in self.sums.items()}

    def describe(self) -> list[str]:
        """How risk is distributed, in lines from which no single patient can be read."""
        if self.n_scored < SMALLEST_DESCRIBED:
            return []
        means = self.mean_risks.items()
        lines = [f"mean {name}: {100 * mean:.1f} %" for name, mean in means]
        reached = np.cumsum(self.histogram) / self.n_scored
        quantiles = [int(np.searchsorted(reached, share)) / 10 for share in (0.1, 0.5, 0.9)]
        last = f"risk_{self.years[-1]:g}y"
        low, middle, high = quantiles
        lines.append(
            f"{last} of 10, 50 and 90 % of them: below {low + 0.1:.1f}, "
            f"{middle + 0.1:.1f} and {high + 0.1:.1f} %"
        )
        shown = [f"{name} {count}" for name, count in self._counts().items()]
        return [*lines, f"categories: {', '.join(shown)}"]

    def _counts(self) -> dict[str, str]:
        """Patients by category; where a count is small, a second one is hidden as well."""
        counts = {name: n for name, n in self.categories.items() if n}
        small = {name for name, n in counts.items() if n < _SMALLEST_SHOWN}
        if len(small) == 1 and len(counts) > 1:
            # A single gap could be worked out from the total.
            small.add(min((n, name) for name, n in counts.items() if name not in small)[1])
        return {name: "few" if name in small else f"{n:,}" for name, n in counts.items()}

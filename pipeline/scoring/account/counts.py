"""What is counted over all rows of a job, batch after batch, and told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.disclosure import is_small
from models.input_ranges import MissingTally
from models.progression.two_scans.change import SEEN_BEFORE, VANISHED
from pipeline.scoring.batch import BatchRules
from pipeline.scoring.columns import MISSING
from pipeline.scoring.risk_rules import ScoringRules

_BINS = 1000
# Below this, a figure would tell of single patients.
SMALLEST_DESCRIBED = 20
_RULES_SHOWN = 3


@dataclass(kw_only=True)
class Account:
    """Counts over the rows of a job. ``rules``: rejects by what is wrong with them.

    ``n_vanished``: with a score of 0 after an earlier scan that showed calcium.
    """

    n_scored: int = 0
    n_vanished: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def n_rejected(self) -> int:
        """Rows that are not scored."""
        return self.rules.total()

    def add(self, scored: pa.Table) -> None:
        """Count the scored patients of one batch."""
        self.n_scored += len(scored)
        if VANISHED in scored.column_names:
            self.n_vanished += _count(scored[VANISHED])

    def add_rejects(self, rejects: pa.Table) -> None:
        """Count the rejects of one batch."""
        self.rules.update(count_values(rejects["rule"]))

    def add_missing(self, lacking: Mapping[str, int]) -> None:
        """Count what patients lack: the values of `MISSING` that are not in the table itself."""

    def describe_rejects(self) -> str:
        """What is wrong with most of the rejects, with counts; empty where there are none."""
        shown = self.rules.most_common(_RULES_SHOWN)
        named = [f"{rule} ({count:,})" for rule, count in shown]
        others = self.n_rejected - sum(count for _, count in shown)
        return ", ".join([*named, *([f"others ({others:,})"] if others else [])])

    def describe(self) -> list[str]:
        """How what was worked out is distributed, in lines that tell of no single patient."""
        return []

    def notes(self) -> list[str]:
        """What must be looked at in some of the patients, with how many they are."""
        if not self.n_vanished:
            return []
        return [f"{self.n_vanished:,} rows (column {VANISHED}): {SEEN_BEFORE}"]


@dataclass
class Tally(Account):
    """Counts over scored patients; ``histogram``: (1000,) of the risk by the last horizon.

    ``labels``: what a person calls each input; ``given``: those that the source has a column of.
    ``category_names``: in order of risk, of that by ``categories_at`` years; ``no_categories``: why
    nobody has one. ``n_compared``: with a risk by the published score, None where nobody asked for
    it. ``n_unreasoned``: without any reason, though asked for.
    """

    years: tuple[float, ...]
    missing: MissingTally
    labels: Mapping[str, str]
    category_names: tuple[str, ...] = ()
    categories_at: float = 10.0
    given: tuple[str, ...] = ()
    no_categories: str = ""
    n_outside: int = 0
    n_imputed: int = 0
    n_disagreeing: int = 0
    n_compared: int | None = None
    n_unreasoned: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    categories: Counter[str] = field(default_factory=Counter)
    histogram: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(_BINS, dtype=np.int64)
    )

    @classmethod
    def under(cls, rules: BatchRules) -> Tally:
        """Nothing counted yet of a job with these rules, which score."""
        assert isinstance(rules, ScoringRules)
        labels = {name: variable.label for name, variable in rules.scorer.dictionary.items()}
        missing, categories = rules.scorer.ranges.tally_missing(), rules.wanted.categories
        given = tuple(rules.rows.cohort_map.variables)
        at, why = categories.horizon, categories.withheld
        return cls(rules.years, missing, labels, categories.names, at, given, why)

    def add(self, scored: pa.Table) -> None:
        """Count the scored patients of one batch, what they lack (column `MISSING`) included."""
        super().add(scored)
        self.n_outside += _count(pc.not_equal(scored["outside_training"], ""))
        self.n_imputed += _count(scored["imputed_cac"])
        if "reference_disagrees" in scored.column_names:
            disagrees = scored["reference_disagrees"]
            self.n_disagreeing += _count(pc.equal(disagrees, 1))
            known = len(disagrees) - disagrees.null_count
            self.n_compared = (self.n_compared or 0) + known
        if "reason_1" in scored.column_names:
            named = pc.fill_null(pc.cast(scored["reason_1"], pa.string()), "")
            self.n_unreasoned += _count(pc.equal(named, ""))
        for year in self.years:
            name = f"risk_{year:g}y"
            self.sums[name] = self.sums.get(name, 0.0) + float(pc.sum(scored[name]).as_py() or 0)
        self.categories.update(count_values(scored["risk_category"]))
        if MISSING in scored.column_names:
            self.add_missing(count_values(scored[MISSING]))
        last = scored[f"risk_{self.years[-1]:g}y"].to_numpy()
        bins = np.minimum((last * _BINS).astype(np.int64), _BINS - 1)
        self.histogram += np.bincount(bins, minlength=_BINS)

    def add_missing(self, lacking: Mapping[str, int]) -> None:
        """Count what patients lack."""
        self.missing.add_named(lacking)

    @property
    def mean_risks(self) -> dict[str, float]:
        """Mean risk by each horizon, as fractions."""
        return {name: total / max(self.n_scored, 1) for name, total in self.sums.items()}

    def describe_missing(self) -> str:
        """Which important inputs the scored patients lack, in a sentence."""
        return self.missing.describe(self.labels)

    @property
    def empty(self) -> tuple[str, ...]:
        """Labels of important inputs whose column is there and holds nothing."""
        return tuple(self.labels[name] for name in self.missing.name_empty(self.given))

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
            f"{last}: 10 % of them below {low + 0.1:.1f} %, half below {middle + 0.1:.1f} %, "
            f"90 % below {high + 0.1:.1f} %"
        )
        order = dict.fromkeys((*self.category_names, *filter(None, self.categories)))
        shown = [f"{name} {count}" for name, count in hide_small(self.categories, order).items()]
        if not shown:
            of = f"they are of the {self.categories_at:g}-year risk"
            why = self.no_categories or f"{of}, and the last horizon is {self.years[-1]:g} years"
            return [*lines, f"no categories: {why}"]
        return [*lines, f"categories: {', '.join(shown)}"]


def hide_small(counted: Mapping[str, int], order: Iterable[str]) -> dict[str, str]:
    """Counts in words, in this order; where one is small, a second one is hidden as well."""
    counts = {name: counted[name] for name in order if counted.get(name)}
    small = {name for name, n in counts.items() if is_small(n)}
    if len(small) == 1 and len(counts) > 1:
        # A single gap could be worked out from the total.
        small.add(min((n, name) for name, n in counts.items() if name not in small)[1])
    return {name: "few" if name in small else f"{n:,}" for name, n in counts.items()}


def count_values(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each text of a column stands there."""
    counted = pc.value_counts(column.combine_chunks())
    names = counted.field("values").cast(pa.string()).to_pylist()
    return dict(zip(names, counted.field("counts").to_pylist(), strict=True))


def _count(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)

"""What is kept of the training patients to compare others with: aggregates, never a patient.

Numbers are kept as counts between deciles and as mean and spread of their logarithm, alone and
beside the variable closest to each; yes/no variables and categories as counts of levels; all with
the share missing. Counts are rounded to tens, so that none, and no difference of two, tells of
fewer than 10 patients. A level of fewer than 10 is kept by name alone, and of a variable with fewer
than 100 recorded values only the share missing.

Patients with weights of sampling count for the population that they stand for, scaled so that they
add up to their effective number (Kish): shares are the population's, their noise is the sample's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT, round_count
from features.errors import ModelError
from features.sample.survey import count_by_worth, effective_size
from models.drift.scale import Relation, Scale, fit_relations, fit_scales
from models.storage.formats import read_json, reading

PROFILE = "profile.json"

MINIMUM_RECORDED = 100
_N_BINS = 10
_PER_BIN = 50
_DIGITS = 3


@dataclass(frozen=True)
class Distribution:
    """``counts`` of the recorded values in each bin, and how many are recorded and missing.

    A number has ``edges``: bin i holds what lies above edge i - 1 and up to edge i. Anything else
    has ``levels``, one for each count, and ``rare`` ones of which the number is not told. Both
    are empty where too few values are recorded to say how they are spread.
    """

    n_recorded: int
    n_missing: int
    counts: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError where counts are below 0, or not those of bins or levels."""
        n_bins = len(self.edges) + 1 if self.edges else len(self.levels)
        if len(self.counts) != n_bins or min(self.n_recorded, self.n_missing, *self.counts, 0) < 0:
            raise ValueError("counts of other bins")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("edges that do not rise")

    @property
    def missing_share(self) -> float:
        """Share of the patients without a value."""
        return self.n_missing / max(1, self.n_missing + self.n_recorded)

    @property
    def told(self) -> tuple[int, ...]:
        """The counts that `count` gives of a batch, of those trained on.

        Of the rare levels together it is what the others leave, 1 to 9 for each.
        """
        if not self.rare:
            return self.counts
        left, n_rare = self.n_recorded - sum(self.counts), len(self.rare)
        return (*self.counts, min(max(left, n_rare), (SMALLEST_COUNT - 1) * n_rare))

    def count(
        self, column: pd.Series, weight: FloatArray | None = None
    ) -> tuple[npt.NDArray[np.int64], int]:
        """How many of these values fall into each bin or level, and how many into none.

        Rare levels are one, the last, and no new ones. With ``weight`` (n,) of sampling, how many
        they are worth; a level never seen is so for one patient at least.
        """
        recorded, worth = column.dropna(), count_by_worth(weight, column.notna().to_numpy())
        if self.edges:
            place = np.searchsorted(self.edges, recorded.to_numpy(dtype=np.float64), side="left")
            found = np.bincount(place, worth, minlength=len(self.counts))
            return np.rint(found).astype(np.int64), 0
        names = name_levels(recorded)
        kinds = [[level] for level in self.levels] + [list(self.rare)] * bool(self.rare)
        seen = np.array([worth[names.isin(kind).to_numpy()].sum() for kind in kinds])
        unseen = worth[~names.isin([*self.levels, *self.rare]).to_numpy()]
        return np.rint(seen).astype(np.int64), max(1, round(unseen.sum())) if len(unseen) else 0


@dataclass(frozen=True)
class Predicted:
    """One prediction of each patient (n,), NaN where there is none; ``unit``: "" of a share."""

    values: FloatArray
    unit: str = ""

    def mean(self, weight: FloatArray | None = None) -> float:
        """Of those predicted, by their weights (n,) of sampling; NaN where none is."""
        known = ~np.isnan(self.values)
        if not known.any():
            return float("nan")
        chosen = None if weight is None else weight[known]
        return float(np.average(self.values[known], weights=chosen))


@dataclass(frozen=True)
class Output:
    """How one prediction was spread over the patients trained on, and its mean."""

    distribution: Distribution
    mean: float
    unit: str


@dataclass(frozen=True)
class Profile:
    """``variables`` and ``outputs``, what the model predicts: by name.

    ``scales`` and ``relations``: of the numbers, by name. ``worth``: of weighted patients, how many
    drawn at random from their population would tell as much, in tens.
    """

    n_patients: int
    variables: dict[str, Distribution]
    outputs: dict[str, Output]
    scales: dict[str, Scale] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    worth: int | None = None

    @classmethod
    def fit(
        cls,
        covariates: pd.DataFrame,
        predicted: Mapping[str, Predicted],
        weight: FloatArray | None = None,
    ) -> Profile:
        """The profile of these patients.

        ``covariates``: (n, variables) canonical; ``predicted``: what the model predicts of them, by
        name; ``weight``: (n,) how many each stands for. Equal weights are none. Raises ValueError
        where the shapes differ.
        """
        if weight is not None and np.ptp(weight) == 0:
            weight = None
        for name, one in predicted.items():
            if one.values.shape != (len(covariates),):
                shapes = f"({len(covariates)},), got {one.values.shape}"
                raise ValueError(f"predictions of {name} must be {shapes}")
        scales = fit_scales(covariates, weight)
        return cls(
            len(covariates),
            {str(name): describe(column, weight) for name, column in covariates.items()},
            {
                name: Output(
                    describe(pd.Series(one.values), weight),
                    float(f"{one.mean(weight):.4g}"),
                    one.unit,
                )
                for name, one in predicted.items()
            },
            scales,
            fit_relations(covariates[list(scales)], weight),
            None if weight is None else round_count(effective_size(weight)),
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        stored = {
            "n_patients": self.n_patients,
            "variables": {name: _pack(one) for name, one in self.variables.items()},
            "outputs": {
                name: {"distribution": _pack(one.distribution), "mean": one.mean, "unit": one.unit}
                for name, one in self.outputs.items()
            },
            "scales": {name: vars(one) for name, one in self.scales.items()},
            "relations": {name: vars(one) for name, one in self.relations.items()},
            **({} if self.worth is None else {"worth": self.worth}),
        }
        path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read back what `save` wrote. Raises ModelError where it is not there or another thing."""
        if not path.is_file():
            raise ModelError(
                f"{path.parent} has no {path.name} to compare with: train the model again"
            )
        with reading(path):
            stored = read_json(path)
            found = cls(
                int(stored["n_patients"]),
                {name: _unpack(one) for name, one in stored["variables"].items()},
                {
                    name: Output(_unpack(one["distribution"]), float(one["mean"]), str(one["unit"]))
                    for name, one in stored["outputs"].items()
                },
                {name: Scale(**one) for name, one in stored["scales"].items()},
                {name: Relation(**one) for name, one in stored["relations"].items()},
                int(stored["worth"]) if "worth" in stored else None,
            )
            if min(found.n_patients, found.worth or 0) < 0:
                raise ValueError("fewer than no patients")
        return found


def describe(column: pd.Series, weight: FloatArray | None = None) -> Distribution:
    """The distribution of one column: a number (float) or levels (0/1, or text).

    ``weight``: (n,) how many each patient stands for.
    """
    recorded, worth = column.dropna(), count_by_worth(weight, column.notna().to_numpy())
    n_recorded, n_missing = map(round_count, count_recorded(column, weight))
    if worth.sum() < MINIMUM_RECORDED:
        return Distribution(n_recorded, n_missing)
    if column.dtype == np.float64 and not recorded.isin([0.0, 1.0]).all():
        values = recorded.to_numpy(dtype=np.float64)
        n_bins = int(np.clip(worth.sum() // _PER_BIN, 2, _N_BINS))
        found = _quantiles(values, np.arange(1, n_bins) / n_bins, worth)
        edges = np.unique([float(f"{edge:.{_DIGITS}g}") for edge in found])
        place = np.searchsorted(edges, values, side="left")
        counts = tuple(map(round_count, np.bincount(place, worth, minlength=len(edges) + 1)))
        return Distribution(n_recorded, n_missing, counts, tuple(map(float, edges)))
    names = name_levels(recorded)
    by_level = pd.Series(worth, names.index).groupby(names).agg(["size", "sum"])
    kept = by_level["size"] >= SMALLEST_COUNT
    return Distribution(
        n_recorded,
        n_missing,
        tuple(map(round_count, by_level["sum"][kept])),
        levels=tuple(map(str, by_level.index[kept])),
        rare=tuple(map(str, by_level.index[~kept])),
    )


def count_recorded(column: pd.Series, weight: FloatArray | None) -> tuple[float, float]:
    """How many patients, or what they are worth by their weights, have a value and have none."""
    known = column.notna().to_numpy()
    worth = count_by_worth(weight, np.ones(len(known), np.bool_))
    return float(worth[known].sum()), float(worth[~known].sum())


def _quantiles(values: FloatArray, shares: FloatArray, worth: FloatArray) -> FloatArray:
    if not np.ptp(worth):
        return np.quantile(values, shares)
    weighted = np.quantile(values, shares, weights=worth, method="inverted_cdf")
    return np.asarray(weighted, np.float64)


def name_levels(recorded: pd.Series) -> pd.Series:
    """The levels as text: numbers as short as can be, "1" for 1.0."""
    if recorded.dtype == np.float64:
        return recorded.map(lambda value: f"{value:g}").astype("str")
    return recorded.astype("str")


def _pack(one: Distribution) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if value != ()}


def _unpack(stored: dict[str, Any]) -> Distribution:
    texts = (tuple(map(str, stored.get(key, ()))) for key in ("levels", "rare"))
    return Distribution(
        int(stored["n_recorded"]),
        int(stored["n_missing"]),
        tuple(map(int, stored.get("counts", ()))),
        tuple(map(float, stored.get("edges", ()))),
        *texts,
    )

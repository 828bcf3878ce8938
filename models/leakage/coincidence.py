"""How likely two patients are to have the same values by chance, where columns go together.

A wrong answer either lets a patient count twice or stops an honest cohort: with few columns, or
many that are made from each other, two patients without calcium agree in most of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from models.leakage.inspected_cohort import ENOUGH_PATIENTS, rank

Integers = npt.NDArray[np.intp]

_BY_CHANCE = 1e-6
"""Chance of one such pair in the whole cohort below which a pair is one patient, not two."""

_COMMON = 0.1
_DETERMINED = 0.8
_FEWEST_SHARING, _FEWEST_SHARING_BOTH = 50, 5


def own_shares(values: pd.DataFrame) -> pd.Series:
    """Of each column what the columns before it leave unexplained; those determined are dropped.

    The share of the variance of its ranks, from 0.2 to 1: with LDL cholesterol computed from the
    other lipids, or the volume of calcium beside its score, a second agreement is no second proof.
    """
    rows = np.linspace(0, len(values) - 1, min(len(values), ENOUGH_PATIENTS)).astype(np.intp)
    ranks = np.array([rank(values[name].to_numpy(np.float64)[rows]) for name in values])
    between = ranks @ ranks.T if len(values.columns) else np.empty((0, 0))
    kept: list[int] = []
    shares: dict[str, float] = {}
    for place, name in enumerate(values):
        across = between[kept, place]
        explained = across @ np.linalg.lstsq(between[np.ix_(kept, kept)], across, rcond=1e-9)[0]
        # with few patients, many columns explain much by chance
        freedom = (len(rows) - 1) / max(1, len(rows) - 1 - len(kept))
        own = float(np.clip((1 - explained) * freedom, 0, 1))
        if own > 1 - _DETERMINED:
            kept.append(place)
            shares[str(name)] = own
    return pd.Series(shares, dtype=np.float64)


def is_beyond_chance(values: pd.DataFrame, rows: pd.Series, own: pd.Series) -> pd.Series:
    """(n,) whether another patient with all the same values is not to be expected.

    The number of pairs times the product of the shares of patients with each value. A value's share
    is that among all, or among those who share one of the values before, whichever is larger: who
    has no calcium has none in any vessel. Where columns go together, two patients who are near in
    one are near in the next: each share is divided by the square root of what is the column's
    ``own`` (the density of a normal difference at 0). Values that more than a tenth share count as
    nothing. Only the marked ``rows`` are looked at, False elsewhere.
    """
    shares = {name: _share_among_all(values[name], rows) for name in map(str, values)}
    beyond = rows.copy()
    beyond[rows] = _expect(len(values), shares, own) < _BY_CHANCE
    if not beyond.any():
        return beyond
    # only who seems a twin is worth the second, slower count
    coded = {name: _Coded.of(values[name], values[name][beyond]) for name in shares}
    for place, name in enumerate(shares):
        share = shares[name][beyond[rows]].to_numpy()
        for other in list(shares)[:place]:
            share = np.maximum(share, _share_given(coded[other], coded[name]))
        shares[name] = pd.Series(share, index=values.index[beyond])
    beyond[beyond] = _expect(len(values), shares, own) < _BY_CHANCE
    return beyond


def _expect(n: int, shares: Mapping[str, pd.Series], own: pd.Series) -> pd.Series:
    """Pairs of patients with all these values that are to be expected by chance."""
    expected = pd.Series(float(n) ** 2 / 2, index=next(iter(shares.values())).index)
    for name, share in shares.items():
        counting = share.where(share <= _COMMON, 1.0) / np.sqrt(own[name])
        expected *= counting.clip(upper=1.0)
    return expected


def _share_among_all(column: pd.Series, rows: pd.Series) -> pd.Series:
    """Share of the patients who have each marked patient's value; 1 where it is missing."""
    return column[rows].map(column.value_counts(normalize=True)).fillna(1.0)


@dataclass(frozen=True)
class _Coded:
    """A column as numbers 0, 1, ... of the values that ``own`` patients have, -1 for all others."""

    n_codes: int
    own: Integers
    everyone: Integers
    known: Integers

    @classmethod
    def of(cls, column: pd.Series, seeming: pd.Series) -> _Coded:
        own, distinct = pd.factorize(seeming, use_na_sentinel=False)
        everyone = pd.Index(distinct).get_indexer(pd.Index(column)).astype(np.intp)
        return cls(len(distinct), own.astype(np.intp), everyone, np.flatnonzero(everyone >= 0))


def _share_given(first: _Coded, second: _Coded) -> FloatArray:
    """Share with the second value among those with the first; 0 where too few have them to tell."""
    n_first = np.bincount(first.everyone[first.known], minlength=first.n_codes)[first.own]
    rows = first.known[second.everyone[first.known] >= 0]
    pairs = first.everyone[rows] * second.n_codes + second.everyone[rows]
    distinct, n_pairs = np.unique(pairs, return_counts=True)
    n_both = n_pairs[np.searchsorted(distinct, first.own * second.n_codes + second.own)]
    enough = (n_first >= _FEWEST_SHARING) & (n_both >= _FEWEST_SHARING_BOTH)
    return np.where(enough, n_both / np.maximum(n_first, 1), 0.0)

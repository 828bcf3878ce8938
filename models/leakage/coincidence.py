"""How likely two patients are to have the same values by chance, where columns go together.

A wrong answer either lets a patient count twice or stops an honest cohort: with few columns, or
many that are made from each other, two patients without calcium agree in most of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.leakage.subject import ENOUGH_PATIENTS, rank

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
    expected = pd.Series(float(len(values)) ** 2 / 2, index=values.index[rows])
    for place, name in enumerate(map(str, values.columns)):
        shares = values[name].value_counts(normalize=True)
        share = values[name].map(shares)[rows].fillna(1.0)
        for other in values.columns[:place]:
            given = _share_given(values[[other, name]], rows)
            share = share.where(share >= given, given)
        share = share.where(share <= _COMMON, 1.0) / np.sqrt(own[name])
        expected *= share.clip(upper=1.0)
    return (expected < _BY_CHANCE).reindex(values.index, fill_value=False)


def _share_given(pair: pd.DataFrame, rows: pd.Series) -> pd.Series:
    """Share with the second value among those with the first; 0 where too few have them to tell."""
    first, second = pair.columns
    candidates = pair[rows]
    near = pair[pair[first].isin(candidates[first].unique())]
    sharing = near.groupby(first)[second].size()
    both = near.groupby([first, second]).size()
    n_first = candidates[first].map(sharing)
    n_both = pd.Series(
        both.reindex(pd.MultiIndex.from_frame(candidates)).to_numpy(), index=candidates.index
    )
    enough = (n_first >= _FEWEST_SHARING) & (n_both >= _FEWEST_SHARING_BOTH)
    return (n_both / n_first).where(enough, 0.0)

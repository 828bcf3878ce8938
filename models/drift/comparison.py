"""Compares covariates and predictions of a batch with the profile of the training patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.sample.survey import count_by_worth
from models.drift.distance import (
    chance_of_unseen,
    measure_largest_gap,
    measure_share,
    measure_stability,
)
from models.drift.profile import Distribution, Predicted, Profile, count_recorded
from models.drift.scale import compare_relations, compare_scales
from models.drift.shift import LIMITS, Kind, Shift

_FEWEST_RECORDED = 20


def compare_covariates(
    profile: Profile, covariates: pd.DataFrame, weight: FloatArray | None = None
) -> Iterator[Shift]:
    """What is missing, what was never seen, how values are spread and scaled, by variable.

    A variable that the batch lacks counts as missing for everyone. Variables unknown to the
    profile are passed over: the model does not read them. ``weight``: (n,) how many each patient of
    the batch stands for; None where each stands for one.
    """
    for name, before in profile.variables.items():
        absent = pd.Series(np.nan, index=covariates.index)
        column = covariates.get(name, absent)
        yield _compare_missing(name, before, column, weight)
        yield from compare_distribution("distribution", name, before, column, weight)
    yield from compare_scales(profile.scales, covariates, weight)
    yield from compare_relations(profile.relations, covariates, weight)


def compare_rejects(n_rejected: int, n_rows: int) -> Iterator[Shift]:
    """Whether more rows break a rule than would be allowed of a cohort to train on."""
    from scipy.stats import binom

    allowed = LIMITS["rejected"]
    share = n_rejected / max(1, n_rows)
    p_value = float(binom.sf(n_rejected - 1, n_rows, allowed))
    said = f"{share:.1%} of the rows break a rule, such as a value that cannot be in its unit"
    yield Shift("rejected", "rows", "rejected", share, allowed, p_value, said)


def compare_outputs(
    profile: Profile, predicted: Mapping[str, Predicted], weight: FloatArray | None = None
) -> Iterator[Shift]:
    """How predictions are spread, one after the other."""
    for name, one in predicted.items():
        if name not in profile.outputs:
            continue
        before, column = profile.outputs[name], pd.Series(one.values)
        mean = one.mean(weight)
        means = f"mean {_show(before.mean, one.unit)} before, {_show(mean, one.unit)} now"
        yield from compare_distribution("output", name, before.distribution, column, weight, means)


def _show(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if unit else f"{value:.1%}"


def compare_distribution(
    kind: Kind,
    name: str,
    before: Distribution,
    column: pd.Series,
    weight: FloatArray | None = None,
    told: str = "",
) -> Iterator[Shift]:
    """Stability index, largest gap where values are ordered, and levels never seen."""
    counts = np.array(before.told, dtype=np.int64)
    n_recorded = round(count_by_worth(weight, column.notna().to_numpy()).sum())
    if not len(counts) or n_recorded < _FEWEST_RECORDED:
        return
    now, unseen = before.count(column, weight)
    if unseen:
        share = unseen / n_recorded
        chance = chance_of_unseen(before.n_recorded, n_recorded, unseen)
        said = f"{share:.1%} have a level that no training patient had"
        yield Shift("unseen", name, "unseen", share, 0.0, chance, said)
    if not now.sum() or len(counts) < 2:
        return
    said = told or _describe(before, counts, now)
    index = measure_stability(counts, now)
    yield Shift(kind, name, "stability", index.value, index.expected, index.p_value, said)
    if before.edges:
        gap = measure_largest_gap(counts, now)
        yield Shift(kind, name, "gap", gap.value, gap.expected, gap.p_value, said)


def _compare_missing(
    name: str, before: Distribution, column: pd.Series, weight: FloatArray | None
) -> Shift:
    n_recorded, n_missing = map(round, count_recorded(column, weight))
    now = (n_missing, n_recorded)
    share = measure_share((before.n_missing, before.n_recorded), now)
    said = f"{before.missing_share:.1%} before, {n_missing / sum(now):.1%} now"
    return Shift("missing", name, "missing", share.value, share.expected, share.p_value, said)


def _describe(before: Distribution, counts: np.ndarray, now: np.ndarray) -> str:
    """The bin whose share has changed most, in words."""
    shares, present = counts / counts.sum(), now / now.sum()
    place = int(np.abs(present - shares).argmax())
    if before.levels:
        where = [*before.levels, " or ".join(before.rare)][place]
    elif place == 0:
        where = f"up to {before.edges[0]:g}"
    elif place == len(before.edges):
        where = f"above {before.edges[-1]:g}"
    else:
        where = f"{before.edges[place - 1]:g} to {before.edges[place]:g}"
    return f"{where}: {shares[place]:.1%} before, {present[place]:.1%} now"

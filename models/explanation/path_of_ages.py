"""The path from a stratum to a patient where hazards are those of ages.

What an age does to a risk, it does through the hazards of the years to come: with margin f_k and
the baseline hazard B_kj that age a has in store for step j of these years, the log hazards are
f_k + ln B_kj(a). Along the straight path between the log hazards of the stratum and those of the
patient, which is as smooth as that between their margins, the risk g rises by

    sum over k of (difference of f_k) * A_k  +  sum over k, j of (difference of ln B_kj) * A_kj,
    A_kj = average of dg/d(ln hazard k in step j) along the path,  A_k = sum over j of A_kj

so that each cause has what its margin adds and what its hazards of ages add.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.risk.baseline import Baseline

_FEWEST_STEPS = 4
_LEAST = 1e-9  # hazard of a step in which nothing ever happened
_CHUNK = 8_192  # points at once: their arrays stay in the cache


def integrate_over_ages(
    baseline: Baseline, horizon: float, margins: FloatArray, centres: FloatArray, n_nodes: int
) -> FloatArray:
    """Path averages (n, s, 2k) from centres (s, 2k) to margins (n, 2k), ages behind the margins.

    Those of ages are per year between the two, so that years times average is what they add. The
    years to come are cut into half as many steps a year as there are nodes.
    """
    k = centres.shape[1] // 2
    steps, nodes, shares = cut_path(horizon, n_nodes)
    from_ages, to_centres = in_store(baseline, centres[:, k], steps), centres[:, :k]
    averages = np.empty((len(margins), *centres.shape))
    size = max(1, _CHUNK // (len(centres) * n_nodes))
    for start in range(0, len(margins), size):
        rows = slice(start, start + size)
        moved = in_store(baseline, margins[rows, k], steps)[:, None] - from_ages
        found = np.zeros(moved.shape)
        for node, share in zip(nodes, shares, strict=True):
            own = to_centres + node * (margins[rows, None, :k] - to_centres)
            found += share * _slopes(own[..., None] + from_ages + node * moved)
        averages[rows, :, :k] = found.sum(axis=-1)
        averages[rows, :, k:] = (found * moved).sum(axis=-1)
    return per_year(averages, margins, centres)


def cut_path(horizon: float, n_nodes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Years (j + 1,) that bound the steps; nodes (q,) along the path and the share of each."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    n_steps = max(_FEWEST_STEPS, int(np.ceil(horizon * n_nodes / 2)))
    return np.linspace(0.0, horizon, n_steps + 1), (nodes + 1) / 2, weights / 2


def per_year(averages: FloatArray, margins: FloatArray, centres: FloatArray) -> FloatArray:
    """Averages (n, s, 2k) whose last k, what ages add, are divided by the years between them."""
    k = centres.shape[1] // 2
    years = (margins[:, None, k] - centres[:, k])[..., None]
    added = averages[..., k:]
    averages[..., k:] = np.divide(added, years, out=np.zeros(added.shape), where=years != 0)
    return averages


def in_store(baseline: Baseline, ages: FloatArray, steps: FloatArray) -> FloatArray:
    """Log cumulative hazards (n, k, j) between ``steps`` (j + 1,) years after ages (n,)."""
    times = ages[:, None] + steps
    cumulative = baseline.at(times.ravel()).reshape(-1, *times.shape)
    rises = np.maximum(np.diff(cumulative, axis=2), _LEAST)
    return np.log(rises).transpose(1, 0, 2)


def _slopes(log_hazards: FloatArray) -> FloatArray:
    """Derivatives of the event's incidence in the log hazards (..., k, j) of each step."""
    hazards = np.exp(log_hazards)
    total = hazards.sum(axis=-2)
    passed = np.cumsum(total, axis=-1)
    after = np.exp(-passed)
    before = np.exp(total - passed)
    lost = -np.expm1(-total)
    share = hazards[..., 0, :] / total
    reached = before * share * lost
    # incidence after each step, times the probability of being event-free by then
    to_come = np.cumsum(reached[..., ::-1], axis=-1)[..., ::-1] - reached
    taken = before * share * lost / total + to_come - share * after
    slopes = -hazards * taken[..., None, :]
    slopes[..., 0, :] += hazards[..., 0, :] * before * lost / total
    return np.asarray(slopes)

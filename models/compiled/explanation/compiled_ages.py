"""`path_of_ages.integrate_over_ages` compiled by numba: the same numbers to rounding.

Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.compilation import compiled
from models.explanation.path_of_ages import cut_path, in_store, per_year
from models.risk.baseline import Baseline


def integrate_over_ages_compiled(
    baseline: Baseline, horizon: float, margins: FloatArray, centres: FloatArray, n_nodes: int
) -> FloatArray:
    """See `path_of_ages.integrate_over_ages`."""
    k = centres.shape[1] // 2
    steps, nodes, shares = cut_path(horizon, n_nodes)
    averages = np.zeros((len(margins), *centres.shape))
    of_patients, of_centres = (in_store(baseline, ages[:, k], steps) for ages in (margins, centres))
    add_up(
        np.ascontiguousarray(margins[:, :k]),
        np.ascontiguousarray(centres[:, :k]),
        np.ascontiguousarray(of_patients),
        np.ascontiguousarray(of_centres),
        nodes,
        shares,
        averages,
    )
    return per_year(averages, margins, centres)


@compiled()
def add_up(
    margins: FloatArray,
    centres: FloatArray,
    of_patients: FloatArray,
    of_centres: FloatArray,
    nodes: FloatArray,
    shares: FloatArray,
    averages: FloatArray,
) -> None:
    """Add to ``averages`` (n, s, 2k) those of margins and, behind them, what ages add.

    ``of_patients`` (n, k, j), ``of_centres`` (s, k, j): log hazards in store for their ages.
    """
    n_causes, n_steps = of_centres.shape[1], of_centres.shape[2]
    hazards = np.empty((n_causes, n_steps))
    before, lost, share = np.empty(n_steps), np.empty(n_steps), np.empty(n_steps)
    for i in range(len(margins)):
        for s in range(len(centres)):
            for q in range(len(nodes)):
                survival = 1.0
                for j in range(n_steps):
                    total = 0.0
                    for k in range(n_causes):
                        own = centres[s, k] + nodes[q] * (margins[i, k] - centres[s, k])
                        of_age = of_patients[i, k, j] - of_centres[s, k, j]
                        hazards[k, j] = np.exp(own + of_centres[s, k, j] + nodes[q] * of_age)
                        total += hazards[k, j]
                    before[j] = survival
                    lost[j] = -np.expm1(-total)
                    share[j] = hazards[0, j] / total
                    survival *= 1.0 - lost[j]
                to_come = 0.0
                for j in range(n_steps - 1, -1, -1):
                    total = hazards[0, j] / share[j]
                    lasting = before[j] * lost[j] / total
                    after = before[j] * (1.0 - lost[j])
                    taken = share[j] * lasting + to_come - share[j] * after
                    for k in range(n_causes):
                        slope = hazards[k, j] * ((lasting if k == 0 else 0.0) - taken) * shares[q]
                        of_age = of_patients[i, k, j] - of_centres[s, k, j]
                        averages[i, s, k] += slope
                        averages[i, s, n_causes + k] += slope * of_age
                    to_come += before[j] * share[j] * lost[j]

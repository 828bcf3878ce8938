"""What a case-cohort sample says of coefficients, the chance of its subcohort allowed for.

The curvature of a pseudo-likelihood takes the risk sets for known; they were drawn. Godambe's
information ``H (H + D)^-1 H`` holds what drawing adds to the variance of the score: the sum over
the subcohort of ``(1 - a) / a^2`` times the squared influence of a patient on it, who has lived
through hazards less what the risk sets lead to expect (Self SG, Prentice RL (1988) Annals of
Statistics 16:64-81; for cases known by all, Borgan O et al. (2000) Lifetime Data Analysis 6:39-58).
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.learners.partial_likelihood import RiskSets, information


def sampled_information(sets: RiskSets, covariates: FloatArray, margin: FloatArray) -> FloatArray:
    """Information (m, m) on the coefficients of (n, m); that of `information` but for own terms.

    Of risk sets with own terms the weights are those of the cohort, 1 / a for one of a subcohort
    drawn with the fraction a, and every event counts alike, as ``scale``.
    """
    found = information(sets, covariates, margin)
    if sets.own is None or sets.weight is None:
        return found
    scale = float(sets.deaths.max(initial=0.0))
    influence = _influence(sets, covariates, margin)
    by_chance = sets.weight * (sets.weight - 1.0)
    drawing = (influence * by_chance[:, None]).T @ influence
    # a likelihood that counts each event as a share of one has a score of that share squared
    spread = scale * found + drawing
    return np.asarray(found @ np.linalg.pinv(spread, hermitian=True) @ found)


def _influence(sets: RiskSets, covariates: FloatArray, margin: FloatArray) -> FloatArray:
    """(n, m), in the descending order: how the score moves with the weight of a patient at risk."""
    ordered = margin[sets.order]
    relative = np.exp(ordered - ordered.max(initial=0.0))
    hazard, terms = sets.weigh(relative), covariates[sets.order]
    total = sets.sum_of_terms(sets.sum_at_risk(hazard), relative)
    mean = sets.sum_of_terms(sets.sum_at_risk(hazard[:, None] * terms), relative, terms)
    jumps = sets.deaths / total
    lived = sets.sum_lived(sets.sum_at_times(jumps))
    moved = [sets.sum_lived(sets.sum_at_times(one)) for one in (mean.T / total * jumps)]
    return np.asarray(relative[:, None] * (lived[:, None] * terms - np.stack(moved, axis=1)))

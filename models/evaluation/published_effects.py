"""What is published of each feature's effect beside what a cohort says and what a model uses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.dictionary.prior import Priors
from models.learners.prior import KNOWS_CALCIUM
from models.risk.cause_fitting import FittedLinear

CHANCE = 1.96
COLUMNS = (
    *("feature", "variable", "published", "published_width", "cohort", "cohort_error"),
    *("used", "used_error", "per", "fixed", "contradicts"),
)


def compare_with_published(
    linear: FittedLinear,
    feature_names: tuple[str, ...],
    owners: Mapping[str, str],
    priors: Priors,
    cause: str = "event",
) -> pd.DataFrame:
    """Log hazard ratios (log odds ratios) per unit of each feature, a row a feature.

    ``published``, ``published_width``: the dictionary's, NaN where it has none. ``cohort``,
    ``cohort_error``: what the patients fitted on say of the feature alone, the other effects being
    as the model has them: one Newton step without the prior, with its standard error. ``used``,
    ``used_error``: mean and standard deviation of the posterior. ``per``: a round step of the
    feature, 1 of a yes or no, by which ratios can be compared. ``contradicts``: the cohort lies
    farther from what is published than chance and the prior's width allow (two-sided 5 %).
    """
    believed, trust, beta = linear.believed, linear.path.trust, linear.path.coefficients
    regression = believed.regression
    completion = linear.part.design.completion
    straight = slice(0, len(completion.used))
    data = regression.information(regression.terms.margin(beta))
    gaussian = believed.prior.gaussian(trust, regression.n_events)
    pull = gaussian.precision @ (beta - gaussian.mean)
    known = np.diag(data)[straight]
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = beta[straight] + pull[straight] / known
        error = 1.0 / np.sqrt(known)
    deviation = np.sqrt(np.diag(believed.covariance(trust, beta)))[straight]
    names = [feature_names[position] for position in completion.used]
    binary = ~np.isfinite(completion.bound)
    beliefs = [priors.of(name, cause, KNOWS_CALCIUM in names) for name in names]
    table = pd.DataFrame(
        {
            "feature": names,
            "variable": [owners.get(name, name) for name in names],
            "published": [np.nan if belief is None else belief.mean for belief in beliefs],
            "published_width": [np.nan if belief is None else belief.width for belief in beliefs],
            "cohort": alone / completion.scale,
            "cohort_error": error / completion.scale,
            "used": beta[straight] / completion.scale,
            "used_error": deviation / completion.scale,
            "per": np.where(binary, 1.0, [float(f"{scale:.1g}") for scale in completion.scale]),
            "fixed": [priors.is_fixed(name) for name in names],
        }
    )
    apart = (table["cohort"] - table["published"]).abs()
    allowed = CHANCE * np.hypot(table["cohort_error"], table["published_width"])
    table["contradicts"] = (apart > allowed) & table["published"].notna()
    return table[list(COLUMNS)]

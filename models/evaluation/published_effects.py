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

    Of an effect that depends on another feature ("log_cac by age"), a row says how it changes.
    ``published``, ``published_width``: the dictionary's, NaN where it has none. ``cohort``,
    ``cohort_error``: what the patients fitted on say of the feature alone, the other effects being
    as the model has them: one Newton step without the prior, with its standard error. ``used``,
    ``used_error``: mean and standard deviation of the posterior. ``per``: a round step of the
    feature, 1 of a yes or no, by which ratios can be compared. ``contradicts``: the cohort lies
    farther from what is published than chance and the prior's width allow (two-sided 5 %).
    """
    believed, trust, beta = linear.believed, linear.path.trust, linear.path.coefficients
    regression = believed.regression
    design, completion = linear.part.design, linear.part.design.completion
    products, n_straight = design.products, len(completion.used)
    n_shaped = n_straight + len(design.bends.columns)
    rows = np.r_[:n_straight, n_shaped : n_shaped + len(products.first)]
    scale = completion.scale
    scale = np.concatenate([scale, scale[products.first] * scale[products.second]])
    margin = regression.terms.margin(beta)
    known = np.diag(regression.information(margin))[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        # a term that was left out for its direction stays at 0, whatever the cohort says of it
        alone = beta[rows] + regression.gradient(margin)[rows] / known
        error = 1.0 / np.sqrt(known)
    deviation = np.sqrt(np.diag(believed.covariance(trust, beta)))[rows]
    names = [feature_names[position] for position in completion.used]
    knows_calcium = KNOWS_CALCIUM in names
    beliefs = [priors.of(name, cause, knows_calcium) for name in names]
    binary = [*~np.isfinite(completion.bound), *(False for _ in products.first)]
    pairs = [(names[a], names[b]) for a, b in zip(products.first, products.second, strict=True)]
    beliefs += [priors.change_of(*pair, cause, knows_calcium) for pair in pairs]
    owned = [owners.get(name, name) for name in (*names, *(first for first, _ in pairs))]
    names += [f"{first} by {second}" for first, second in pairs]
    table = pd.DataFrame(
        {
            "feature": names,
            "variable": owned,
            "published": [np.nan if belief is None else belief.mean for belief in beliefs],
            "published_width": [np.nan if belief is None else belief.width for belief in beliefs],
            "cohort": alone / scale,
            "cohort_error": error / scale,
            "used": beta[rows] / scale,
            "used_error": deviation / scale,
            "per": np.where(binary, 1.0, [float(f"{one:.1g}") for one in scale]),
            "fixed": [priors.is_fixed(name) for name in names],
        }
    )
    apart = (table["cohort"] - table["published"]).abs()
    allowed = CHANCE * np.hypot(table["cohort_error"], table["published_width"])
    table["contradicts"] = (apart > allowed) & table["published"].notna()
    return table[list(COLUMNS)]

"""What is published of each feature's effect beside what a cohort says and what a model uses."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.derivation.catalogue import catalogue_of, owner_of
from features.derivation.columns import RECORDED
from features.dictionary.prior import Priors
from features.dictionary.variable import Variable
from models.learners.prior import KNOWS_CALCIUM
from models.risk.cause_fitting import FittedLinear

CHANCE = 1.96
BEYOND_CHANCE = 0.05
"""How often the cohort is marked as contradicting a prior that is right."""
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
    priors = trust.of(priors)
    knows_calcium = KNOWS_CALCIUM in names
    beliefs = [priors.of(name, cause, knows_calcium) for name in names]
    binary = [*~np.isfinite(completion.bound), *(False for _ in products.first)]
    pairs = [(names[a], names[b]) for a, b in zip(products.first, products.second, strict=True)]
    beliefs += [priors.change_of(*pair, cause, knows_calcium) for pair in pairs]
    firsts = (*names, *(first for first, _ in pairs))
    owned = [owners.get(name) or owner_of(name) for name in firsts]
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


def with_an_effect(table: pd.DataFrame) -> pd.DataFrame:
    """Rows that readers are shown: a published effect, or a cohort that contradicts having none."""
    return table[(table["published"].fillna(0.0) != 0.0) | table["contradicts"]]


def label_steps(table: pd.DataFrame, dictionary: Mapping[str, Variable]) -> dict[str, str]:
    """What each feature of `compare_with_published` is called, with the step of its ratio."""
    meanings = {each.name: each.meaning for each in catalogue_of(dictionary)}
    return {
        str(row["feature"]): label_step(row, meanings.get(str(row["feature"]), ""), dictionary)
        for row in table.to_dict("records")
    }


def label_step(
    row: Mapping[Hashable, Any], meaning: str, dictionary: Mapping[str, Variable]
) -> str:
    """What a feature is called beside the ratio of one step: "Age, per 10 years"."""
    variable = dictionary.get(str(row["variable"]))
    label = str(row["feature"]) if variable is None else variable.label
    _, depends, other = str(row["feature"]).partition(" by ")
    if depends:
        return f"{label}, change of its effect by {other}, per {row['per']:g}"
    if meaning.endswith("yes or no") or (variable is not None and variable.kind == "boolean"):
        return label if meaning in ("", RECORDED, "yes or no") else f"{label} ({meaning[:-11]})"
    unit = (variable.unit if variable else None) or ""
    if meaning == RECORDED:
        return f"{label}, per {row['per']:g} {unit}".rstrip()
    if meaning.startswith("1 in "):
        return f"{label} ({meaning})"
    of = "" if unit and _close_up(meaning).startswith(_close_up(unit)) else "of "
    return f"{label}, per {row['per']:g} {of}{meaning}" if meaning else label


def _close_up(words: str) -> str:
    return words.replace(" ", "")


def describe_conflicts(
    table: pd.DataFrame, dictionary: Mapping[str, Variable], ratio: str
) -> list[str]:
    """A sentence that names each variable whose effect in the cohort contradicts the published one.

    ``table``: of `compare_with_published`; of several features of a variable the one farthest from
    what is published speaks. ``ratio``: "hazard" or "odds". Empty where nothing contradicts.
    """
    against = table[table["contradicts"]]
    if not len(against):
        return []
    allowed = np.hypot(against["cohort_error"], against["published_width"])
    distance: pd.Series = (against["cohort"] - against["published"]).abs() / allowed
    farthest_first = against.assign(distance=distance).sort_values("distance", ascending=False)
    farthest = farthest_first.drop_duplicates("variable").sort_index()
    labels = label_steps(farthest, dictionary)
    told = [_describe_conflict(row, labels, ratio) for row in farthest.to_dict("records")]
    compared = int(table["published"].notna().sum())
    return [
        f"The cohort contradicts what is published: {'; '.join(told)}. Check how these columns "
        "are coded, when they were recorded and who the patients are. By chance alone some "
        f"{BEYOND_CHANCE * compared:.1f} of the {compared} effects compared would do so."
    ]


def _describe_conflict(row: Mapping[Hashable, Any], labels: Mapping[str, str], ratio: str) -> str:
    step = row["per"]
    own, published, used = (np.exp(row[name] * step) for name in ("cohort", "published", "used"))
    reach = CHANCE * row["cohort_error"]
    low, high = (np.exp((row["cohort"] + side * reach) * step) for side in (-1, 1))
    return (
        f"{labels[str(row['feature'])]} ({ratio} ratio {own:.2f} in this cohort alone, 95 % "
        f"interval {low:.2f} to {high:.2f}; {published:.2f} published; {used:.2f} used by "
        "its linear part)"
    )

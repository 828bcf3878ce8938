"""Is the model as good in every group of patients? Groups, their figures, and gaps from all.

A gap is a finding only beyond a threshold and beyond chance: by its bootstrap standard error, at a
level shared by all gaps that are tested (Bonferroni), over all tables of a run. A C-index needs
events that were observed, for its pairs are made of them. Observed over expected needs events that
were observed or expected: few of many expected are as much of a finding as many of few. C-indices
inside groups made by age or calcium are lower by nature, for the group takes the strongest
predictors away; they are shown, and are no findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.derivation.calcium import agatston
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.disclosure import is_small, say_count, tell_count
from features.endpoint import Endpoint
from models.evaluation.comparisons.expected_events import (
    deviate_ratio,
    expect_events,
    expect_in_group,
    level_with_all,
    standard_error,
)
from models.evaluation.comparisons.findings import COMMON, name_subgroup
from models.evaluation.comparisons.paired_risks import (
    Arm,
    Figures,
    all_rows,
    difference,
    measure_arms,
    tell_figures,
)
from models.evaluation.comparisons.score_comparison import SHOWN
from models.reference_scores.reference_score import takes_statin

_AGE_BANDS = ((-np.inf, 55, "below 55"), (55, 65, "55 to 64"), (65, 75, "65 to 74"))
_CAC_GROUPS = ((0, 1, "0"), (1, 100, "1 to 99"), (100, 300, "100 to 299"))
_BY_PREDICTOR = ("age_band", "cac_group")
_TESTED = ("c_index", "observed_over_expected")
_LEVEL = 0.05
_ALONE, _AFTER_ALL_LOOKS = "beyond chance alone", "beyond chance after all looks"
_TOO_FEW, _BY_NATURE, _UNDEFINED = "too few events", "lower by nature", "undefined"

Group = tuple[str, str]
"""Subgroup and level, such as ("sex", "female")."""


@dataclass(frozen=True)
class GapLimits:
    """Below ``min_events`` a group is small; larger gaps than these are worth a sentence.

    The events are those observed for a C-index, for observed over expected the larger of those
    observed and those expected.

    ``n_tables`` of gaps share the chance of a false finding: one for each evaluation and horizon.
    """

    min_events: int
    max_c_index_gap: float
    max_calibration_gap: float
    n_tables: int = 1


def find_groups(
    covariates: pd.DataFrame, dictionary: Mapping[str, Variable] | None = None
) -> dict[Group, BoolArray]:
    """The patients (n,) of each group that holds any; missing values are in no group but CAC's.

    ``dictionary``: with the variables of one's own that the cohort has, if any.
    """
    known = dictionary or Dictionary.load()
    columns = Columns(covariates, known)
    groups: dict[Group, BoolArray] = {}
    for name in ("sex", "ethnicity"):
        if name in covariates:
            values = covariates[name]
            for level in known[name].codes:
                groups[name, level] = values.eq(level).fillna(value=False).to_numpy(dtype=bool)
    age = columns["age"]
    for low, high, level in (*_AGE_BANDS, (75, np.inf, "75 or above")):
        groups["age_band", level] = (age >= low) & (age < high)
    statin = columns.derived(takes_statin)
    groups["statin", "yes"], groups["statin", "no"] = statin == 1, statin == 0
    cac = columns.derived(agatston)
    for low, high, level in (*_CAC_GROUPS, (300, np.inf, "300 or above")):
        groups["cac_group", level] = (cac >= low) & (cac < high)
    groups["cac_group", "missing"] = np.isnan(cac)
    groups |= _common_groups(covariates, known)
    return {group: rows for group, rows in groups.items() if rows.any() and not rows.all()}


def _common_groups(
    covariates: pd.DataFrame, dictionary: Mapping[str, Variable]
) -> dict[Group, BoolArray]:
    """Every yes, every level of smoking and of categories of one's own, that enough have."""
    groups: dict[Group, BoolArray] = {}
    for name, variable in dictionary.items():
        if name not in covariates:
            continue
        if variable.kind == "boolean":
            groups[name, "yes"] = (covariates[name] == 1).to_numpy(dtype=bool)
        elif name == "smoking_status" or (variable.own and variable.kind == "category"):
            for level in variable.codes:
                groups[name, level] = covariates[name].eq(level).fillna(value=False).to_numpy(bool)
    return {group: rows for group, rows in groups.items() if rows.mean() >= COMMON}


def measure_groups(
    endpoint: Endpoint,
    risk: FloatArray,
    groups: Mapping[Group, BoolArray],
    horizon: float,
    seed: int,
    n_bootstrap: int,
    limits: GapLimits,
    dictionary: Mapping[str, Variable] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures of each group, and their gaps from all patients, of the (n,) risks.

    First: subgroup, level, metric, horizon, estimate, lower, upper, n, events, expected, small.
    Second: subgroup, level, metric, horizon, estimate, overall, gap, lower, upper (95 %, paired),
    n, events, expected, small, not_tested (why: "too few events", "lower by nature", "undefined";
    "" of those tested), chance ("beyond chance alone", "beyond chance after all looks", ""),
    finding ("" where none). ``n``, ``events`` and ``expected`` are texts, told in tens, and risks
    in steps that leave them there (`tell_figures`); a group with 1 to 9 patients or events has its
    row, and no figure that would tell how many, but is tested as any other. ``dictionary``: as of
    `find_groups`, for the labels by which findings name groups.
    """
    known = dictionary or Dictionary.load()
    arms: dict[Group, Arm] = {group: Arm(risk, rows) for group, rows in groups.items()}
    everyone: Group = ("", "")
    arms[everyone] = Arm(risk, all_rows(len(risk)))
    measured = measure_arms(endpoint, arms, horizon, seed, n_bootstrap)
    overall = measured.pop(everyone)
    each = level_with_all(endpoint, expect_events(endpoint, risk, horizon), overall, horizon)
    figures, gaps = [], []
    for (subgroup, level), counted in measured.items():
        expected = expect_in_group(endpoint, each, groups[subgroup, level], horizon)
        lead = {"subgroup": subgroup, "level": level, "horizon": float(horizon)}
        sizes = {"n": tell_count(counted.n), "events": tell_count(counted.events)}
        sizes["expected"] = tell_count(round(expected))
        own = _withhold_if_few(counted)
        for metric in SHOWN:
            figured = tell_figures(metric, (own.estimate(metric), *own.interval(metric)), own.n)
            shown = dict(zip(("estimate", "lower", "upper"), figured, strict=True))
            tail = {**sizes, "small": _count_for(metric, counted, expected) < limits.min_events}
            figures.append({**lead, "metric": metric, **shown, **tail})
        for metric in _TESTED:
            gap, lower, upper = tell_figures(metric, difference(own, overall, metric), own.n)
            estimate, of_all = (one.estimate(metric) for one in (own, overall))
            shown = {"estimate": tell_figures(metric, (estimate,), own.n)[0], "overall": of_all}
            spread = {"gap": gap, "lower": lower, "upper": upper}
            tail = {**sizes, "small": _count_for(metric, counted, expected) < limits.min_events}
            tests = _deviation(counted, overall, metric, expected)
            gaps.append({**lead, "metric": metric, **shown, **spread, **tail, **tests})
    return pd.DataFrame(figures), _judge(pd.DataFrame(gaps), limits, known)


def _count_for(metric: str, counted: Figures, expected: float) -> float:
    """The events that a metric rests on: calibration on those expected as well."""
    by_expected = metric in ("observed_over_expected", "mean_risk", "observed_risk")
    return max(counted.events, expected) if by_expected else counted.events


def _withhold_if_few(own: Figures) -> Figures:
    """Figures undefined where the observed risk times the patients would tell a small count."""
    if not (is_small(own.n) or is_small(own.events)):
        return own
    return replace(
        own, estimates=np.full_like(own.estimates, np.nan), draws=np.full_like(own.draws, np.nan)
    )


def _deviation(own: Figures, overall: Figures, metric: str, expected: float) -> dict[str, float]:
    """The gap as it is judged, and in standard errors; also where its figures are not told."""
    gap = own.estimate(metric) - overall.estimate(metric)
    if metric == "observed_over_expected":
        return {"true_gap": gap, "z": deviate_ratio(own, overall, expected)}
    error = standard_error(own.drawn(metric) - overall.drawn(metric))
    return {"true_gap": gap, "z": gap / error if error > 0 else float("nan")}


def _judge(
    gaps: pd.DataFrame, limits: GapLimits, dictionary: Mapping[str, Variable]
) -> pd.DataFrame:
    if gaps.empty:
        return gaps
    by_nature = gaps["subgroup"].isin(_BY_PREDICTOR) & (gaps["metric"] == "c_index")
    reasons = [gaps["small"], by_nature, gaps["z"].isna()]
    untested = np.select(reasons, [_TOO_FEW, _BY_NATURE, _UNDEFINED], "")
    tested = untested == ""
    n_tests = max(1, int(tested.sum())) * limits.n_tables
    beyond_chance = gaps["z"].abs() > NormalDist().inv_cdf(1 - _LEVEL / (2 * n_tests))
    c_index = gaps["metric"] == "c_index"
    too_far = (c_index & (gaps["true_gap"] < -limits.max_c_index_gap)) | (
        ~c_index & (gaps["true_gap"].abs() > limits.max_calibration_gap)
    )
    found = tested & beyond_chance & too_far
    texts = [_say(row, dictionary) if is_found else "" for row, is_found in zip(
        gaps.to_dict("records"), found, strict=True)]  # fmt: skip
    alone = ~gaps["small"] & (gaps["z"].abs() > NormalDist().inv_cdf(1 - _LEVEL / 2))
    chance = np.select([tested & beyond_chance, alone], [_AFTER_ALL_LOOKS, _ALONE], "")
    judged = gaps.drop(columns=["z", "true_gap"])
    return judged.assign(not_tested=untested, chance=chance, finding=texts)


def _say(row: Mapping[object, object], dictionary: Mapping[str, Variable]) -> str:
    name = f"{name_subgroup(str(row['subgroup']), dictionary)}: {row['level']}"
    limits = f", 95 % interval of the gap {row['lower']:+.2f} to {row['upper']:+.2f}"
    sizes = f"about {row['n']} patients, {row['events']} events"
    values = f"{row['estimate']:.2f} against {row['overall']:.2f} in all"
    if row["metric"] == "c_index":
        what = f"patients are ranked worse (C-index {values}"
    else:
        way = "too low" if float(str(row["true_gap"])) > 0 else "too high"
        what = f"risks are {way} beside those of all (observed over expected {values}"
        sizes += f" where {say_count(str(row['expected']))} were expected"
        if row["estimate"] != row["estimate"]:
            what, limits = f"risks are {way} beside those of all (", ""
    return f"{name}: at {row['horizon']:g} years {what}{limits}{', ' if limits else ''}{sizes})."

"""Joins fitted parts to margins, and margins to a link that is calibrated by construction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint
from models.contraction import contract
from models.learners.penalised_logistic import balancing_intercept
from models.learners.prior import Trust
from models.margins import CauseModel
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink, Link
from models.risk.baseline import fit_baseline
from models.risk.cause_fitting import BOOSTED, LINEAR, FittedBoosted, FittedCause, FittedLinear
from models.risk.stacking import settle_weights, stack_weights_cox, stack_weights_logistic

CHANCE = 1.96


@dataclass(frozen=True)
class Assembly:
    """The causes with their weights, the link, and what was found on the way."""

    causes: tuple[CauseModel, ...]
    link: Link
    report: dict[str, Any]


def assemble(
    causes: list[FittedCause],
    parts: tuple[str, ...],
    endpoint: Endpoint,
    n_knots: int,
    n_folds: int,
) -> Assembly:
    """Weights and baselines from out-of-fold margins; then the check of calibration."""
    if endpoint.is_fixed_horizon:
        return _assemble_fixed_horizon(causes[0], parts, endpoint, n_folds)
    models, margins = [], []
    for cause in causes:
        chosen = {name: cause.parts[name] for name in parts if name in cause.parts}
        stacked = np.zeros(len(endpoint))
        weights: dict[str, float] = {}
        if chosen:
            columns = np.stack([fitted.out_of_fold for fitted in chosen.values()], axis=1)
            found = settle_weights(stack_weights_cox(columns, cause.outcome.sets()), n_folds)
            stacked = contract("ij,j->i", columns, found)
            weights = dict(zip(chosen, found.tolist(), strict=True))
        models.append(_cause_model(cause, weights))
        margins.append(stacked)
    stacked_margins = np.stack(margins, axis=1)
    baseline = fit_baseline(endpoint, stacked_margins, n_knots)
    link = CompetingRisksLink(baseline, endpoint.time_scale)
    shift, check = check_calibration(link, stacked_margins, endpoint)
    models[0] = replace(models[0], shift=shift)
    report = {"causes": _describe(causes, models), "calibration_check": check}
    return Assembly(tuple(models), link, report)


def _assemble_fixed_horizon(
    cause: FittedCause, parts: tuple[str, ...], endpoint: Endpoint, n_folds: int
) -> Assembly:
    assert endpoint.horizon is not None
    chosen = {name: cause.parts[name] for name in parts}
    columns = np.stack([fitted.out_of_fold for fitted in chosen.values()], axis=1)
    outcome = cause.outcome
    found = stack_weights_logistic(columns, outcome.occurred, outcome.weight)[:-1]
    weights = settle_weights(found, n_folds)
    counted = np.ones(len(endpoint)) if outcome.weight is None else outcome.weight
    # as many events as occurred are expected with the weights that the model has
    margins = contract("ij,j->i", columns, weights)
    intercept = balancing_intercept(margins, outcome.occurred, counted)
    model = _cause_model(cause, dict(zip(chosen, weights.tolist(), strict=True)))
    link = FixedHorizonLink(endpoint.horizon, intercept)
    report = {"causes": _describe([cause], [model]), "calibration_check": None}
    return Assembly((model,), link, report)


def _cause_model(cause: FittedCause, weights: dict[str, float]) -> CauseModel:
    linear, boosted = cause.parts.get(LINEAR), cause.parts.get(BOOSTED)
    return CauseModel(
        cause.name,
        linear.part if isinstance(linear, FittedLinear) and LINEAR in weights else None,
        boosted.part if isinstance(boosted, FittedBoosted) and BOOSTED in weights else None,
        weights.get(LINEAR, 0.0),
        weights.get(BOOSTED, 0.0),
    )


def check_calibration(
    link: CompetingRisksLink, margins: FloatArray, endpoint: Endpoint
) -> tuple[float, dict[str, Any] | None]:
    """Compare mean predicted with observed incidence; the shift of the margin that mends it.

    At the 75th percentile of event times, rounded so that it is nobody's. Observed: the same
    formula with all margins 0, which is the Fleming-Harrington form of the Aalen-Johansen estimate.
    A ratio that d observed events could give by chance (log ratio within 1.96 / sqrt(d)) is left
    alone: mending noise would be fitting it. Weighted, d is the effective number. After delayed
    entry both are counted from each patient's entry, of those whose risk is known that far; None
    where nobody had the event among them.
    """
    event_times = endpoint.time[endpoint.event == EVENT]
    longest = float(endpoint.time.max()) if endpoint.is_delayed else link.max_horizon
    horizon = min(_round_time(float(np.quantile(event_times, 0.75))), longest)
    start = endpoint.entered if endpoint.is_delayed else None
    known = np.ones(len(endpoint), bool)
    if start is not None:
        known = np.isfinite(link.risk(np.zeros_like(margins), [horizon], start)[:, 0])
    part = endpoint.take(known).since_entry() if start is not None else endpoint
    early = (part.event == EVENT) & (part.time <= horizon)
    seen = part.effective_events(EVENT, early)
    if not seen or part.stop.max() < horizon:
        return 0.0, None
    chance = CHANCE / np.sqrt(seen)
    nothing = np.zeros_like(margins[known])
    n_knots = len(link.baseline.knots)
    crude = CompetingRisksLink(fit_baseline(part, nothing, n_knots))
    horizon = min(horizon, crude.max_horizon)
    observed = float(crude.risk(nothing[:1], [horizon])[0, 0])
    checked = _Checked(link, margins[known], None if start is None else start[known], part, horizon)
    expected = checked.mean_risk(0.0)
    shift = 0.0
    if abs(np.log(observed / expected)) > chance:
        shift = checked.mend(observed)
    check = {
        "horizon": horizon,
        "observed": observed,
        "expected": expected,
        "observed_over_expected": observed / expected,
        "shift": shift,
    }
    return shift, check


@dataclass(frozen=True)
class _Checked:
    """The patients whose mean risk by the horizon is compared with what was observed."""

    link: CompetingRisksLink
    margins: FloatArray
    start: FloatArray | None
    endpoint: Endpoint
    horizon: float

    def mean_risk(self, shift: float) -> float:
        """Mean risk with the margin of the event shifted."""
        moved = self.margins.copy()
        moved[:, 0] += shift
        risk = self.link.risk(moved, [self.horizon], self.start)[:, 0]
        if self.endpoint.survey is None:
            return float(risk.mean())
        return float(np.average(risk, weights=self.endpoint.weight))

    def mend(self, observed: float) -> float:
        """The shift at which the mean risk is the observed one."""
        from scipy.optimize import brentq

        return float(brentq(lambda shift: self.mean_risk(shift) - observed, -2.0, 2.0, xtol=1e-6))


def _round_time(years: float) -> float:
    """To a tenth of a year; below that to one digit that counts, so that it never becomes 0."""
    return round(years, 1) if years >= 0.1 else float(f"{years:.0e}")


def describe_trust(trust: Trust) -> dict[str, float]:
    """How far the prior was trusted, in plain numbers."""
    if trust.penalty is not None:
        return {"ridge_penalty": trust.penalty}
    chosen = {"first_events": trust.first_events, "sparse": trust.sparse}
    told = {name: 1.0 for name, is_so in chosen.items() if is_so}
    return {"prior_mean": trust.mean, "prior_width": trust.width, **told}


def _describe(causes: list[FittedCause], models: list[CauseModel]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for cause, model in zip(causes, models, strict=True):
        entry: dict[str, Any] = {"events": int(cause.outcome.occurred.sum())}
        linear, boosted = cause.parts.get(LINEAR), cause.parts.get(BOOSTED)
        if isinstance(linear, FittedLinear) and model.linear is not None:
            entry["linear"] = {
                "weight": model.linear_weight,
                **describe_trust(linear.path.trust),
                "terms": len(linear.part.coefficients),
                "bends": len(linear.part.design.bends.columns),
                "products": len(linear.part.design.products.first),
            }
        if isinstance(boosted, FittedBoosted) and model.boosted is not None:
            entry["boosted"] = {
                "weight": model.boosted_weight,
                "rounds": boosted.path.rounds,
                "out_of_fold_loss": boosted.path.loss,
                "settings": dict(boosted.path.settings),
            }
        described[cause.name] = entry
    return described

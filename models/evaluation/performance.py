"""Models measured side by side on the same patients, with intervals and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.disclosure import SMALLEST_COUNT
from features.endpoint import Endpoint
from models.evaluation.metric import COMPARED, DISTANCES, INTEGRATED_METRICS, METRICS
from models.evaluation.prediction import Measured, PreparedRisk, measure, measure_resamples
from models.metrics.bootstrap import distance_interval, percentile_interval, resample_counts
from models.metrics.calibration.level_and_slope import calibration_by_group
from models.metrics.follow_up import FollowUp
from models.metrics.integrated_brier import RisksOverTime, time_steps
from models.metrics.resampled.resamples import Resamples

Report = Callable[[], None]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class EvaluationResult:
    """Tidy tables; risks are fractions, horizons years, limits 95 % by bootstrap.

    ``metrics``: model, metric, horizon, estimate, lower, upper, n, events.
    ``differences``: model, reference, metric, horizon, difference, lower, upper, n, events; the
    model minus the reference, on the patients that both have a risk for.
    ``groups``: model, horizon, group, n, events, predicted, observed, lower, upper; neighbours are
    joined until each has ten events, for the sake of the persons behind them and of the figure.
    ``curves``: model, horizon, predicted, observed, lower, upper.
    """

    metrics: pd.DataFrame
    differences: pd.DataFrame
    groups: pd.DataFrame
    curves: pd.DataFrame

    def value(self, model: str, metric: str, horizon: float) -> float:
        """One estimate. Raises KeyError where it was not measured."""
        return float(self._row(model, metric, horizon)["estimate"])

    def limits(self, model: str, metric: str, horizon: float) -> tuple[float, float]:
        """Its 95 % interval, NaN without one. Raises KeyError where it was not measured."""
        row = self._row(model, metric, horizon)
        return float(row["lower"]), float(row["upper"])

    def _row(self, model: str, metric: str, horizon: float) -> pd.Series:
        table = self.metrics
        row = table[
            (table["model"] == model) & (table["metric"] == metric) & (table["horizon"] == horizon)
        ]
        if row.empty:
            raise KeyError((model, metric, horizon))
        return row.iloc[0]


@dataclass(frozen=True)
class _Sample:
    """The figures of several models on one set of patients, and on its resamples."""

    follow_up: FollowUp
    prepared: Mapping[str, Sequence[PreparedRisk]]
    estimates: Mapping[str, Measured]
    draws: Mapping[str, Sequence[Measured]]

    def column(
        self, model: str, pick: Callable[[Measured], FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """An estimate and its (n_bootstrap, ...) draws."""
        estimate = pick(self.estimates[model])
        nothing = np.empty((0, *estimate.shape))
        return estimate, np.concatenate([nothing, *map(pick, self.draws[model])])

    def counts(self, horizon: float) -> tuple[int, int]:
        """Patients, and events seen by the horizon."""
        return len(self.follow_up.time), int(self.follow_up.has_event_by(horizon).sum())


def evaluate_predictions(
    endpoint: Endpoint,
    risks: Mapping[str, npt.ArrayLike],
    horizons: Sequence[float],
    seed: int,
    n_bootstrap: int = 200,
    reference: str | None = None,
    n_groups: int = 10,
    report: Report | None = None,
    over_time: Mapping[str, FloatArray] | None = None,
) -> EvaluationResult:
    """Measure ``risks`` {model: (n, h)} by ascending ``horizons`` (years) on the same patients.

    A patient whose risk a model cannot give (NaN at any horizon) is left out of that model's
    figures; ``n`` says how many stay. Differences are taken from ``reference``, one of the models.
    ``report`` is called after each of the ``n_bootstrap`` resamples. ``over_time`` {model: (n, t)}
    are the risks by the `time_steps` up to the last horizon; of models without them the Brier score
    is not integrated. Figures of a survey are those of the population that its weights speak of,
    intervals those of its design. Of patients with delayed entry risks are given that the patient
    was event-free at entry. Raises HorizonError where a horizon lies beyond follow-up,
    ValueError where shapes differ, risks are no fractions or a model covers nobody.
    """
    given = _check_risks(endpoint, risks, horizons)
    steps = dict(over_time or {})
    if steps and set(steps) != set(given):
        raise ValueError("either all models or none have risks over time")
    if reference is not None and reference not in given:
        raise ValueError(f"reference {reference!r} is none of the models {sorted(given)}")
    covered: dict[str, BoolArray] = {
        name: np.asarray(np.isfinite(risk).all(axis=1)) for name, risk in given.items()
    }
    samples: dict[tuple[bytes, tuple[str, ...]], _Sample] = {}

    def sample_of(which: BoolArray, models: tuple[str, ...]) -> _Sample:
        key = (which.tobytes(), models)
        if key not in samples:
            chosen = {name: given[name] for name in models}
            samples[key] = _sample(
                endpoint, chosen, steps, which, horizons, seed, n_bootstrap, report
            )
        return samples[key]

    def alike(which: BoolArray) -> tuple[str, ...]:
        return tuple(name for name, mask in covered.items() if (mask == which).all())

    own = {name: sample_of(mask, alike(mask)) for name, mask in covered.items()}
    tables: list[list[pd.DataFrame]] = [[], [], [], []]
    for name, sample in own.items():
        tables[0].append(_metric_rows(sample, name, horizons))
        tables[2].append(_group_rows(sample, name, n_groups))
        tables[3].append(_curve_rows(sample, name))
        if reference is not None and name != reference:
            both = covered[name] & covered[reference]
            shared = sample if reference in sample.estimates else None
            joint = shared or sample_of(both, (name, reference))
            tables[1].append(_difference_rows(joint, name, reference, horizons))
    return EvaluationResult(*(_stack(parts) for parts in tables))


def _check_risks(
    endpoint: Endpoint, risks: Mapping[str, npt.ArrayLike], horizons: Sequence[float]
) -> dict[str, FloatArray]:
    shape = (len(endpoint), len(horizons))
    given = {name: np.asarray(risk, dtype=np.float64) for name, risk in risks.items()}
    for name, risk in given.items():
        if risk.shape != shape:
            raise ValueError(f"risks of {name} must be {shape}, got {risk.shape}")
        if not np.isfinite(risk).all(axis=1).any():
            raise ValueError(f"{name} gives nobody a risk")
        if ((risk < -_ROUNDING) | (risk > 1 + _ROUNDING)).any():
            raise ValueError(f"risks of {name} must be fractions between 0 and 1, not percentages")
    if list(horizons) != sorted(set(horizons)):
        raise ValueError("horizons must ascend")
    return given


def _sample(
    endpoint: Endpoint,
    risks: Mapping[str, FloatArray],
    over_time: Mapping[str, FloatArray],
    which: BoolArray,
    horizons: Sequence[float],
    seed: int,
    n_bootstrap: int,
    report: Report | None,
) -> _Sample:
    follow_up = FollowUp.of(endpoint.take(which))
    prepared = {
        name: [PreparedRisk.of(follow_up, risk[which, k], h) for k, h in enumerate(horizons)]
        for name, risk in risks.items()
    }
    times = time_steps(horizons[-1])
    steps = {
        name: RisksOverTime.of(follow_up, over_time[name][which], times)
        for name in risks
        if name in over_time
    }
    estimates = {name: measure(parts, steps.get(name)) for name, parts in prepared.items()}
    draws: dict[str, list[Measured]] = {name: [] for name in prepared}
    resamples = resample_counts(endpoint.take(which), n_bootstrap, seed)
    for some in Resamples.deal(resamples):
        at_once = Resamples.of(follow_up, some)
        for name, parts in prepared.items():
            draws[name].append(measure_resamples(at_once, parts, steps.get(name)))
        for _ in some:
            if report is not None:
                report()
    return _Sample(follow_up, prepared, estimates, draws)


def _metric_rows(sample: _Sample, model: str, horizons: Sequence[float]) -> pd.DataFrame:
    return _long(sample, *_all_figures(sample, model, horizons), {"model": model}, "estimate")


def _difference_rows(
    sample: _Sample, model: str, reference: str, horizons: Sequence[float]
) -> pd.DataFrame:
    names, estimate, draws = _all_figures(sample, model, horizons)
    _, other, other_draws = _all_figures(sample, reference, horizons)
    lead = {"model": model, "reference": reference}
    table = _long(sample, names, estimate - other, draws - other_draws, lead, "difference")
    return table[table["metric"].isin(COMPARED)]


def _all_figures(
    sample: _Sample, model: str, horizons: Sequence[float]
) -> tuple[list[tuple[str, float]], FloatArray, FloatArray]:
    """(metric, horizon) of each figure, the estimates (f,) and the draws (n_bootstrap, f)."""
    names = [(metric.name, horizon) for horizon in horizons for metric in METRICS]
    names += [(metric.name, horizons[-1]) for metric in INTEGRATED_METRICS]
    estimate, draws = sample.column(model, _join_figures)
    measured = np.ones(len(names), dtype=bool)
    measured[-len(INTEGRATED_METRICS) :] = bool(np.isfinite(estimate[-len(INTEGRATED_METRICS)]))
    kept = [name for name, keep in zip(names, measured, strict=True) if keep]
    return kept, estimate[measured], draws[:, measured]


def _join_figures(figures: Measured) -> FloatArray:
    """(..., f) those at horizons, one horizon after another, then the integrated ones."""
    flat = figures.at_horizons.reshape(*figures.integrated.shape[:-1], -1)
    return np.concatenate([flat, figures.integrated], axis=-1)


def _long(
    sample: _Sample,
    names: list[tuple[str, float]],
    estimate: FloatArray,
    draws: FloatArray,
    lead: Mapping[str, str],
    what: str,
) -> pd.DataFrame:
    lower, upper = _limits(names, estimate, draws)
    sizes = [sample.counts(horizon) for _, horizon in names]
    return pd.DataFrame(
        {
            **lead,
            "metric": [metric for metric, _ in names],
            "horizon": [float(horizon) for _, horizon in names],
            what: estimate,
            "lower": lower,
            "upper": upper,
            "n": [n for n, _ in sizes],
            "events": [events for _, events in sizes],
        }
    )


def _limits(
    names: list[tuple[str, float]], estimate: FloatArray, draws: FloatArray
) -> tuple[FloatArray, FloatArray]:
    is_distance = np.array([metric in DISTANCES for metric, _ in names])
    pairs = zip(percentile_interval(draws), distance_interval(estimate, draws), strict=True)
    lower, upper = (np.where(is_distance, reach, limit) for limit, reach in pairs)
    return lower, upper


def _group_rows(sample: _Sample, model: str, n_groups: int) -> pd.DataFrame:
    parts = []
    for one in sample.prepared[model]:
        table = calibration_by_group(
            sample.follow_up, one.risk, one.horizon, n_groups, SMALLEST_COUNT
        )
        table.insert(0, "horizon", float(one.horizon))
        table.insert(0, "model", model)
        parts.append(table)
    return _stack(parts)


def _curve_rows(sample: _Sample, model: str) -> pd.DataFrame:
    estimate, draws = sample.column(model, lambda figures: figures.curves)
    lower, upper = percentile_interval(draws)
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "horizon": float(one.horizon),
                "predicted": one.curve_points,
                "observed": estimate[k],
                "lower": lower[k],
                "upper": upper[k],
            }
        )
        for k, one in enumerate(sample.prepared[model])
    ]
    return _stack(parts)


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

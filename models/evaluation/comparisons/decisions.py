"""Decision curves and reclassification of several risks, with paired bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.disclosure import is_small, round_count
from features.endpoint import Endpoint
from models.evaluation.comparisons.paired_risks import interval_of
from models.metrics.bootstrap import percentile_interval, resample_counts
from models.metrics.decisions.net_benefit import Decisions, treat_all
from models.metrics.decisions.reclassification import CAVEATS, Movement
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples

TREAT_ALL, TREAT_NONE = "treat all", "treat none"


def decision_curve(
    endpoint: Endpoint,
    risks: Mapping[str, FloatArray],
    horizon: float,
    thresholds: Sequence[float],
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Net benefit per patient by threshold of each risk (n,), of treating all and none.

    Columns: horizon, model, threshold, net_benefit, lower, upper (95 %), n, events (in tens). NaN
    where 1 to 9 patients lie above a threshold, or not above it: net benefit would tell of them.
    """
    follow_up = FollowUp.of(endpoint)

    decisions = [Decisions.of(risk, thresholds) for risk in risks.values()]

    def measure(resamples: Resamples) -> FloatArray:
        curves = [one.benefit(resamples, horizon) for one in decisions]
        return np.stack([*curves, treat_all(resamples, horizon, thresholds)], axis=1)

    estimate, draws = _draw(measure, follow_up, resample_counts(endpoint, n_bootstrap, seed))
    lower, upper = percentile_interval(draws)
    hidden = np.array([_tells_of_few(risk, thresholds) for risk in risks.values()])
    for table in (estimate, lower, upper):
        table[:-1][hidden] = np.nan
    none = np.zeros((1, len(thresholds)))
    figures = [np.concatenate([table, none]) for table in (estimate, lower, upper)]
    names = [*risks, TREAT_ALL, TREAT_NONE]
    return pd.DataFrame(
        {
            "horizon": float(horizon),
            "model": np.repeat(names, len(thresholds)),
            "threshold": np.tile(np.asarray(thresholds, dtype=np.float64), len(names)),
            "net_benefit": figures[0].ravel(),
            "lower": figures[1].ravel(),
            "upper": figures[2].ravel(),
            "n": round_count(len(endpoint)),
            "events": round_count(int(follow_up.has_event_by(horizon).sum())),
        }
    )


def _draw(
    measure: Callable[[Resamples], FloatArray], follow_up: FollowUp, counts: Iterable[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """What is measured (b, ...) of the patients themselves, and of each of their resamples."""
    (estimate,) = measure(Resamples.alone(follow_up))
    draws = [measure(Resamples.of(follow_up, some)) for some in Resamples.deal(counts)]
    return estimate, np.concatenate([np.empty((0, *estimate.shape)), *draws])


def _tells_of_few(risk: FloatArray, thresholds: Sequence[float]) -> BoolArray:
    above = [int((risk > threshold).sum()) for threshold in thresholds]
    return np.array([is_small(n) or is_small(len(risk) - n) for n in above], dtype=np.bool_)


def reclassify(
    endpoint: Endpoint,
    risk: FloatArray,
    reference: FloatArray,
    horizon: float,
    categories: Sequence[float],
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """How the risks (n,) move patients against the reference (n,), where both are known.

    Columns: horizon, metric, estimate, lower, upper (95 %), n, events (in tens), caveat.
    """
    both = np.isfinite(risk) & np.isfinite(reference)
    follow_up = FollowUp.of(endpoint.take(both))
    new, old = risk[both], reference[both]

    moved = Movement.of(new, old, categories)
    estimate, drawn = _draw(
        lambda resamples: moved.measure(resamples, horizon),
        follow_up,
        resample_counts(endpoint.take(both), n_bootstrap, seed),
    )
    rows = []
    for position, (metric, caveat) in enumerate(CAVEATS.items()):
        lower, upper = interval_of(drawn[:, position])
        rows.append([float(horizon), metric, estimate[position], lower, upper, caveat])
    table = pd.DataFrame(
        rows, columns=["horizon", "metric", "estimate", "lower", "upper", "caveat"]
    )
    table.insert(5, "n", round_count(len(new)))
    table.insert(6, "events", round_count(int(follow_up.has_event_by(horizon).sum())))
    return table
